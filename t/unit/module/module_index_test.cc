#include "module/module_index.h"

#include "../test.h"

using namespace sluice;

TEST_CASE("the index finds files by directive, trigger and provider") {
  auto index = ModuleIndex::parse(
      "module rewrite rewrite.so\ndirective set rewrite.so\n\n# a comment\n"
      "trigger upstream rr.so\nprovider balancer round_robin rr.so\nmodule round_robin rr.so\n");
  REQUIRE(index);
  CHECK(index->files_for_directive("set") == std::vector<std::string>{"rewrite.so"});
  CHECK(index->files_for_directive("upstream") == std::vector<std::string>{"rr.so"});
  CHECK(index->files_for_directive("none").empty());
  REQUIRE(index->file_for_provider("balancer", "round_robin") != nullptr);
  CHECK(index->file_for_provider("balancer", "other") == nullptr);
  CHECK(index->module_of("rewrite.so") == "rewrite");
  CHECK(index->module_of("x.so").empty());
  CHECK(index->directive_names() == std::vector<std::string_view>{"set"});
  CHECK(index->files() == std::vector<std::string>{"rewrite.so", "rr.so"});
}

TEST_CASE("a damaged index is refused with its line") {
  for (const char* text : {"module a a.so\nnonsense x y\n", "module a a.so\ndirective x\n", "module a a.so\nprovider a b\n"}) {
    auto index = ModuleIndex::parse(text);
    REQUIRE_FALSE(index);
    CHECK(index.error().text == "invalid line 2 in module index");
  }
}
