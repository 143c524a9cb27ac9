#include <sluice/conf/units.h>

#include <catch2/catch.hpp>

using namespace sluice;

namespace {

struct SizeCase {
  const char* text;
  std::optional<int64_t> bytes;
};
struct TimeCase {
  const char* text;
  std::optional<int64_t> ms;
  std::optional<int64_t> s;
};

constexpr int64_t kDay = 86400;
constexpr std::nullopt_t kRefused = std::nullopt;

}  // namespace

TEST_CASE("sizes and offsets are digits with at most one of k, m, g") {
  const SizeCase cases[] = {
      {"0", 0},
      {"1", 1},
      {"512", 512},
      {"8k", 8192},
      {"8K", 8192},
      {"1m", 1 << 20},
      {"1M", 1 << 20},
      {"1g", 1 << 30},
      {"2G", int64_t{2} << 30},
      {"007", 7},
      {"9223372036854775807", INT64_MAX},
      {"9223372036854775808", kRefused},
      {"9007199254740991k", 9007199254740991 * 1024},
      {"9007199254740992k", kRefused},
      {"8589934591g", int64_t{8589934591} << 30},
      {"8589934592g", kRefused},
      {"99999999999999999999", kRefused},
      {"", kRefused},
      {"k", kRefused},
      {"-1", kRefused},
      {"+1", kRefused},
      {"1.5m", kRefused},
      {"1 k", kRefused},
      {" 1", kRefused},
      {"1kb", kRefused},
      {"1t", kRefused},
      {"k1", kRefused},
      {"0x10", kRefused},
      {"off", kRefused},
  };
  for (const auto& c : cases) {
    INFO(c.text);
    CHECK(parse_offset(c.text) == c.bytes);
    std::optional<size_t> size;
    if (c.bytes) size = static_cast<size_t>(*c.bytes);
    CHECK(parse_size(c.text) == size);
  }
}

TEST_CASE("times follow nginx's units, from coarse to fine") {
  const TimeCase cases[] = {
      {"0", 0, 0},
      {"5", 5000, 5},
      {"5s", 5000, 5},
      {"1m", 60000, 60},
      {"1h", 3600000, 3600},
      {"1d", kDay * 1000, kDay},
      {"1w", 7 * kDay * 1000, 7 * kDay},
      {"1M", kRefused, 30 * kDay},
      {"1y", kRefused, 365 * kDay},
      {"1y6M", kRefused, (365 + 180) * kDay},
      {"500ms", 500, kRefused},
      {"1s500ms", 1500, kRefused},
      {"1m 500ms", 60500, kRefused},
      {"1h 30m", 5400000, 5400},
      {"1h   30m", 5400000, 5400},
      {"1d12h", 129600000, 129600},
      {"1w2d3h4m5s", 788645000, 788645},
      {"1m30", 90000, 90},
      {"1s 5", 6000, 6},
      {"1s5", 6000, 6},
      {"1ms5", 5001, kRefused},
      {"1s ", 1000, 1},
      {"5 ", 5000, 5},
      {" 5", 5000, 5},
      {"5 6", 11000, 11},
      {"1d h", kDay * 1000, kDay},
      {"5 m", kRefused, kRefused},
      {"5 6 7", kRefused, kRefused},
      {"1s 5 ", kRefused, kRefused},
      {"30m1h", kRefused, kRefused},
      {"1m1m", kRefused, kRefused},
      {"1s1m", kRefused, kRefused},
      {"1ms1s", kRefused, kRefused},
      {"1M1y", kRefused, kRefused},
      {"1y1y", kRefused, kRefused},
      {"", kRefused, kRefused},
      {" ", kRefused, kRefused},
      {"s", kRefused, kRefused},
      {"-1s", kRefused, kRefused},
      {"1x", kRefused, kRefused},
      {"1S", kRefused, kRefused},
      {"1.5s", kRefused, kRefused},
      {"off", kRefused, kRefused},
      {"1\ts", kRefused, kRefused},
      {"9223372036854775807", kRefused, INT64_MAX},
      {"9223372036854775808", kRefused, kRefused},
      {"9223372036854775s", 9223372036854775 * 1000, 9223372036854775},
      {"9223372036854776s", kRefused, 9223372036854776},
      {"9223372036854775807ms", INT64_MAX, kRefused},
      {"1s9223372036854775807ms", kRefused, kRefused},
      {"292471208678y", kRefused, kRefused},
      {"292471208677y", kRefused, 292471208677 * 365 * kDay},
  };
  for (const auto& c : cases) {
    INFO("\"" << c.text << "\"");
    auto ms = parse_time_ms(c.text);
    auto s = parse_time_s(c.text);
    CHECK((ms ? std::optional<int64_t>(ms->count()) : std::nullopt) == c.ms);
    CHECK((s ? std::optional<int64_t>(s->count()) : std::nullopt) == c.s);
  }
}

TEST_CASE("a flag is on or off in either case") {
  CHECK(parse_flag("on") == true);
  CHECK(parse_flag("ON") == true);
  CHECK(parse_flag("Off") == false);
  for (const char* text : {"", "yes", "no", "1", "0", "true", "on ", "onn"}) {
    INFO(text);
    CHECK(parse_flag(text) == std::nullopt);
  }
}
