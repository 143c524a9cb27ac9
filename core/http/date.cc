#include <sluice/http/date.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

void two_digits(char* out, int value) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
}

// Takes the parts of a date from its text, one after the other; a part that does not fit makes it fail.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : text_(text) {}

  bool failed() const { return failed_; }
  bool has_next(char c) const { return text_.starts_with(c); }

  void literal(char expected) {
    if (!has_next(expected)) return fail();
    text_.remove_prefix(1);
  }
  void skip_spaces() { text_.remove_prefix(std::min(text_.find_first_not_of(' '), text_.size())); }
  int number(size_t digits) {
    auto value = text_.size() < digits ? std::nullopt : parse_uint(text_.substr(0, digits));
    if (!value) {
      fail();
      return 0;
    }
    text_.remove_prefix(digits);
    return static_cast<int>(*value);
  }
  // asctime pads the day with a space.
  int padded_number() {
    if (!has_next(' ')) return number(2);
    text_.remove_prefix(1);
    return number(1);
  }
  int month() {
    constexpr size_t kLetters = 3;
    size_t at = text_.size() < kLetters ? std::string_view::npos : kMonths.find(text_.substr(0, kLetters));
    if (at == std::string_view::npos || at % kLetters != 0) {
      fail();
      return 0;
    }
    text_.remove_prefix(kLetters);
    return static_cast<int>(at / kLetters);
  }
  void clock(tm& date) {
    date.tm_hour = number(2);
    literal(':');
    date.tm_min = number(2);
    literal(':');
    date.tm_sec = number(2);
  }

 private:
  void fail() {
    failed_ = true;
    text_ = {};
  }
  std::string_view text_;
  bool failed_ = false;
};

constexpr int kEpochYear = 1900;  // of struct tm

// "06 Nov 1994 08:49:37", or "06-Nov-94 08:49:37": years below 70 are of this century.
void read_day_first(DateReader& reader, tm& date) {
  date.tm_mday = reader.number(2);
  const char separator = reader.has_next('-') ? '-' : ' ';
  reader.literal(separator);
  date.tm_mon = reader.month();
  reader.literal(separator);
  const int year = separator == '-' ? reader.number(2) : reader.number(4) - kEpochYear;
  date.tm_year = separator == '-' && year < 70 ? year + 100 : year;
  reader.literal(' ');
  reader.clock(date);
}

// "Nov  6 08:49:37 1994"
void read_month_first(DateReader& reader, tm& date) {
  date.tm_mon = reader.month();
  reader.literal(' ');
  date.tm_mday = reader.padded_number();
  reader.literal(' ');
  reader.clock(date);
  reader.literal(' ');
  date.tm_year = reader.number(4) - kEpochYear;
}

int days_of_month(const tm& date) {
  constexpr int kDaysOfMonth[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int year = date.tm_year + kEpochYear;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDaysOfMonth[date.tm_mon] + (date.tm_mon == 1 && leap ? 1 : 0);
}

bool in_range(const tm& date) {
  return date.tm_mday >= 1 && date.tm_mday <= days_of_month(date) && date.tm_hour < 24 && date.tm_min < 60 && date.tm_sec < 60 && date.tm_year >= 70;
}

}  // namespace

void format_http_date(int64_t unix_seconds, char out[kHttpDateBytes]) {
  tm date{};
  time_t seconds = unix_seconds;
  gmtime_r(&seconds, &date);
  std::memcpy(out, "Xxx, 00 Xxx 0000 00:00:00 GMT", kHttpDateBytes);
  std::memcpy(out, kDays.data() + date.tm_wday * 3, 3);
  two_digits(out + 5, date.tm_mday);
  std::memcpy(out + 8, kMonths.data() + date.tm_mon * 3, 3);
  const int year = date.tm_year + kEpochYear;
  two_digits(out + 12, year / 100 % 100);
  two_digits(out + 14, year % 100);
  two_digits(out + 17, date.tm_hour);
  two_digits(out + 20, date.tm_min);
  two_digits(out + 23, date.tm_sec);
}

std::optional<int64_t> parse_http_date(std::string_view text) {
  const size_t after_day = text.find_first_of(", ");
  if (after_day == std::string_view::npos) return {};
  DateReader reader(text.substr(after_day + 1));
  reader.skip_spaces();
  tm date{};
  text[after_day] == ',' ? read_day_first(reader, date) : read_month_first(reader, date);
  if (reader.failed() || !in_range(date)) return {};
  return timegm(&date);
}

}  // namespace sluice
