#include "limit_handlers.h"

#include <memory>

#include "limits_module.h"

namespace sluice {

namespace {

constexpr size_t kMaxKeyBytes = 65535;

// "1.042": thousandths as nginx shows them.
std::string shown(uint64_t thousandths) {
  const std::string fraction = concat(1000 + thousandths % 1000);
  return concat(thousandths / 1000, '.', fraction.substr(1));
}

LogLevel one_less_severe(LogLevel level) { return static_cast<LogLevel>(static_cast<uint8_t>(level) + 1); }

}  // namespace

struct LimitState::Packed {
  LimitVerdict request;
  LimitVerdict connection;
  std::vector<Held> held;
};

LimitState::~LimitState() {
  for (const Held* held = held_; held != nullptr; held = held->next) held->zone->leave(held->key);
}

void LimitState::hold(ConnectionZone& zone, const KeyId& key, Arena& arena) { held_ = arena.make<Held>(Held{&zone, key, held_}); }

uint64_t LimitState::pack() {
  auto packed = std::make_unique<Packed>(Packed{request, connection, {}});
  for (const Held* held = held_; held != nullptr; held = held->next) packed->held.push_back(*held);
  held_ = nullptr;
  return reinterpret_cast<uintptr_t>(packed.release());
}

void LimitState::unpack(uint64_t kept, LimitState& state, Arena& arena) {
  const std::unique_ptr<Packed> packed(reinterpret_cast<Packed*>(static_cast<uintptr_t>(kept)));
  state.request = packed->request;
  state.connection = packed->connection;
  for (const Held& held : packed->held) state.hold(*held.zone, held.key, arena);
}

Task<Outcome> LimitReqHandler::run(Exchange& exchange) const {
  LimitState& state = module_.state(exchange);
  if (state.request != LimitVerdict::none) return Outcome::next();
  const Tick now = Clock::of_thread().now();
  auto* asked = static_cast<Asked*>(exchange.arena().allocate(limits_.size() * sizeof(Asked), alignof(Asked)));
  size_t count = 0;
  for (const Limit& limit : limits_) {
    const std::string_view key = limit.zone->key().eval(exchange);
    if (key.empty()) continue;
    if (key.size() > kMaxKeyBytes) {
      exchange.log_at(LogLevel::error, "the value of the \"", limit.zone->name(), "\" key is more than 65535 bytes");
      continue;
    }
    new (&asked[count++]) Asked{&limit, KeyId::of(key)};
  }
  if (count == 0) return Outcome::next();
  // The last one counts the request if all before would let it pass; then these count it, too, and the longest delay holds.
  const Asked& last = asked[count - 1];
  for (size_t i = 0; i < count; ++i) {
    const Limit& limit = *asked[i].limit;
    const uint64_t excess = &asked[i] == &last ? limit.zone->take(last.key, now, limit.burst) : limit.zone->peek(asked[i].key, now);
    if (excess > limit.burst) return refuse(exchange, state, limit, excess);
    asked[i].excess = excess;
  }
  Milliseconds longest{0};
  const Limit* slowest = nullptr;
  uint64_t slowest_excess = 0;
  for (size_t i = 0; i < count; ++i) {
    const Limit& limit = *asked[i].limit;
    const uint64_t excess = &asked[i] == &last ? last.excess : limit.zone->take(asked[i].key, now, UINT64_MAX);
    if (excess <= limit.delay_from) continue;
    const Milliseconds time{static_cast<int64_t>((excess - limit.delay_from) * 1000 / limit.zone->rate())};
    if (time <= longest) continue;
    longest = time;
    slowest = &limit;
    slowest_excess = excess;
  }
  if (slowest != nullptr) return delay(exchange, state, *slowest, slowest_excess, longest);
  state.request = LimitVerdict::passed;
  return Outcome::next();
}

Outcome LimitReqHandler::refuse(Exchange& exchange, LimitState& state, const Limit& limit, uint64_t excess) const {
  exchange.log_at(behaviour_.level, "limiting requests", behaviour_.dry_run ? ", dry run" : "", ", excess: ", shown(excess), " by zone \"",
                  limit.zone->name(), '"');
  state.request = behaviour_.dry_run ? LimitVerdict::rejected_dry_run : LimitVerdict::rejected;
  if (behaviour_.dry_run) return Outcome::next();
  module_.count_refusal();
  exchange.set_error(ErrorKind::unavailable, ErrorSource::client, "limit_req");
  return Outcome::status(behaviour_.status);
}

Task<Outcome> LimitReqHandler::delay(Exchange& exchange, LimitState& state, const Limit& limit, uint64_t excess, Milliseconds time) const {
  exchange.log_at(one_less_severe(behaviour_.level), "delaying request", behaviour_.dry_run ? ", dry run" : "", ", excess: ", shown(excess), ", by zone \"",
                  limit.zone->name(), '"');
  state.request = behaviour_.dry_run ? LimitVerdict::delayed_dry_run : LimitVerdict::delayed;
  if (behaviour_.dry_run) return Outcome::next();
  // One who leaves meanwhile is not served.
  exchange.watch_client(true);
  return wait(exchange, time);
}

Task<Outcome> LimitReqHandler::wait(Exchange& exchange, Milliseconds time) {
  co_await sleep_for(time);
  exchange.watch_client(false);
  co_return Outcome::next();
}

Task<Outcome> LimitConnHandler::run(Exchange& exchange) const {
  LimitState& state = module_.state(exchange);
  if (state.connection != LimitVerdict::none) return Outcome::next();
  for (const Limit& limit : limits_) {
    const std::string_view key = limit.zone->key().eval(exchange);
    if (key.empty()) continue;
    const KeyId id = KeyId::of(key);
    if (!limit.zone->enter(id, limit.most)) {
      exchange.log_at(behaviour_.level, "limiting connections", behaviour_.dry_run ? ", dry run," : "", " by zone \"", limit.zone->name(), '"');
      state.connection = behaviour_.dry_run ? LimitVerdict::rejected_dry_run : LimitVerdict::rejected;
      if (behaviour_.dry_run) return Outcome::next();
      module_.count_refusal();
      exchange.set_error(ErrorKind::unavailable, ErrorSource::client, "limit_conn");
      return Outcome::status(behaviour_.status);
    }
    state.connection = LimitVerdict::passed;
    state.hold(*limit.zone, id, exchange.arena());
  }
  return Outcome::next();
}

}  // namespace sluice
