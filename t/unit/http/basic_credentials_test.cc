#include <sluice/http/basic_credentials.h>

#include <string>

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;

namespace {

std::string read(std::string_view field) {
  Arena arena;
  const auto found = basic_credentials(field, arena);
  return found ? std::string(found->user) + " and " + std::string(found->password) : "";
}

}  // namespace

TEST_CASE("a name and a password, or nothing") {
  REQUIRE(read("Basic YTpi") == "a and b");
  REQUIRE(read("bASIC   YTpi ") == "a and b");
  REQUIRE(read("Basic YTo=") == "a and ");
  REQUIRE(read("Basic YTpiOmM=") == "a and b:c");
  for (std::string_view bad : {"", "Basic", "Basic ", "Basic !!", "Basic YQ==", "Basic OmI=", "Bearer YTpi", "BasicYTpi", "Basic YTpi,x"}) {
    INFO(bad);
    REQUIRE(read(bad) == "");
  }
}
