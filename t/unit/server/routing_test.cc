#include "../test.h"
#include "building.h"

using namespace sluice;
using namespace sluice::test;

namespace {

// The name of the location that a path gets; "root" for none, with "/>" when it redirects to the path with a slash.
std::string location_of(const Building& building, std::string_view path, FakeExchange& exchange) {
  bool redirect = false;
  const Location* found = building.server().locations->find(path, exchange, redirect);
  if (found == nullptr) return "root";
  return redirect ? found->name + "/>" : found->name;
}

std::string server_of(Building& building, std::string_view host) {
  FakeExchange exchange(building);
  return building.hosts().find(host, exchange)->primary_name;
}

struct Case {
  const char* path;
  const char* location;
};

}  // namespace

TEST_CASE("a location is chosen by nginx's rules") {
  Building building(R"(
    http {
      access_log off;
      server {
        location = /exact { }
        location /exact { }
        location / { }
        location /images/ { }
        location /images/big/ { location ~ \.jpeg$ { } location /images/big/nested { } }
        location ^~ /static/ { }
        location ~ \.(gif|jpe?g)$ { }
        location ~* \.PNG$ { }
        location =/glued { }
        location ~^/patterns/ { location ~ \.txt$ { } }
        location ^~ /keep { location ~ \.gif$ { } }
      }
    })");
  REQUIRE(building.error() == "");
  const Case cases[] = {
      {"/exact", "= /exact"},
      {"/exact/more", "/exact"},
      {"/", "/"},
      {"/index.html", "/"},
      {"/images/x", "/images/"},
      {"/images/x.gif", "~ \\.(gif|jpe?g)$"},
      {"/images/big/x.jpeg", "~ \\.jpeg$"},
      {"/images/big/nested/x", "/images/big/nested"},
      {"/images/big/nested/x.gif", "~ \\.(gif|jpe?g)$"},
      {"/static/x.gif", "^~ /static/"},
      {"/x.png", "~* \\.PNG$"},
      {"/glued", "= /glued"},
      {"/patterns/x", "~ ^/patterns/"},
      {"/patterns/x.txt", "~ \\.txt$"},
      {"/keep/x.gif", "~ \\.gif$"},
      {"/keep/x.jpg", "^~ /keep"},
      {"/image", "/"},
      {"", "root"},
  };
  FakeExchange exchange(building);
  for (const Case& c : cases) {
    INFO(c.path);
    CHECK(location_of(building, c.path, exchange) == c.location);
  }
}

TEST_CASE("a path without locations gets the server's root") {
  Building building("http { server { location /a { } } }");
  FakeExchange exchange(building);
  CHECK(location_of(building, "/b", exchange) == "root");
}

TEST_CASE("the longest prefix is found among many that share beginnings") {
  std::string text = "http { server {\n";
  for (const char* path : {"/a", "/ab", "/abc/d", "/abd", "/b/", "/a/b/c", "/a-b", "/a/", "/a/b"}) text += concat("location ", path, " { }\n");
  Building building(text + "} }");
  REQUIRE(building.error() == "");
  FakeExchange exchange(building);
  CHECK(location_of(building, "/abc/x", exchange) == "/ab");
  CHECK(location_of(building, "/abc/d", exchange) == "/abc/d");
  CHECK(location_of(building, "/abz", exchange) == "/ab");
  CHECK(location_of(building, "/az", exchange) == "/a");
  CHECK(location_of(building, "/a/b/", exchange) == "/a/b");
  CHECK(location_of(building, "/a/b/c/d", exchange) == "/a/b/c");
  CHECK(location_of(building, "/a/z", exchange) == "/a/");
  CHECK(location_of(building, "/b", exchange) == "root");
  CHECK(location_of(building, "/\xff", exchange) == "root");
}

TEST_CASE("named locations are found by name and never by path") {
  Building building("http { server { location @fallback { } } }");
  REQUIRE(building.error() == "");
  FakeExchange exchange(building);
  CHECK(building.server().locations->find_named("@fallback") != nullptr);
  CHECK(building.server().locations->find_named("@other") == nullptr);
  CHECK(location_of(building, "@fallback", exchange) == "root");
}

TEST_CASE("a redirecting location takes the path without its slash") {
  LocationLevel level;
  for (const char* text : {"/a", "/a-b", "/a/", "/dir/", "/dir-x", "/plain/"}) {
    auto node = std::make_unique<LocationNode>();
    node->text = text;
    node->location.name = text;
    node->location.auto_redirect = std::string_view(text) != "/plain/" && node->text.back() == '/';
    REQUIRE(level.add(std::move(node)));
  }
  level.seal();
  Building building("http { server { } }");
  FakeExchange exchange(building);
  CHECK(level.find("/dir", exchange).redirect_to_slash);
  CHECK(level.find("/dir", exchange).location->name == "/dir/");
  CHECK_FALSE(level.find("/a", exchange).redirect_to_slash);
  CHECK(level.find("/plain", exchange).location == nullptr);
  CHECK_FALSE(level.find("/dir/", exchange).redirect_to_slash);
}

TEST_CASE("a server is chosen by nginx's rules for names") {
  Building building(R"(
    http {
      server { listen 8080; server_name first; }
      server { listen 8080; server_name EXACT.example.com; }
      server { listen 8080; server_name *.example.com; }
      server { listen 8080; server_name *.deep.example.com; }
      server { listen 8080; server_name www.example.*; }
      server { listen 8080; server_name .both.org; }
      server { listen 8080; server_name ~^(?<port>\d+)-(?<sandbox>.+)\.sandbox\.test$; }
      server { listen 8080; server_name ""; }
    })");
  REQUIRE(building.error() == "");
  CHECK(server_of(building, "exact.example.com") == "exact.example.com");
  CHECK(server_of(building, "a.example.com") == "*.example.com");
  CHECK(server_of(building, "a.b.example.com") == "*.example.com");
  CHECK(server_of(building, "a.deep.example.com") == "*.deep.example.com");
  CHECK(server_of(building, "deep.example.com") == "*.example.com");
  CHECK(server_of(building, "example.com") == "first");
  CHECK(server_of(building, "www.example.net") == "www.example.*");
  CHECK(server_of(building, "both.org") == "both.org");
  CHECK(server_of(building, "x.both.org") == "both.org");
  CHECK(server_of(building, "nobody") == "first");
  CHECK(server_of(building, "") == "");
}

TEST_CASE("groups of a server's pattern become captures and variables") {
  Building building(R"(
    http {
      server { listen 8080; server_name ~^(?<port>\d+)-(?<sandbox>\w+)\.sandbox\.test$; }
    })");
  REQUIRE(building.error() == "");
  FakeExchange exchange(building);
  REQUIRE(building.hosts().find("3000-abc.sandbox.test", exchange) == &building.server());
  CHECK(exchange.read("port") == "3000");
  CHECK(exchange.read("sandbox") == "abc");
  CHECK(exchange.read("1") == "3000");
  CHECK(exchange.read("2") == "abc");
  CHECK(exchange.read("3") == "not found");
}

TEST_CASE("the default server is the marked one, else the first") {
  Building building("http { server { listen 81; server_name a; } server { listen 81 default_server; server_name b; }"
                    " server { listen 82; server_name c; } server { listen 82; server_name d; } }");
  REQUIRE(building.error() == "");
  CHECK(building.hosts(0).default_server()->primary_name == "b");
  CHECK(building.hosts(1).default_server()->primary_name == "c");
}

TEST_CASE("listening addresses are kept once and in order, with their options") {
  Building building("http { server { listen 127.0.0.1:81 backlog=7; listen [::1]:82 ipv6only=off; listen unix:/tmp/x; }"
                    " server { listen 127.0.0.1:81; } }");
  REQUIRE(building.error() == "");
  REQUIRE(building.builder().listeners().size() == 3);
  CHECK(building.listen(0).text == "127.0.0.1:81");
  CHECK(building.listen(0).backlog == 7);
  CHECK(building.listen(1).text == "[::1]:82");
  CHECK_FALSE(building.listen(1).ipv6only);
  CHECK(building.listen(2).text == "unix:/tmp/x");
}

TEST_CASE("a name that another server has is ignored with a warning") {
  Building building("http { server { listen 80; server_name x; }\n server { listen 80; server_name x; } }");
  REQUIRE(building.error() == "");
  REQUIRE(building.builder().warnings().size() == 1);
  CHECK(building.builder().warnings()[0] == "conflicting server name \"x\" on 0.0.0.0:80, ignored in /p.conf:2");
}
