// DnsChannel: questions to DNS servers and their answers: c-ares on our event loop and timer wheel.
//
// c-ares does ids and ports, retries, the next server, TCP after a truncated answer. It is told of a socket's events by edges, but reads
// one piece per call: so it is called until the socket has nothing more. Between bursts of questions it closes its sockets: the next
// question leaves from another port.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/event/event_loop.h>
#include <sluice/net/resolver.h>

#include "net/dns_records.h"

struct ares_channeldata;

namespace sluice {

// A question on its way. REQUIRES: it lives until it was answered, or its channel was destroyed, which answers with `failed`.
class DnsQuestion {
 public:
  // `records` has what was found; `error` is nginx's number and text of why it failed ("110: Operation timed out").
  virtual void on_answer(DnsOutcome outcome, DnsRecords records, std::string_view error) = 0;

 protected:
  ~DnsQuestion() = default;
};

class DnsChannel final : private Timer {
 public:
  // Errors: io, when the system's configuration can't be read or a server is no address.
  static Result<std::unique_ptr<DnsChannel>> open(EventLoop& loop, const ResolverOptions& options);
  ~DnsChannel() override;

  // ask sends the question; on_answer may be called before it returns.
  void ask(const std::string& name, DnsType type, DnsQuestion& question);
  // The names to ask for, in order.
  std::vector<std::string> candidates(std::string_view name) const { return search_candidates(name, domains_, ndots_); }
  // hosts looks into the system's hosts file: every address of the name in it.
  std::vector<Address> hosts(const std::string& name) const;

 private:
  class Socket;
  struct Asked;

  explicit DnsChannel(EventLoop& loop);
  Result<void> start(const ResolverOptions& options);
  static void on_socket_state(void* channel, int fd, int readable, int writable);
  static void on_response(void* asked, int status, int timeouts, unsigned char* response, int length);
  void on_socket(int fd, unsigned events);
  void read_all(int fd);
  void on_timer() override;
  void arm_for_next_retry();

  EventLoop& loop_;
  ares_channeldata* channel_ = nullptr;
  ares_channeldata* hosts_ = nullptr;   // knows the hosts file only: answers at once
  std::map<int, std::unique_ptr<Socket>> sockets_;
  std::vector<std::unique_ptr<Socket>> closed_sockets_;  // until nothing of theirs runs any more
  std::vector<std::string> domains_;
  int ndots_ = 1;
  bool look_again_ = false;             // a socket has more to read or to write than its event said
};

}  // namespace sluice
