// The cache of names, and who waits for which.
//
//   Entry: what is known about one name.        Lookup: the questions for one name: hosts file, then per candidate of the search list
//   Waiter: one flow that waits for an Entry.            A and AAAA at once, or SRV.
#include <sluice/net/resolver.h>

#include <sys/stat.h>

#include <algorithm>
#include <list>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <sluice/base/hash.h>
#include <sluice/base/strings.h>
#include <sluice/log/log.h>
#include <sluice/metrics/metrics.h>

#include "net/dns_channel.h"
#include "net/dns_records.h"

namespace sluice {

namespace {

constexpr size_t kMaxNames = 16'384;          // known at once; the longest unused is forgotten
constexpr size_t kMaxLookups = 1'024;         // at once
constexpr Milliseconds kShortestTtl{1'000};
constexpr Milliseconds kLongestTtl{86'400'000};
constexpr Milliseconds kUnknownFor{1'000};    // a name that does not exist, or that failed and was never known
constexpr Milliseconds kHostsFor{5'000};      // what came from the hosts file
constexpr Milliseconds kRetryStale{5'000};    // DNS failed: the last good answer is used, until the next try
constexpr Milliseconds kPatience{1'800};      // wait that long for a new answer when there is an old one (RFC 8767 section 5)
constexpr Milliseconds kOtherFamily{1'000};   // wait that long for AAAA when A is there, and the reverse
constexpr char kSystemConfiguration[] = "/etc/resolv.conf";
constexpr std::string_view kHostNotFound = "3: Host not found";
constexpr std::string_view kTimedOut = "110: Operation timed out";

Error name_error(std::string_view name, std::string_view why) {
  const ErrorKind kind = why == kHostNotFound ? ErrorKind::not_found : why == kTimedOut ? ErrorKind::timeout : ErrorKind::unavailable;
  Error error(kind, concat(name, " could not be resolved (", why, ')'), ErrorSource::upstream);
  error.retryable = true;
  return error;
}

bool address_before(const Address& a, const Address& b) {
  if (a.family() != b.family()) return a.family() < b.family();  // AF_INET is the smaller number
  return std::string_view(reinterpret_cast<const char*>(a.data()), a.size()) < std::string_view(reinterpret_cast<const char*>(b.data()), b.size());
}

// Answers rotate their addresses: in order, the same set is the same list.
void put_in_order(std::vector<Address>& addresses) {
  std::sort(addresses.begin(), addresses.end(), address_before);
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
}

// A name as a key, in lower case and without heap.
struct FoldedName {
  explicit FoldedName(std::string_view name) : size(std::min(name.size(), sizeof bytes)) { std::transform(name.begin(), name.begin() + size, bytes, to_lower); }
  std::string_view view() const { return {bytes, size}; }
  char bytes[256];
  size_t size;
};

}  // namespace

struct Resolver::Impl {
  class Waiter;
  class Lookup;

  struct Entry final : Posted {
    Entry(Impl& its_owner, std::string its_name, Kind its_kind) : owner(its_owner), name(std::move(its_name)), kind(its_kind) {}
    bool in_use() const { return lookup != nullptr || waking || !waiters.empty(); }
    bool fresh() const { return fresh_until > owner.loop.now(); }
    void on_posted() override;

    Impl& owner;
    const std::string name;
    const Kind kind;
    Answer good;                     // the newest one with something in it
    std::optional<Error> failure;    // how the newest look-up ended, when it gave nothing
    Tick fresh_until = 0;            // nobody asks before
    std::unique_ptr<Lookup> lookup;
    std::list<Waiter*> waiters;
    bool waking = false;
  };

  struct KeyHash {
    size_t operator()(const std::pair<std::string_view, Kind>& key) const { return hash_bytes(key.first, process_seed() + static_cast<uint64_t>(key.second)); }
  };

  Impl(EventLoop& its_loop, ResolverOptions its_options, Metrics* its_metrics);

  Entry* known(std::string_view folded, Kind kind);
  Entry& entry(std::string_view folded, Kind kind);
  void forget_oldest();
  Task<Result<Answer>> wait(Entry& entry, Tick deadline);
  Result<Answer> outcome(Entry& entry);
  bool usable_stale(const Entry& entry) const;
  void begin_lookup(Entry& entry);
  Result<DnsChannel*> usable_channel();
  void learned(Entry& entry, NameAnswer answer, Milliseconds ttl);
  void failed(Entry& entry, std::string_view why);
  void ended(Entry& entry);
  void count(Counter counter) {
    if (metrics != nullptr) metrics->add(counter);
  }

  EventLoop& loop;
  const ResolverOptions options;
  Metrics* metrics;
  Counter queries, failures, stale_answers;
  std::list<Entry> entries;          // the most recently used first
  std::unordered_map<std::pair<std::string_view, Kind>, std::list<Entry>::iterator, KeyHash> by_name;
  size_t lookups = 0;
  timespec system_changed{};         // of kSystemConfiguration, when the channel was made
  std::unique_ptr<DnsChannel> channel;  // after the entries: it is destroyed first, and answers what is on its way
};

// One flow that waits for the end of an entry's look-up.
class Resolver::Impl::Waiter final : private Timer {
 public:
  Waiter(Entry& entry, Tick deadline) : entry_(entry), deadline_(deadline) {}
  ~Waiter() override { leave(); }
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> flow) {
    flow_ = flow;
    place_ = entry_.waiters.insert(entry_.waiters.end(), this);
    arm(deadline_);
  }
  // await_resume says whether the look-up ended in time.
  bool await_resume() const { return in_time_; }
  void wake() {
    in_time_ = true;
    end();
  }

 private:
  void on_timer() override { end(); }
  void leave() {
    if (std::exchange(flow_, {})) entry_.waiters.erase(place_);
  }
  void end() {
    cancel();
    const auto flow = flow_;
    leave();
    flow.resume();
  }

  Entry& entry_;
  Tick deadline_;
  std::coroutine_handle<> flow_;  // set while it waits
  std::list<Waiter*>::iterator place_;
  bool in_time_ = false;
};

// The questions for one name. When one family of addresses is there and the other is late, it is published without, and what comes
// then is not used any more.
class Resolver::Impl::Lookup final : private Timer, private Posted {
 public:
  Lookup(Entry& entry, DnsChannel& channel) : entry_(entry), channel_(channel), candidates_(channel.candidates(entry.name)) {}

  void start() {
    ++starting_;
    const ResolverOptions& wanted = entry_.owner.options;
    if (entry_.kind == Kind::service) {
      ask(service_, DnsType::srv);
    } else {
      if (wanted.ipv4) ask(v4_, DnsType::a);
      if (wanted.ipv6) ask(v6_, DnsType::aaaa);
    }
    --starting_;
    step();
  }

 private:
  struct Question final : DnsQuestion {
    explicit Question(Lookup& its_lookup) : lookup(its_lookup) {}
    void on_answer(DnsOutcome its_outcome, DnsRecords its_records, std::string_view its_error) override {
      waits = false;
      outcome = its_outcome;
      records = std::move(its_records);
      error = its_error;
      lookup.step();
    }
    Lookup& lookup;
    bool waits = false;
    bool asked = false;
    DnsOutcome outcome = DnsOutcome::none;
    DnsRecords records;
    std::string_view error;
  };

  void ask(Question& question, DnsType type) {
    question.waits = question.asked = true;
    question.outcome = DnsOutcome::none;
    entry_.owner.count(entry_.owner.queries);
    channel_.ask(candidates_[at_], type, question);
  }

  bool waits() const { return v4_.waits || v6_.waits || service_.waits; }
  bool found() const { return v4_.outcome == DnsOutcome::found || v6_.outcome == DnsOutcome::found || service_.outcome == DnsOutcome::found; }

  // step goes on when a question was answered. c-ares may be calling: what destroys this object or resumes others is posted.
  void step() {
    if (starting_ > 0) return;
    if (waits()) {
      if (!published_ && found()) arm_after(kOtherFamily);
      return;
    }
    cancel();
    entry_.owner.loop.post(*this);
  }

  void on_timer() override { publish(); }

  void on_posted() override {
    const bool more = !published_ && !found() && error().empty() && at_ + 1 < candidates_.size();
    if (more) {
      ++at_;
      return start();
    }
    publish();
    entry_.owner.ended(entry_);  // destroys this
  }

  std::string_view error() const {
    for (const Question* question : {&v4_, &v6_, &service_}) {
      if (question->asked && question->outcome == DnsOutcome::failed) return question->error;
    }
    return {};
  }

  void publish() {
    if (std::exchange(published_, true)) return;
    Impl& owner = entry_.owner;
    if (!found()) return owner.failed(entry_, error().empty() ? kHostNotFound : error());
    NameAnswer answer;
    uint32_t ttl_s = INT32_MAX;
    for (Question* question : {&v4_, &v6_, &service_}) {
      if (question->outcome != DnsOutcome::found || question->waits) continue;
      ttl_s = std::min(ttl_s, question->records.ttl_s);
      auto& addresses = question->records.addresses;
      answer.addresses.insert(answer.addresses.end(), addresses.begin(), addresses.end());
      answer.services.insert(answer.services.end(), question->records.services.begin(), question->records.services.end());
    }
    keep_family(answer, v4_, AF_INET);
    keep_family(answer, v6_, AF_INET6);
    owner.learned(entry_, std::move(answer), Milliseconds(int64_t{ttl_s} * 1000));
  }

  // A family that could not be learned is the one that was known last.
  void keep_family(NameAnswer& answer, const Question& question, int family) const {
    if (!question.asked || (!question.waits && question.outcome != DnsOutcome::failed) || entry_.good == nullptr) return;
    for (const Address& address : entry_.good->addresses) {
      if (address.family() == family) answer.addresses.push_back(address);
    }
  }

  Entry& entry_;
  DnsChannel& channel_;
  const std::vector<std::string> candidates_;
  size_t at_ = 0;
  Question v4_{*this}, v6_{*this}, service_{*this};
  int starting_ = 0;
  bool published_ = false;
};

Resolver::Impl::Impl(EventLoop& its_loop, ResolverOptions its_options, Metrics* its_metrics)
    : loop(its_loop), options(std::move(its_options)), metrics(its_metrics) {
  if (metrics == nullptr) return;
  auto take = [](Counter& counter, Result<Counter> declared) {
    if (declared) counter = *declared;
    else LOG(Logger::process(), alert, declared.error().text);
  };
  take(queries, metrics->counter("sluice_resolver_queries_total", "Questions sent to DNS servers."));
  take(failures, metrics->counter("sluice_resolver_failures_total", "Names that could not be resolved, by DNS failing or because they do not exist."));
  take(stale_answers, metrics->counter("sluice_resolver_stale_answers_total", "Answers used after their time because DNS gave no new ones."));
}

Resolver::Impl::Entry* Resolver::Impl::known(std::string_view folded, Kind kind) {
  const auto found = by_name.find({folded, kind});
  if (found == by_name.end()) return nullptr;
  entries.splice(entries.begin(), entries, found->second);
  return &*found->second;
}

Resolver::Impl::Entry& Resolver::Impl::entry(std::string_view folded, Kind kind) {
  if (Entry* found = known(folded, kind)) return *found;
  if (entries.size() >= kMaxNames) forget_oldest();
  entries.emplace_front(*this, std::string(folded), kind);
  by_name.emplace(std::pair(std::string_view(entries.front().name), kind), entries.begin());
  return entries.front();
}

void Resolver::Impl::forget_oldest() {
  const auto oldest = std::find_if(entries.rbegin(), entries.rend(), [](const Entry& one) { return !one.in_use(); });
  if (oldest == entries.rend()) return;
  by_name.erase({oldest->name, oldest->kind});
  entries.erase(std::next(oldest).base());
}

bool Resolver::Impl::usable_stale(const Entry& entry) const {
  if (entry.good == nullptr) return false;
  return !options.stale || entry.good->valid_until + static_cast<Tick>(options.stale->count()) > loop.now();
}

// outcome says what the newest look-up means for one who asks now.
Result<Resolver::Answer> Resolver::Impl::outcome(Entry& entry) {
  if (!entry.failure && entry.fresh()) return entry.good;
  if (usable_stale(entry)) {
    count(stale_answers);
    return entry.good;
  }
  return entry.failure ? *entry.failure : name_error(entry.name, kTimedOut);
}

Task<Result<Resolver::Answer>> Resolver::Impl::wait(Entry& entry, Tick deadline) {
  const bool in_time = co_await Waiter(entry, deadline);
  if (in_time || usable_stale(entry)) co_return outcome(entry);
  co_return name_error(entry.name, kTimedOut);
}

// The system's configuration may be another one by now: a laptop moves, a container gets its own.
Result<DnsChannel*> Resolver::Impl::usable_channel() {
  if (options.servers.empty()) {
    struct stat now{};
    if (::stat(kSystemConfiguration, &now) != 0) now.st_mtim = {};
    const bool changed = now.st_mtim.tv_sec != system_changed.tv_sec || now.st_mtim.tv_nsec != system_changed.tv_nsec;
    if (changed && lookups == 0) channel.reset();
    if (channel == nullptr) system_changed = now.st_mtim;
  }
  if (channel == nullptr) {
    TRY_ASSIGN(channel, DnsChannel::open(loop, options));
  }
  return channel.get();
}

// begin_lookup asks; what is in the hosts file is there when it returns.
void Resolver::Impl::begin_lookup(Entry& entry) {
  auto usable = usable_channel();
  if (!usable) {
    LOG(Logger::process(), error, usable.error().text);
    return failed(entry, "2: Server failure");
  }
  if (entry.kind == Kind::address) {
    NameAnswer answer;
    answer.addresses = (*usable)->hosts(entry.name);
    std::erase_if(answer.addresses, [this](const Address& address) { return !(address.family() == AF_INET ? options.ipv4 : options.ipv6); });
    if (!answer.addresses.empty()) return learned(entry, std::move(answer), kHostsFor);
  }
  if (lookups >= kMaxLookups) return failed(entry, "too many names at once");
  ++lookups;
  entry.lookup = std::make_unique<Lookup>(entry, **usable);
  entry.lookup->start();
}

void Resolver::Impl::learned(Entry& entry, NameAnswer answer, Milliseconds ttl) {
  const Milliseconds valid = options.valid.count() > 0 ? options.valid : std::clamp(ttl, kShortestTtl, kLongestTtl);
  put_in_order(answer.addresses);
  std::stable_sort(answer.services.begin(), answer.services.end(), [](const ServiceRecord& a, const ServiceRecord& b) {
    return std::tie(a.priority, a.host, a.port) < std::tie(b.priority, b.host, b.port);
  });
  answer.valid_until = loop.now() + static_cast<Tick>(valid.count());
  if (entry.failure && entry.good != nullptr) LOG(Logger::process(), notice, entry.name, " is resolved again");
  entry.failure.reset();
  entry.fresh_until = answer.valid_until;
  entry.good = std::make_shared<const NameAnswer>(std::move(answer));
  if (!entry.waiters.empty()) loop.post(entry);
}

void Resolver::Impl::failed(Entry& entry, std::string_view why) {
  count(failures);
  const bool was_good = !entry.failure && entry.good != nullptr;
  entry.failure = name_error(entry.name, why);
  if (entry.failure->kind == ErrorKind::not_found) entry.good = nullptr;
  const bool stale = usable_stale(entry);
  if (was_good && stale) LOG(Logger::process(), warn, entry.failure->text, ", its last addresses are used");
  entry.fresh_until = loop.now() + static_cast<Tick>((stale ? kRetryStale : kUnknownFor).count());
  if (!entry.waiters.empty()) loop.post(entry);
}

void Resolver::Impl::ended(Entry& entry) {
  --lookups;
  entry.lookup.reset();
}

// Whoever is woken may ask for other names, or end others that wait here.
void Resolver::Impl::Entry::on_posted() {
  waking = true;
  for (size_t left = waiters.size(); left > 0 && !waiters.empty(); --left) waiters.front()->wake();
  waking = false;
}

Resolver::Resolver(EventLoop& loop, ResolverOptions options, Metrics* metrics) : impl_(std::make_unique<Impl>(loop, std::move(options), metrics)) {}

Resolver::~Resolver() = default;

const ResolverOptions& Resolver::options() const { return impl_->options; }

Resolver::Answer Resolver::find(std::string_view name) {
  const Impl::Entry* entry = impl_->known(FoldedName(name).view(), Kind::address);
  return entry != nullptr && !entry->failure && entry->fresh() ? entry->good : nullptr;
}

Task<Result<Resolver::Answer>> Resolver::resolve(std::string_view name, Kind kind) {
  Impl& impl = *impl_;
  if (kind == Kind::address) {
    if (auto literal = Address::parse(name, 1); literal && !literal->is_unix() && name != "*") {
      NameAnswer answer;
      answer.addresses.push_back(literal->with_port(0));
      return Result<Answer>(std::make_shared<const NameAnswer>(std::move(answer)));
    }
  }
  if (impl.options.off) return Result<Answer>(Error(ErrorKind::unavailable, concat("no resolver defined to resolve ", name), ErrorSource::upstream));
  if (!valid_host_name(name)) return Result<Answer>(name_error(name, kHostNotFound));
  Impl::Entry& entry = impl.entry(FoldedName(name).view(), kind);
  if (entry.fresh()) return impl.outcome(entry);
  if (entry.lookup == nullptr) impl.begin_lookup(entry);
  // While DNS fails nobody waits for it who can do without.
  if (entry.lookup == nullptr || (entry.failure && impl.usable_stale(entry))) return impl.outcome(entry);
  const Milliseconds patience = impl.usable_stale(entry) ? std::min(kPatience, impl.options.timeout) : impl.options.timeout;
  return impl.wait(entry, impl.loop.now() + static_cast<Tick>(patience.count()));
}

}  // namespace sluice
