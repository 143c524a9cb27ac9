// bench_rate PORT PATH --rate R --connections C --seconds S [--warm W] [--header "NAME: VALUE"]... [--body BYTES]
//            [--schedule constant|poisson]
//
// An open-loop HTTP/1.1 generator: R requests per second are due at instants that don't depend on the answers. A request
// is sent when it is due if one of the C connections is free, else as soon as one becomes free; its latency runs from the
// instant it was due, so a stall of the server counts for every request that it delayed (no coordinated omission).
//
// After W seconds of warming up (0) it measures the requests that are due in the next S seconds, then waits for what
// is under way, but no longer than kGraceNs. Prints one line of JSON:
//   requests  answered with 2xx or 3xx (and, with --body, a body of BYTES bytes)
//   errors    answered otherwise, or not at all
//   unsent    due, but no connection was free for them before the end
//   rate      requests answered per second of the S seconds
//   p50_us, p90_us, p99_us, p999_us, max_us
//             latencies of all of these; what has no answer counts with the time that it has waited
// A connection that the server closes is opened again by the next request that it serves. Exits 1 if nothing was answered.
#include <errno.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ending.h"
#include "head.h"
#include "histogram.h"
#include "options.h"
#include "response_reader.h"
#include "schedule.h"
#include "tool.h"

namespace sluice::bench {

namespace {

constexpr uint64_t kGraceNs = 2'000'000'000;
constexpr uint32_t kFastest = 10'000'000;

char scratch[kScratchBytes];

struct Window {
  uint64_t begin_ns;
  uint64_t end_ns;

  bool contains(uint64_t instant_ns) const { return begin_ns <= instant_ns && instant_ns < end_ns; }
};

// What came of the requests that were due in WINDOW.
class Outcome {
 public:
  explicit Outcome(Window window) : window_(window) {}

  void answered(uint64_t due_ns, uint64_t now) {
    if (window_.contains(now)) ++answered_in_window_;
    if (record(due_ns, now)) ++requests_;
  }

  void failed(uint64_t due_ns, uint64_t now) {
    if (record(due_ns, now)) ++errors_;
  }

  void never_sent(uint64_t due_ns, uint64_t now) {
    if (record(due_ns, now)) ++unsent_;
  }

  uint64_t requests() const { return requests_; }
  void print() const;

 private:
  bool record(uint64_t due_ns, uint64_t now) {
    if (!window_.contains(due_ns)) return false;
    latencies_.record(now - due_ns);
    return true;
  }

  Window window_;
  Histogram latencies_;
  uint64_t answered_in_window_ = 0;
  uint64_t requests_ = 0;
  uint64_t errors_ = 0;
  uint64_t unsent_ = 0;
};

void Outcome::print() const {
  const double seconds = double(window_.end_ns - window_.begin_ns) / 1e9;
  const auto us = [&](double q) { return double(latencies_.quantile_ns(q)) / 1e3; };
  std::printf("{\"requests\":%ju,\"errors\":%ju,\"rate\":%.1f,\"unsent\":%ju,", uintmax_t(requests_), uintmax_t(errors_),
              double(answered_in_window_) / seconds, uintmax_t(unsent_));
  std::printf("\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f}\n", us(0.5), us(0.9),
              us(0.99), us(0.999), double(latencies_.max_ns()) / 1e3);
}

class Client;

// What all connections share.
struct Load {
  uint16_t port;
  std::string request;
  bool closes;  // the request says so
  std::optional<uint64_t> body_bytes;
  Outcome outcome;
  std::deque<Client*> free = {};  // the one that has been free for longest comes first
};

class Client final : public Watcher {
 public:
  Client(Poller& poller, Load& load) : poller_(poller), load_(load) {
    open();
    load.free.push_back(this);
  }

  // assign: the request that was due at DUE_NS. REQUIRES: the client is free, and no longer in Load::free.
  void assign(uint64_t due_ns) {
    due_ns_ = due_ns;
    busy_ = true;
    reader_.begin();
    if (fd_ < 0) open();
    unsent_ = load_.request;
    if (fd_ < 0 || !flush()) fail();
  }

  // give_up: there is no more time for the request that is under way, if one is.
  void give_up(uint64_t now) {
    if (busy_) load_.outcome.failed(due_ns_, now);
  }

  bool busy() const { return busy_; }

  void on_event(uint32_t events) override {
    if (fd_ < 0) return;
    if ((events & EPOLLOUT) != 0 && !unsent_.empty() && !flush()) return fail();
    if ((events & ~uint32_t(EPOLLOUT)) != 0) read_all((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  }

 private:
  void open() {
    fd_ = try_connect(load_.port);
    if (fd_ >= 0) poller_.watch(fd_, *this);
  }

  // flush: sends what the socket takes. False when the connection is gone.
  bool flush() {
    const ssize_t sent = send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    unsent_.remove_prefix(size_t(sent));
    return true;
  }

  void read_all(bool to_the_end) {
    while (fd_ >= 0) {
      const ssize_t got = recv(fd_, scratch, sizeof scratch, 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return on_close(got == 0);
      take(std::string_view(scratch, size_t(got)));
      if (size_t(got) < sizeof scratch && !to_the_end) return;
    }
  }

  void take(std::string_view bytes) {
    while (busy_ && !bytes.empty() && !reader_.done() && !reader_.broken()) reader_.take(bytes);
    if (!busy_ || reader_.broken() || (reader_.done() && !bytes.empty())) return fail();
    if (reader_.done()) finish();
  }

  void on_close(bool orderly) {
    if (busy_ && orderly && reader_.end()) return finish();
    fail();
  }

  void finish() {
    const uint64_t now = now_ns();
    if (is_expected())
      load_.outcome.answered(due_ns_, now);
    else
      load_.outcome.failed(due_ns_, now);
    if (load_.closes || reader_.closes()) shut();
    become_free();
  }

  bool is_expected() const {
    return reader_.status() >= 200 && reader_.status() < 400 && unsent_.empty() &&
           (!load_.body_bytes || *load_.body_bytes == reader_.body_bytes());
  }

  // fail: the connection is of no more use, nor is the request that it carries, if any.
  void fail() {
    shut();
    if (!busy_) return;
    load_.outcome.failed(due_ns_, now_ns());
    become_free();
  }

  void become_free() {
    busy_ = false;
    load_.free.push_back(this);
  }

  void shut() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
    unsent_ = {};
  }

  Poller& poller_;
  Load& load_;
  int fd_ = -1;
  std::string_view unsent_;
  ResponseReader reader_;
  uint64_t due_ns_ = 0;
  bool busy_ = false;
};

// The requests that are due, and who carries them.
class Generator {
 public:
  Generator(Poller& poller, Load& load, Schedule schedule, uint32_t connections)
      : poller_(poller), load_(load), schedule_(schedule) {
    for (uint32_t i = 0; i < connections; ++i) clients_.push_back(std::make_unique<Client>(poller, load));
  }

  // run: until END_NS, then until nothing is under way or kGraceNs are over.
  void run(uint64_t end_ns, const Ending& ending) {
    while (!ending.wanted()) {
      const uint64_t now = now_ns();
      for (; schedule_.next_ns() <= now && schedule_.next_ns() < end_ns; schedule_.advance())
        waiting_.push_back(schedule_.next_ns());
      send_waiting();
      const bool over = schedule_.next_ns() >= end_ns;
      if (over && ((waiting_.empty() && load_.free.size() == clients_.size()) || now >= end_ns + kGraceNs)) break;
      poller_.turn_until(over ? end_ns + kGraceNs : schedule_.next_ns());
    }
    give_up(now_ns());
  }

 private:
  void send_waiting() {
    while (!waiting_.empty() && !load_.free.empty()) {
      Client* const client = load_.free.front();
      load_.free.pop_front();
      client->assign(waiting_.front());
      waiting_.pop_front();
    }
  }

  void give_up(uint64_t now) {
    for (const uint64_t due : waiting_) load_.outcome.never_sent(due, now);
    for (const auto& client : clients_) client->give_up(now);
  }

  Poller& poller_;
  Load& load_;
  Schedule schedule_;
  std::deque<uint64_t> waiting_;
  std::vector<std::unique_ptr<Client>> clients_;
};

std::string make_request(const char* path, const std::vector<const char*>& headers) {
  std::string request = std::string("GET ") + path + " HTTP/1.1\r\n";
  for (const char* header : headers) request.append(header).append("\r\n");
  if (field(request, "Host").empty()) request.append("Host: 127.0.0.1\r\n");
  return request.append("\r\n");
}

Arrivals arrivals_of(const Options& options) {
  const std::string_view name = options.has("--schedule") ? options.text("--schedule") : "constant";
  errno = 0;
  if (name != "constant" && name != "poisson") die("--schedule is constant or poisson");
  return name == "constant" ? Arrivals::kConstant : Arrivals::kPoisson;
}

}  // namespace

}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  const Options options(argc, argv,
                        "bench_rate PORT PATH --rate R --connections C --seconds S [--warm W] [--header LINE]... "
                        "[--body BYTES] [--schedule constant|poisson]",
                        2, {"--rate", "--connections", "--seconds", "--warm", "--header", "--body", "--schedule"});
  const uint32_t rate = options.number("--rate", kFastest);
  const uint32_t connections = options.number("--connections", 60000);
  const uint64_t warm_ns = options.has("--warm") ? options.seconds_ns("--warm") : 0;
  const uint64_t length_ns = options.seconds_ns("--seconds");
  std::optional<uint64_t> body_bytes;
  if (options.has("--body")) body_bytes = options.number("--body", UINT32_MAX);

  raise_descriptor_limit();
  prctl(PR_SET_TIMERSLACK, 1UL);
  Poller poller;
  const Ending ending(poller);
  const uint64_t start_ns = now_ns() + 10'000'000;
  const Window window{start_ns + warm_ns, start_ns + warm_ns + length_ns};
  const std::string request = make_request(options.argument(1), options.all("--header"));
  Load load{options.port(), request, is_token(field(request, "Connection"), "close"), body_bytes, Outcome(window)};
  Generator generator(poller, load, Schedule(arrivals_of(options), rate, start_ns), connections);
  generator.run(window.end_ns, ending);
  load.outcome.print();
  return load.outcome.requests() > 0 ? 0 : 1;
}
