#include "upstream/name_watch.h"

#include <algorithm>

namespace sluice {

namespace {

constexpr Milliseconds kShortestPause{1'000};
constexpr Milliseconds kRetry{5'000};  // after a failure, while old peers are there

}  // namespace

Peer peer_at(const ServerLine& line, const Address& address) {
  Peer peer = line.like;
  peer.address = address;
  peer.name = address.text();
  return peer;
}

std::vector<RankedService> rank_services(const std::vector<ServiceRecord>& records, bool line_is_backup) {
  std::vector<RankedService> ranked;
  if (records.empty()) return ranked;
  const auto lowest = std::min_element(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.priority < b.priority; })->priority;
  for (const ServiceRecord& record : records) {
    const bool is_first = record.priority == lowest;
    if (is_first || !line_is_backup) ranked.push_back({&record, line_is_backup || !is_first});
  }
  return ranked;
}

NameWatch::NameWatch(UpstreamGroup& group, size_t line, std::shared_ptr<Resolver> resolver, Milliseconds delay)
    : group_(group), line_(line), resolver_(std::move(resolver)) {
  flow_.start(follow(delay));
}

Task<void> NameWatch::follow(Milliseconds delay) {
  if (delay.count() > 0) co_await sleep_for(delay);
  for (;;) {
    auto peers = co_await look_up();
    const Tick now = Clock::of_thread().now();
    Tick next = now + static_cast<Tick>(kShortestPause.count());
    if (peers) {
      take(std::move(*peers));
      // A stale answer's time is over already.
      next = valid_until_ > now ? std::max(next, valid_until_) : now + static_cast<Tick>(kRetry.count());
    } else {
      tell_failure(peers.error());
      if (!line().peers.empty()) next = now + static_cast<Tick>(kRetry.count());
    }
    co_await sleep_until(next);
  }
}

Task<Result<std::vector<Peer>>> NameWatch::look_up() { return line().service.empty() ? look_up_host() : look_up_service(); }

Task<Result<std::vector<Peer>>> NameWatch::look_up_host() {
  auto answer = co_await resolver_->resolve(line().host);
  if (!answer) co_return std::move(answer.error());
  valid_until_ = (*answer)->valid_until;
  std::vector<Peer> peers;
  for (const Address& address : (*answer)->addresses) peers.push_back(peer_at(line(), address.with_port(line().port)));
  co_return std::move(peers);
}

// A service is its records' hosts, as far as they are known; the answer is as good as its shortest-lived part.
Task<Result<std::vector<Peer>>> NameWatch::look_up_service() {
  auto answer = co_await resolver_->resolve(line().service, Resolver::Kind::service);
  if (!answer) co_return std::move(answer.error());
  Tick valid_until = (*answer)->valid_until;
  std::vector<Peer> peers;
  std::optional<Error> failure;
  for (const RankedService& service : rank_services((*answer)->services, line().like.backup)) {
    auto host = co_await resolver_->resolve(service.record->host);
    if (!host) {
      failure = std::move(host.error());
      continue;
    }
    valid_until = std::min(valid_until, (*host)->valid_until);
    for (const Address& address : (*host)->addresses) {
      Peer& peer = peers.emplace_back(peer_at(line(), address.with_port(service.record->port)));
      peer.backup = service.backup;
      if (!line().weight_given && service.record->weight > 0) peer.weight = service.record->weight;
    }
  }
  if (peers.empty() && failure) co_return std::move(*failure);
  valid_until_ = valid_until;
  co_return std::move(peers);
}

void NameWatch::take(std::vector<Peer> peers) {
  failing_ = false;
  if (!group_.live_peers().replace(line_, std::move(peers))) return;
  std::string names;
  for (const Peer& peer : line().peers) names += concat(names.empty() ? "" : ", ", peer.name, peer.backup ? " backup" : "");
  LOG(Logger::process(), notice, "upstream \"", group_.name(), "\": server ", line().like.server, " is now ", names);
}

void NameWatch::tell_failure(const Error& error) {
  if (std::exchange(failing_, true)) return;
  LOG(Logger::process(), warn, error.text, ", in upstream \"", group_.name(), "\": ",
      line().peers.empty() ? "server has no address yet" : "its last addresses are used");
}

}  // namespace sluice
