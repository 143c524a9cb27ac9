#include "../test.h"
#include "building.h"

using namespace sluice;
using namespace sluice::test;

namespace {

const Location& at(const Building& building, std::string_view path) {
  FakeExchange exchange(building);
  bool redirect = false;
  return *building.server().locations->find(path, exchange, redirect);
}

// A module with a scalar, a list and something that nested locations do not inherit.
struct ProbeConf {
  uint64_t number = 1;
  std::vector<std::string> list;
  std::string own;
  void enter_block() { own.clear(); }
};

Result<void> add_item(DirectiveUse& use) {
  use.conf_as<ProbeConf>().list.emplace_back(use.arg(0));
  return {};
}
Result<void> set_own(DirectiveUse& use) {
  use.conf_as<ProbeConf>().own = use.arg(0);
  return {};
}

class Script final : public PhaseHandler {
 public:
  explicit Script(std::string name) : name_(std::move(name)) {}
  Task<Outcome> run(Exchange&) const override { return Outcome::next(); }
  std::string_view name() const override { return name_; }

 private:
  std::string name_;
};

Result<void> add_script(DirectiveUse& use) {
  use.block.add_script(std::make_unique<Script>(std::string(use.arg(0))));
  return {};
}
Result<void> set_content(DirectiveUse& use) {
  use.block.set_content(std::make_unique<Script>(std::string(use.arg(0))));
  return {};
}

constexpr uint32_t kEverywhere = kHttp | kServer | kLocation;
constexpr Directive kProbeRows[] = {
    rows::number<&ProbeConf::number>("probe_number", kEverywhere, "1", ""),
    {"probe_list", kEverywhere, 1, 1, BlockShape::none, Repeat::list, add_item,
     [](void* conf) { static_cast<ProbeConf*>(conf)->list.clear(); }, "", ""},
    {"probe_own", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_own, nullptr, "", ""},
    {"probe_script", kServer | kLocation, 1, 1, BlockShape::none, Repeat::any, add_script, nullptr, "", ""},
    {"probe_content", kLocation, 1, 1, BlockShape::none, Repeat::any, set_content, nullptr, "", ""},
};

class Probe final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override {
    slot = declarations.location_conf<ProbeConf>();
    declarations.directives(kProbeRows);
  }
  Result<void> finish_location(BlockScope& scope, const void* conf) override {
    const auto& own = *static_cast<const ProbeConf*>(conf);
    scope.add_handler(Phase::rewrite, HandlerOrder::tail, std::make_shared<Script>(concat("tail", own.number)));
    scope.add_handler(Phase::rewrite, HandlerOrder::early, std::make_shared<Script>("early"));
    return {};
  }
  uint32_t slot = 0;
};

struct WithProbe {
  std::shared_ptr<Probe> probe = std::make_shared<Probe>();
  Building building;
  explicit WithProbe(std::string text) : building(std::move(text), {{"probe", "", probe, true}}) {}
  const ProbeConf& conf(const Location& location) const { return *static_cast<const ProbeConf*>(location.module_conf(probe->slot)); }
};

std::vector<std::string> names(const Location& location, Phase phase) {
  std::vector<std::string> all;
  for (const auto* handler : location.phases[static_cast<size_t>(phase)]) all.emplace_back(handler->name());
  return all;
}

}  // namespace

TEST_CASE("a block has its parent's values unless it sets its own, wherever they stand") {
  Building building(R"(
    http {
      server {
        listen 80;
        location /a { location /a/b { send_timeout 3s; } }
        location /c { client_max_body_size 2g; }
        send_timeout 2s;
      }
      client_max_body_size 5m;
      keepalive_timeout 10s 9s;
    })");
  REQUIRE(building.error() == "");
  CHECK(building.server().root.core.send_timeout == Milliseconds(2000));
  CHECK(at(building, "/a").core.send_timeout == Milliseconds(2000));
  CHECK(at(building, "/a/b").core.send_timeout == Milliseconds(3000));
  CHECK(at(building, "/a/b").core.client_max_body_size == 5u << 20);
  CHECK(at(building, "/c").core.client_max_body_size == uint64_t{2} << 30);
  CHECK(at(building, "/c").core.keepalive_header == Milliseconds(9000));
  CHECK(building.server().keepalive_timeout == Milliseconds(10000));
}

TEST_CASE("a list is inherited only by blocks without lines of their own") {
  Building building(R"(
    http {
      error_page 500 502 /50x;
      server { location /a { error_page 404 =200 @x; error_page 403 = /y; } location /b { } }
    })");
  REQUIRE(building.error() == "");
  REQUIRE(at(building, "/a").core.error_pages.size() == 2);
  CHECK(at(building, "/a").core.error_pages[0].status == 404);
  CHECK(at(building, "/a").core.error_pages[0].overwrite == 200);
  CHECK(at(building, "/a").core.error_pages[1].overwrite == 0);
  REQUIRE(at(building, "/b").core.error_pages.size() == 2);
  CHECK(at(building, "/b").core.error_pages[1].status == 502);
  CHECK(at(building, "/b").core.error_pages[1].overwrite == -1);
}

TEST_CASE("internal is inherited, so that no location inside is open to clients") {
  Building building("http { server { location /a { internal; location /a/b { } } } }");
  REQUIRE(building.error() == "");
  CHECK(at(building, "/a").core.internal);
  CHECK(at(building, "/a/b").core.internal);
}

TEST_CASE("access logs: the default, off, and one's own") {
  Building building(R"(
    http {
      log_format short $uri;
      server {
        location /default { }
        location /off { access_log off; }
        location /own { access_log logs/a.log short; access_log /b.log later; }
      }
      log_format later $host;
    })");
  REQUIRE(building.error() == "");
  CHECK(at(building, "/default").core.access_logs.size() == 1);
  CHECK(at(building, "/off").core.access_logs.empty());
  CHECK(at(building, "/own").core.access_logs.size() == 2);
  CHECK(building.builder().log_paths() ==
        std::vector<std::string>{"/prefix/logs/access.log", "/prefix/logs/a.log", "/b.log", "/prefix/logs/error.log"});
}

TEST_CASE("limits of a server come from it or from http") {
  Building building("http { large_client_header_buffers 2 1k; server { underscores_in_headers on; client_header_timeout 1s; } server { } }");
  REQUIRE(building.error() == "");
  CHECK(building.server(0).large_client_header_bytes == 1024);
  CHECK(building.server(0).client_header_bytes == 2048);
  CHECK(building.server(0).underscores_in_headers);
  CHECK(building.server(0).client_header_timeout == Milliseconds(1000));
  CHECK_FALSE(building.server(1).underscores_in_headers);
  CHECK(building.server(1).client_header_bytes == 2048);
}

TEST_CASE("a module's struct follows the blocks") {
  WithProbe with(R"(
    http {
      probe_list a; probe_list b; probe_own http;
      server {
        probe_number 2;
        location /same { probe_own x; location /same/inner { } }
        location /list { probe_list c; }
      }
    })");
  REQUIRE(with.building.error() == "");
  const auto& same = with.conf(at(with.building, "/same"));
  CHECK(same.number == 2);
  CHECK(same.list == std::vector<std::string>{"a", "b"});
  CHECK(same.own == "x");
  CHECK(with.conf(at(with.building, "/same/inner")).own.empty());
  CHECK(with.conf(at(with.building, "/same/inner")).number == 2);
  CHECK(with.conf(at(with.building, "/list")).list == std::vector<std::string>{"c"});
  CHECK(with.conf(with.building.server().root).own.empty());
}

TEST_CASE("handlers stand in their order, scripts in that of the file and in their own block only") {
  WithProbe with(R"(
    http {
      server {
        probe_script s1;
        location /a { probe_script one; probe_content x; probe_script two; probe_content y; location /a/b { } }
      }
    })");
  REQUIRE(with.building.error() == "");
  const Location& a = at(with.building, "/a");
  CHECK(names(a, Phase::rewrite) == std::vector<std::string>{"one", "two", "early", "tail1"});
  CHECK(names(a, Phase::content) == std::vector<std::string>{"y"});
  CHECK(names(at(with.building, "/a/b"), Phase::rewrite) == std::vector<std::string>{"early", "tail1"});
  CHECK(names(at(with.building, "/a/b"), Phase::content).empty());
  CHECK(names(with.building.server().root, Phase::server_rewrite) == std::vector<std::string>{"s1"});
}
