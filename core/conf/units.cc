#include <sluice/conf/units.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

// How fine a unit is. A value goes from coarse to fine and never names the same fineness twice.
enum Fineness : int {
  kNothingYet,
  kYear,
  kMonth,
  kWeek,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kMillisecond,
  kBareNumber
};

struct TimeUnit {
  std::string_view name;
  Fineness fineness;
  int64_t milliseconds;
};

constexpr int64_t kSecondMs = 1000, kDayMs = 86'400 * kSecondMs;

// "ms" stands before "m", so that the longer name is found first.
constexpr TimeUnit kTimeUnits[] = {
    {"y", kYear, 365 * kDayMs},     {"M", kMonth, 30 * kDayMs},
    {"w", kWeek, 7 * kDayMs},       {"d", kDay, kDayMs},
    {"h", kHour, 3600 * kSecondMs}, {"ms", kMillisecond, 1},
    {"m", kMinute, 60 * kSecondMs}, {"s", kSecond, kSecondMs},
};

enum class Resolution { milliseconds, seconds };

// Reads one time value; total_ counts in the resolution asked for.
class TimeReader {
 public:
  TimeReader(std::string_view text, Resolution resolution)
      : rest_(text),
        resolution_(resolution),
        reached_(resolution == Resolution::seconds ? kNothingYet : kMonth) {}

  std::optional<int64_t> read() {
    bool any_number = false;
    while (!rest_.empty()) {
      any_number |= is_digit(rest_.front());
      if (!read_number()) return std::nullopt;
      if (rest_.empty()) return add(kSecondMs) ? std::optional(total_) : std::nullopt;
      if (!read_unit()) return std::nullopt;
      skip_spaces();
    }
    return any_number ? std::optional(total_) : std::nullopt;
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  bool read_number() {
    number_ = 0;
    for (; !rest_.empty() && is_digit(rest_.front()); rest_.remove_prefix(1)) {
      if (__builtin_mul_overflow(number_, 10, &number_)) return false;
      if (__builtin_add_overflow(number_, rest_.front() - '0', &number_)) return false;
    }
    return true;
  }

  bool read_unit() {
    if (rest_.front() == ' ') {  // a number that a space follows is seconds, and ends the units
      if (reached_ >= kSecond) return false;
      reached_ = kBareNumber;
      return add(kSecondMs);
    }
    auto unit = std::find_if(std::begin(kTimeUnits), std::end(kTimeUnits),
                             [this](const TimeUnit& u) { return rest_.starts_with(u.name); });
    if (unit == std::end(kTimeUnits) || reached_ >= unit->fineness) return false;
    if (unit->fineness == kMillisecond && resolution_ == Resolution::seconds) return false;
    rest_.remove_prefix(unit->name.size());
    reached_ = unit->fineness;
    return add(unit->milliseconds);
  }

  void skip_spaces() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }

  bool add(int64_t scale_ms) {
    int64_t scale = resolution_ == Resolution::seconds ? scale_ms / kSecondMs : scale_ms;
    int64_t product = 0;
    return !__builtin_mul_overflow(number_, scale, &product) &&
           !__builtin_add_overflow(total_, product, &total_);
  }

  std::string_view rest_;
  Resolution resolution_;
  Fineness reached_;
  int64_t number_ = 0;
  int64_t total_ = 0;
};

int64_t scale_of(char suffix) {
  switch (to_lower(suffix)) {
    case 'k':
      return int64_t{1} << 10;
    case 'm':
      return int64_t{1} << 20;
    case 'g':
      return int64_t{1} << 30;
    default:
      return 1;
  }
}

}  // namespace

std::optional<int64_t> parse_offset(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int64_t scale = scale_of(text.back());
  if (scale != 1) text.remove_suffix(1);
  auto digits = parse_uint(text);
  int64_t bytes = 0;
  if (!digits || __builtin_mul_overflow(*digits, scale, &bytes)) return std::nullopt;
  return bytes;
}

std::optional<size_t> parse_size(std::string_view text) {
  auto bytes = parse_offset(text);
  if (!bytes || static_cast<uint64_t>(*bytes) > std::numeric_limits<size_t>::max()) return std::nullopt;
  return static_cast<size_t>(*bytes);
}

std::optional<std::chrono::milliseconds> parse_time_ms(std::string_view text) {
  auto total = TimeReader(text, Resolution::milliseconds).read();
  if (!total) return std::nullopt;
  return std::chrono::milliseconds(*total);
}

std::optional<std::chrono::seconds> parse_time_s(std::string_view text) {
  auto total = TimeReader(text, Resolution::seconds).read();
  if (!total) return std::nullopt;
  return std::chrono::seconds(*total);
}

std::optional<bool> parse_flag(std::string_view text) {
  if (iequals(text, "on")) return true;
  if (iequals(text, "off")) return false;
  return std::nullopt;
}

}  // namespace sluice
