// ClientConnection: one connection from a client. It owns the byte stream and turns bytes into exchanges, one after the other.
//
// While idle it is this object alone: no buffer, no arena, no coroutine. As a tunnel it has a ClientTunnel, and mostly no more. When bytes arrive it gets an Active (arena, input buffer,
// exchange, flow) from a free list and serves until nothing is left to read.
//
//        accept -> idle --bytes--> serving --nothing left--> idle --timer--> closed
//                                     |--Connection: close--> [lingering] -> closed
//                                     |--101--> tunnel --both sides done--> log phase -> closed
//                                     '--client gone while watched--> log phase -> closed
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sluice/base/clock.h>
#include <sluice/event/event_loop.h>
#include <sluice/net/proxy_header.h>
#include <sluice/net/stream.h>
#include <sluice/os/address.h>

#include "http/head_scanner.h"
#include "server/active_listener.h"
#include "server/client_tunnel.h"
#include "server/exchange_runtime.h"
#include "server/server_metrics.h"
#include "http/byte_buffer.h"

namespace sluice {

class ClientConnection final : private StreamObserver {
 public:
  // Told when the connection ends; destroys it.
  class Owner {
   public:
    virtual void connection_ended(ClientConnection& connection) = 0;
    virtual ServerMetrics& metrics() = 0;
    virtual bool draining() const = 0;

   protected:
    ~Owner() = default;
  };

  ClientConnection(Owner& owner, EventLoop& loop, int fd, const Address& client, std::shared_ptr<ActiveListener> listener,
                   uint64_t number);
  ~ClientConnection();

  static void* operator new(size_t bytes) { return frame_allocate(bytes); }
  static void operator delete(void* memory, size_t bytes) { frame_free(memory, bytes); }

  Stream& stream() { return stream_; }
  const Address& client_address() const { return client_; }
  // client_host is the client's address as text, as Address::host_text: made once, it is in nearly every log line.
  std::string_view client_host() {
    if (client_host_.empty()) client_host_ = client_.host_text();
    return client_host_;
  }
  const Address& server_address();
  // proxy_header is what a `listen ... proxy_protocol` got in front of the first request; null elsewhere.
  const ProxyHeader* proxy_header() const { return proxy_header_.get(); }
  uint64_t number() const { return number_; }
  uint64_t requests() const { return requests_; }
  // age_ms is the time since it was accepted; it starts again after 49 days.
  uint32_t age_ms() const { return static_cast<uint32_t>(Clock::of_thread().now()) - accepted_ms_; }
  bool idle() const { return active_ == nullptr && tunnel_ == nullptr; }
  bool is_last_request() const;
  void count_limit(ServerMetrics::Limit limit) { owner_.metrics().limit_hit(limit); }
  // plan_tunnel makes the connection a tunnel once its exchange has returned from the phases.
  void plan_tunnel(std::unique_ptr<TunnelPeer> peer, Milliseconds idle_timeout);
  void tunnel_ended() { end(); }
  // close_now cancels what runs (its log phase still happens) and closes the socket.
  void close_now();
  // begin starts its life. `at_once`: the first request has probably come already, so that the socket is asked before it is registered;
  // may end the connection.
  void begin(bool at_once);
  // drain: the process goes. What the client has sent is answered; an idle connection ends, one that has never asked has a moment.
  void drain();

  // Links of the owner's list.
  ClientConnection* previous = nullptr;
  ClientConnection* next = nullptr;

 private:
  struct Active;
  enum class After : uint8_t { idle, close, linger, tunnel };
  enum class Rest : uint8_t { none, unread };
  // What serving waits for.
  enum class Wait : uint8_t { nothing, preface, head, exchange, background, body, linger };

  void on_readable(Stream& stream) override;
  void on_closed(Stream& stream) override;
  void on_deadline(Stream& stream) override;

  void serve();
  // These three go on until something has to wait, and say what; then serve_waiting takes over. A request that never waits is
  // served without a coroutine.
  Wait serve_request();
  Wait serve_head();
  Wait serve_further();
  Task<void> serve_waiting(Wait wait);
  // read_preface reads the PROXY protocol header; false when the connection has to end.
  Task<bool> read_preface();
  bool refuse_preface(std::string_view reason);
  // read_head reads a head into active_, or what is to happen without one into after_. False: the rest has to come first.
  bool read_head();
  bool take_whole_head(std::string_view block, size_t& used);
  Task<void> read_more_head();
  void take_head(const HeadScan& scan, std::string_view block);
  HeadScanner::Limits scan_limits() const;
  HeadResult parse_head(std::string_view text);
  void begin_exchange();
  bool answer_refusal();
  Wait end_exchange();
  Wait after_background();
  void leave_exchange(Rest of_body);
  bool goes_on() const;
  Task<void> linger();
  static void served(void* self);
  void client_left();
  void become_idle();
  void become_tunnel();
  void log_tunnel();
  void end();

  Stream stream_;
  Owner& owner_;
  std::shared_ptr<ActiveListener> listener_;
  std::string client_host_;
  std::unique_ptr<Active> active_;
  std::unique_ptr<ClientTunnel> tunnel_;          // after active_: its peer needs the generation, which the exchange keeps while awake
  Address client_;
  std::unique_ptr<Address> server_;
  std::unique_ptr<ProxyHeader> proxy_header_;
  uint64_t number_;
  uint32_t requests_ = 0;
  uint32_t accepted_ms_ = static_cast<uint32_t>(Clock::of_thread().now());
  Milliseconds keepalive_timeout_{0};
  After after_ = After::idle;
  bool preface_is_due_;
};

}  // namespace sluice
