#include <sluice/metrics/metrics.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <vector>

#include <sluice/base/strings.h>

namespace sluice {

struct Metrics::Header {
  ShmLock lock;  // of declaring
  std::atomic<uint32_t> names;
  uint32_t words;
  std::atomic<uint32_t> slots;  // one more than the highest that was opened
};

// Written completely before Header::names counts it, and never changed.
struct Metrics::Name {
  char name[kMaxNameBytes + 1];
  char help[128];
  double bounds[kMaxBounds];
  uint16_t word;
  uint16_t bounds_count;
  Type type;

  std::string_view full() const { return name; }
  std::string_view family() const { return full().substr(0, full().find('{')); }
  std::string_view labels() const { return full().substr(family().size()); }  // "" or "{...}"
  uint32_t words() const { return type == Type::histogram ? bounds_count + 2u : 1u; }
};

namespace {

constexpr size_t kNamesAt = 128;

bool name_character(char c, bool first) {
  bool letter = (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '_' || c == ':';
  return letter || (!first && c >= '0' && c <= '9');
}

bool well_formed(std::string_view name) {
  std::string_view family = name.substr(0, name.find('{')), labels = name.substr(family.size());
  bool labels_good =
      labels.empty() || (labels.size() > 2 && labels.ends_with('}') && labels.find('\n') == labels.npos);
  for (size_t i = 0; i < family.size(); ++i) {
    if (!name_character(family[i], i == 0)) return false;
  }
  return !family.empty() && labels_good && name.size() <= Metrics::kMaxNameBytes;
}

void append_number(std::string& out, double value) {
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

// "\" and line feeds in a help text are escaped (Prometheus text format).
void append_help(std::string& out, std::string_view help) {
  for (char c : help) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
}

void copy_text(std::string_view text, std::span<char> out) {
  size_t n = std::min(text.size(), out.size() - 1);
  std::copy_n(text.begin(), n, out.begin());
  out[n] = '\0';
}

}  // namespace

ZoneSpec Metrics::zone_spec() {
  static_assert(sizeof(Header) <= kNamesAt);
  return {"metrics", "metrics-1",
          kNamesAt + kMaxNames * sizeof(Name) + sizeof(uint64_t) * kMaxSlots * kWordsPerSlot};
}

Result<std::unique_ptr<Metrics>> Metrics::open(std::shared_ptr<Zone> zone, uint32_t slot) {
  if (zone->spec().layout != zone_spec().layout || zone->size() != zone_spec().bytes || slot >= kMaxSlots) {
    return Error(ErrorKind::internal, "not a zone for metrics, or no such slot");
  }
  zone->initialise_once(
      [](Zone& fresh, void*) { reinterpret_cast<Header*>(fresh.data())->lock.initialise(); }, nullptr);
  return std::unique_ptr<Metrics>(new Metrics(std::move(zone), slot));
}

Metrics::Metrics(std::shared_ptr<Zone> zone, uint32_t slot)
    : zone_(std::move(zone)),
      header_(reinterpret_cast<Header*>(zone_->data())),
      names_(reinterpret_cast<Name*>(zone_->data() + kNamesAt)),
      slots_(reinterpret_cast<uint64_t*>(names_ + kMaxNames)),
      words_(slots_ + size_t(slot) * kWordsPerSlot) {
  uint32_t seen = header_->slots.load();
  while (seen <= slot && !header_->slots.compare_exchange_weak(seen, slot + 1)) {
  }
}

Result<Counter> Metrics::counter(std::string_view name, std::string_view help) {
  TRY_ASSIGN(const Name* found, declare(Type::counter, name, help, {}));
  return Counter{found->word};
}

Result<Gauge> Metrics::gauge(std::string_view name, std::string_view help) {
  TRY_ASSIGN(const Name* found, declare(Type::gauge, name, help, {}));
  return Gauge{found->word};
}

Result<Histogram> Metrics::histogram(std::string_view name, std::string_view help,
                                     std::span<const double> bounds) {
  TRY_ASSIGN(const Name* found, declare(Type::histogram, name, help, bounds));
  return Histogram{found->word, found->bounds_count, found->bounds};
}

// A process that dies here has not counted its name yet, so a recovered lock needs no repair.
Result<const Metrics::Name*> Metrics::declare(Type type, std::string_view name, std::string_view help,
                                              std::span<const double> bounds) {
  if (!well_formed(name))
    return Error(ErrorKind::config, concat("malformed metric name \"", name, '"'), ErrorSource::config);
  if (bounds.size() > kMaxBounds || !std::is_sorted(bounds.begin(), bounds.end())) {
    return Error(ErrorKind::config, concat("invalid bounds of metric \"", name, '"'), ErrorSource::config);
  }
  header_->lock.lock();
  auto found = declare_locked(type, name, help, bounds);
  header_->lock.unlock();
  return found;
}

Result<const Metrics::Name*> Metrics::declare_locked(Type type, std::string_view name, std::string_view help,
                                                     std::span<const double> bounds) {
  uint32_t count = header_->names.load();
  for (Name& known : std::span(names_, count)) {
    if (known.full() != name) continue;
    if (known.type == type && std::ranges::equal(std::span(known.bounds, known.bounds_count), bounds))
      return &known;
    return Error(ErrorKind::config, concat("metric \"", name, "\" is declared twice with different types"),
                 ErrorSource::config);
  }
  uint32_t word = count == 0 ? 0 : names_[count - 1].word + names_[count - 1].words();
  Name& made = names_[std::min(count, kMaxNames - 1)];
  uint32_t words = type == Type::histogram ? static_cast<uint32_t>(bounds.size()) + 2 : 1;
  if (count >= kMaxNames || word + words > kWordsPerSlot) {
    return Error(ErrorKind::config, concat("no room for metric \"", name, '"'), ErrorSource::config);
  }
  copy_text(name, made.name);
  copy_text(help, made.help);
  std::copy(bounds.begin(), bounds.end(), made.bounds);
  made.word = static_cast<uint16_t>(word);
  made.bounds_count = static_cast<uint16_t>(bounds.size());
  made.type = type;
  header_->names.store(count + 1);
  return &made;
}

void Metrics::observe(Histogram histogram, double value) {
  uint32_t bucket = 0;
  while (bucket < histogram.bounds_count && value > histogram.bounds[bucket]) ++bucket;
  store(histogram.word + bucket, load(histogram.word + bucket) + 1);
  uint32_t total = histogram.word + histogram.bounds_count + 1u;
  store(total, std::bit_cast<uint64_t>(std::bit_cast<double>(load(total)) + value));
}

uint64_t Metrics::sum(uint32_t word) const {
  uint64_t total = 0;
  for (uint32_t slot = 0; slot < header_->slots.load(); ++slot) {
    total += std::atomic_ref<uint64_t>(slots_[size_t(slot) * kWordsPerSlot + word])
                 .load(std::memory_order_relaxed);
  }
  return total;
}

double Metrics::sum_as_double(uint32_t word) const {
  double total = 0;
  for (uint32_t slot = 0; slot < header_->slots.load(); ++slot) {
    auto bits = std::atomic_ref<uint64_t>(slots_[size_t(slot) * kWordsPerSlot + word])
                    .load(std::memory_order_relaxed);
    total += std::bit_cast<double>(bits);
  }
  return total;
}

void Metrics::reset_gauges(uint32_t slot) {
  for (const Name& name : std::span(names_, header_->names.load())) {
    if (name.type != Type::gauge) continue;
    std::atomic_ref<uint64_t>(slots_[size_t(slot) * kWordsPerSlot + name.word])
        .store(0, std::memory_order_relaxed);
  }
}

// Metrics of one family follow each other, whatever the order in which they were declared.
std::string Metrics::render_prometheus() const {
  static constexpr std::string_view kTypes[] = {"counter", "gauge", "histogram"};
  std::vector<const Name*> sorted;
  for (const Name& name : std::span(names_, header_->names.load())) sorted.push_back(&name);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Name* a, const Name* b) { return a->family() < b->family(); });
  std::string out;
  std::string_view family;
  for (const Name* name : sorted) {
    if (name->family() != family) {
      family = name->family();
      out += concat("# HELP ", family, ' ');
      append_help(out, name->help);
      out += concat("\n# TYPE ", family, ' ', kTypes[static_cast<size_t>(name->type)], '\n');
    }
    render_one(out, *name);
  }
  return out;
}

void Metrics::render_one(std::string& out, const Name& name) const {
  if (name.type == Type::counter) {
    out += concat(name.full(), ' ', sum(name.word), '\n');
    return;
  }
  if (name.type == Type::gauge) {
    out += concat(name.full(), ' ', static_cast<int64_t>(sum(name.word)), '\n');
    return;
  }
  std::string_view labels = name.labels();
  std::string opened = labels.empty() ? "{" : concat(labels.substr(0, labels.size() - 1), ',');
  uint64_t below = 0;
  for (uint32_t i = 0; i <= name.bounds_count; ++i) {
    below += sum(name.word + i);
    out += concat(name.family(), "_bucket", opened, "le=\"");
    if (i < name.bounds_count)
      append_number(out, name.bounds[i]);
    else
      out += "+Inf";
    out += concat("\"} ", below, '\n');
  }
  out += concat(name.family(), "_sum", labels, ' ');
  append_number(out, sum_as_double(name.word + name.bounds_count + 1u));
  out += concat('\n', name.family(), "_count", labels, ' ', below, '\n');
}

}  // namespace sluice
