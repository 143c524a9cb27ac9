#include "net/dns_channel.h"

#include <ares.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

constexpr int kRounds = 4;                 // how often every server is asked; each round waits twice as long as the one before
constexpr Milliseconds kLongestFirstTry{2'000};
constexpr Milliseconds kShortestFirstTry{50};
constexpr int kReadsAtOnce = 64;           // answers nobody asked for must not keep the loop

// Four rounds of one server, of 1 + 2 + 4 + 8 times the first try, fill the time; more servers share it in two rounds or three.
int first_try_ms(const ResolverOptions& options) {
  const auto servers = static_cast<Milliseconds::rep>(std::max<size_t>(options.servers.size(), 1));
  const Milliseconds fair = options.timeout / (servers == 1 ? 15 : 3 * servers);
  return static_cast<int>(std::clamp(fair, kShortestFirstTry, kLongestFirstTry).count());
}

// nginx's number and text.
std::string_view text_of(int status) {
  switch (status) {
    case ARES_EFORMERR:
    case ARES_EBADRESP: return "1: Format error";
    case ARES_ENOTIMP: return "4: Unimplemented";
    case ARES_EREFUSED: return "5: Operation refused";
    case ARES_ETIMEOUT: return "110: Operation timed out";
    default: return "2: Server failure";  // every server failed, or was not there
  }
}

DnsOutcome outcome_of(int status) {
  switch (status) {
    case ARES_SUCCESS: return DnsOutcome::found;
    case ARES_ENODATA: return DnsOutcome::none;
    case ARES_ENOTFOUND:
    case ARES_EBADNAME: return DnsOutcome::unknown;
    default: return DnsOutcome::failed;
  }
}

bool has_more(int fd) {
  pollfd asked{fd, POLLIN, 0};
  return ::poll(&asked, 1, 0) > 0;
}

Error ares_error(std::string_view what, int status) {
  return Error(ErrorKind::io, concat(what, " failed (", ares_strerror(status), ')'));
}

}  // namespace

// c-ares owns the descriptor: it closes it, after it has said so.
class DnsChannel::Socket final : public IoWatcher {
 public:
  Socket(DnsChannel& channel, EventLoop& loop, int fd) : channel_(channel) { watch(loop, fd); }
  ~Socket() override { unwatch(); }
  void let_go() { unwatch(); }
  bool wants_to_write = false;

 private:
  void on_events(unsigned events) override { channel_.on_socket(fd(), events); }
  DnsChannel& channel_;
};

struct DnsChannel::Asked {
  DnsQuestion& question;
  DnsType type;
};

Result<std::unique_ptr<DnsChannel>> DnsChannel::open(EventLoop& loop, const ResolverOptions& options) {
  std::unique_ptr<DnsChannel> channel(new DnsChannel(loop));
  TRY(channel->start(options));
  return channel;
}

DnsChannel::DnsChannel(EventLoop& loop) : loop_(loop) {}

Result<void> DnsChannel::start(const ResolverOptions& options) {
  ares_options wanted{};
  wanted.timeout = first_try_ms(options);
  wanted.tries = kRounds;
  wanted.sock_state_cb = &DnsChannel::on_socket_state;
  wanted.sock_state_cb_data = this;
  int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  if (!options.servers.empty()) mask |= ARES_OPT_DOMAINS | ARES_OPT_ROTATE;  // no domains: names are complete, as nginx has it
  if (const int status = ares_init_options(&channel_, &wanted, mask); status != ARES_SUCCESS) return ares_error("ares_init_options()", status);
  if (!options.servers.empty()) {
    std::string list;
    for (const std::string& server : options.servers) list += list.empty() ? server : concat(',', server);
    if (const int status = ares_set_servers_ports_csv(channel_, list.c_str()); status != ARES_SUCCESS) return ares_error("ares_set_servers_ports_csv()", status);
  }
  ares_options kept{};
  int kept_mask = 0;
  if (ares_save_options(channel_, &kept, &kept_mask) == ARES_SUCCESS) {
    domains_.assign(kept.domains, kept.domains + kept.ndomains);
    ndots_ = kept.ndots;
    ares_destroy_options(&kept);
  }
  char files[] = "f";
  ares_options for_hosts{};
  for_hosts.lookups = files;
  if (const int status = ares_init_options(&hosts_, &for_hosts, ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS); status != ARES_SUCCESS) {
    return ares_error("ares_init_options()", status);
  }
  return {};
}

DnsChannel::~DnsChannel() {
  if (hosts_ != nullptr) ares_destroy(hosts_);
  if (channel_ != nullptr) ares_destroy(channel_);
}

void DnsChannel::ask(const std::string& name, DnsType type, DnsQuestion& question) {
  constexpr int kClassInternet = 1;
  ares_query(channel_, name.c_str(), kClassInternet, static_cast<int>(type), &DnsChannel::on_response, new Asked{question, type});
  arm_for_next_retry();
}

void DnsChannel::on_response(void* asked, int status, int, unsigned char* response, int length) {
  std::unique_ptr<Asked> owner(static_cast<Asked*>(asked));
  DnsRecords records;
  DnsOutcome outcome = outcome_of(status);
  std::string_view error = outcome == DnsOutcome::failed ? text_of(status) : std::string_view();
  if (outcome == DnsOutcome::found) {
    outcome = parse_records({response, static_cast<size_t>(length)}, owner->type, records);
    if (outcome == DnsOutcome::failed) error = text_of(ARES_EBADRESP);
  }
  owner->question.on_answer(outcome, std::move(records), error);
}

std::vector<Address> DnsChannel::hosts(const std::string& name) const {
  std::vector<Address> found;
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_flags = ARES_AI_NOSORT;
  auto take = [](void* to, int status, int, ares_addrinfo* result) {
    std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owner(result, &ares_freeaddrinfo);
    if (status != ARES_SUCCESS) return;
    for (auto* node = result->nodes; node != nullptr; node = node->ai_next) {
      static_cast<std::vector<Address>*>(to)->push_back(Address::from(node->ai_addr, node->ai_addrlen));
    }
  };
  ares_getaddrinfo(hosts_, name.c_str(), nullptr, &hints, take, &found);
  return found;
}

// Called by c-ares: which directions of a socket it waits for; none: it is about to close it.
void DnsChannel::on_socket_state(void* argument, int fd, int readable, int writable) {
  auto& self = *static_cast<DnsChannel*>(argument);
  auto known = self.sockets_.find(fd);
  if (readable == 0 && writable == 0) {
    if (known == self.sockets_.end()) return;
    known->second->let_go();
    self.closed_sockets_.push_back(std::move(known->second));
    self.sockets_.erase(known);
    return;
  }
  if (known == self.sockets_.end()) known = self.sockets_.emplace(fd, std::make_unique<Socket>(self, self.loop_, fd)).first;
  // The edge may have come before there was something to write.
  known->second->wants_to_write = writable != 0;
  if (writable != 0) self.look_again_ = true;
}

void DnsChannel::on_socket(int fd, unsigned events) {
  if ((events & IoWatcher::kWritable) != 0) ares_process_fd(channel_, ARES_SOCKET_BAD, fd);
  if ((events & (IoWatcher::kReadable | IoWatcher::kClosed)) != 0) read_all(fd);
  arm_for_next_retry();
}

void DnsChannel::read_all(int fd) {
  for (int reads = 0; sockets_.contains(fd) && has_more(fd); ++reads) {
    if (reads == kReadsAtOnce) {
      look_again_ = true;
      return;
    }
    ares_process_fd(channel_, fd, ARES_SOCKET_BAD);
  }
}

void DnsChannel::on_timer() {
  closed_sockets_.clear();
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  if (std::exchange(look_again_, false)) {
    std::vector<int> open;
    for (const auto& [fd, socket] : sockets_) open.push_back(fd);
    for (const int fd : open) {
      auto socket = sockets_.find(fd);
      if (socket != sockets_.end() && socket->second->wants_to_write) ares_process_fd(channel_, ARES_SOCKET_BAD, fd);
      read_all(fd);
    }
  }
  arm_for_next_retry();
}

void DnsChannel::arm_for_next_retry() {
  if (look_again_ || !closed_sockets_.empty()) return arm_after(Milliseconds{0});
  timeval wait{};
  if (ares_timeout(channel_, nullptr, &wait) == nullptr) return cancel();
  arm_after(Milliseconds{wait.tv_sec * 1000 + wait.tv_usec / 1000 + 1});
}

}  // namespace sluice
