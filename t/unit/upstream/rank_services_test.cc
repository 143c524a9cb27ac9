#include "upstream/name_watch.h"

#undef CHECK
#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;

namespace {

std::string ranked(const std::vector<ServiceRecord>& records, bool line_is_backup) {
  std::string text;
  for (const RankedService& service : rank_services(records, line_is_backup)) text += service.record->host + (service.backup ? "(backup) " : " ");
  return text;
}

}  // namespace

TEST_CASE("the lowest priority is primary, the others are backup") {
  const std::vector<ServiceRecord> records = {{20, 1, 80, "late"}, {10, 1, 80, "a"}, {10, 2, 80, "b"}, {30, 1, 80, "last"}};
  REQUIRE(ranked(records, false) == "late(backup) a b last(backup) ");
}

TEST_CASE("of a backup line only the lowest priority counts, as backup") {
  const std::vector<ServiceRecord> records = {{20, 1, 80, "late"}, {10, 1, 80, "a"}};
  REQUIRE(ranked(records, true) == "a(backup) ");
}

TEST_CASE("no records are no services") { REQUIRE(ranked({}, false).empty()); }
