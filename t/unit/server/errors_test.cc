#include "../test.h"
#include "building.h"

using namespace sluice;
using namespace sluice::test;

namespace {

struct Case {
  const char* text;
  const char* error;  // first line, without " in /p.conf:1"
};

// Mistakes inside http { server { ... } }.
const Case kServerCases[] = {
    {"lisen 80;", "unknown directive \"lisen\""},
    {"daemon on;", "\"daemon\" directive is not allowed here"},
    {"listen 80 { }", "directive \"listen\" is not terminated by \";\""},
    {"location /a;", "directive \"location\" has no opening \"{\""},
    {"merge_slashes on off;", "invalid number of arguments in \"merge_slashes\" directive"},
    {"listen;", "invalid number of arguments in \"listen\" directive"},
    {"merge_slashes yes;", "invalid value \"yes\" in \"merge_slashes\" directive, it must be \"on\" or \"off\""},
    {"merge_slashes on; merge_slashes on;", "\"merge_slashes\" directive is duplicate"},
    {"send_timeout soon;", "\"send_timeout\" directive invalid value"},
    {"keepalive_timeout 5s soon;", "\"keepalive_timeout\" directive invalid value"},
    {"keepalive_requests many;", "\"keepalive_requests\" directive invalid number"},
    {"client_max_body_size 1x;", "\"client_max_body_size\" directive invalid value"},
    {"large_client_header_buffers 0 8k;", "\"large_client_header_buffers\" directive invalid value"},
    {"location /a { } location /a { }", "duplicate location \"/a\""},
    {"location /a { } location ^~ /a { }", "duplicate location \"/a\""},
    {"location = /a { } location =/a { }", "duplicate location \"/a\""},
    {"location @a { } location @a { }", "duplicate location \"@a\""},
    {"location /a/ { location /b { } }", "location \"/b\" is outside location \"/a/\""},
    {"location = /a { location /a/b { } }", "location \"/a/b\" cannot be inside the exact location \"/a\""},
    {"location @a { location /b { } }", "location \"/b\" cannot be inside the named location \"@a\""},
    {"location /a { location @b { } }", "named location \"@b\" can be on the server level only"},
    {"location ! /a { }", "invalid location modifier \"!\""},
    {"location ~ ( { }", "pcre2_compile() failed: missing closing parenthesis in \"(\""},
    {"location ~ a)b { }", "pcre2_compile() failed: unmatched closing parenthesis in \"a)b\" at \")b\""},
    {"server_name ~;", "empty regex in server name \"~\""},
    {"server_name a*b;", "invalid server name or wildcard \"a*b\" on 0.0.0.0:80"},
    {"server_name *.*;", "invalid server name or wildcard \"*.*\" on 0.0.0.0:80"},
    {"server_name ~(?<uri>.);", "the duplicate \"uri\" variable"},
    {"listen 80 ssl;", "the \"ssl\" parameter of \"listen\" is not supported yet"},
    {"listen 80 http2;", "the \"http2\" parameter of \"listen\" is not supported yet"},
    {"listen 80 quic;", "the \"quic\" parameter of \"listen\" is not supported yet"},
    {"listen 80 so_keepalive=on;", "the \"so_keepalive\" parameter of \"listen\" is not supported yet"},
    {"listen 80 sll;", "invalid parameter \"sll\""},
    {"listen 80 backlog=x;", "invalid backlog \"x\""},
    {"listen 80 ipv6only=x;", "invalid ipv6only flags \"x\""},
    {"listen 70000;", "invalid port in \"70000\" of the \"listen\" directive"},
    {"listen 80; listen 80;", "a duplicate listen 0.0.0.0:80"},
    {"error_page 404;", "invalid number of arguments in \"error_page\" directive"},
    {"error_page x /a;", "invalid value \"x\""},
    {"error_page 200 /a;", "value \"200\" must be between 300 and 599"},
    {"error_page 404 =x /a;", "invalid value \"=x\""},
    {"error_page =200 /a;", "invalid value \"=200\""},
    {"error_page 404 /$;", "invalid variable name"},
    {"error_page 404 /${a;", "the closing bracket in \"a\" variable is missing"},
    {"error_page 404 /$nowhere;", "unknown \"nowhere\" variable"},
    {"error_log x loud;", "invalid log level \"loud\""},
    {"error_log syslog:server=x;", "invalid address \"x\" in syslog server (an address is needed, names are not looked up)"},
    {"access_log x nothing;", "unknown log format \"nothing\""},
    {"access_log x combined buffer=0;", "invalid buffer size \"0\""},
    {"access_log x combined flush=5s;", "no buffer is defined for access_log \"x\""},
    {"access_log x combined buffer=1k flush=x;", "invalid flush time \"x\""},
    {"access_log x combined what=x;", "invalid parameter \"what=x\""},
    {"access_log off x;", "invalid parameter \"x\""},
    {"access_log x combined gzip;", "the \"gzip\" parameter of \"access_log\" is not supported"},
    {"access_log syslog:server=x;", "invalid address \"x\" in syslog server (an address is needed, names are not looked up)"},
    {"access_log logs/$host.log combined buffer=1k;", "buffered logs cannot have variables in name"},
    {"lingering_close always;", "the value \"always\" of \"lingering_close\" is not supported, only \"on\""},
    {"root /var/www;", "unknown directive \"root\""},
    {"types_hash_max_size 1024;", "unknown directive \"types_hash_max_size\""},
};

const Case kMainCases[] = {
    {"worker_processes many;", "\"worker_processes\" directive invalid number"},
    {"worker_processes 0;", "\"worker_processes\" directive invalid number"},
    {"events { use kqueue; }", "invalid event type \"kqueue\", sluice has epoll alone"},
    {"events { worker_connections x; }", "invalid number \"x\" in \"worker_connections\" directive"},
    {"events { } events { }", "\"events\" directive is duplicate"},
    {"env =x;", "invalid value \"=x\""},
    {"http { log_format main escape=xml $uri; }", "unknown log format escaping \"xml\""},
    {"http { log_format a $uri; log_format a $uri; }", "duplicate \"log_format\" name \"a\""},
    {"http { log_format combined $uri; }", "duplicate \"log_format\" name \"combined\""},
    {"http { server { listen 80 default_server; } server { listen 80 default_server; } }",
     "a duplicate default server for 0.0.0.0:80"},
    {"http { server { listen 80 backlog=1; } server { listen 80 backlog=2; } }", "duplicate listen options for 0.0.0.0:80"},
    {"http { location / { } }", "\"location\" directive is not allowed here"},
    {"server { }", "\"server\" directive is not allowed here"},
};

void check_case(const std::string& text, const char* error) {
  Building building(text);
  INFO(text);
  CHECK(building.first_line() == concat(error, " in /p.conf:1"));
}

}  // namespace

TEST_CASE("every mistake in a server is reported with nginx's words") {
  for (const Case& c : kServerCases) {
    // Names are judged per address, which must not depend on who runs the test.
    std::string_view listen = std::string_view(c.text).starts_with("server_name") ? "listen 80; " : "";
    check_case(concat("http { server { ", listen, c.text, " } }"), c.error);
  }
}

TEST_CASE("every mistake on the main level is reported with nginx's words") {
  for (const Case& c : kMainCases) check_case(c.text, c.error);
}

TEST_CASE("all mistakes are reported at once, each with its line") {
  Building building("http {\n  server {\n    lisen 80;\n    location /a { internal on; }\n  }\n}\ndeamon on;\n");
  CHECK(building.error().find("unknown directive \"deamon\" in /p.conf:7") == 0);
  CHECK(building.error().find("\nunknown directive \"lisen\" in /p.conf:3\n") != std::string::npos);
  CHECK(building.error().find("\ninvalid number of arguments in \"internal\" directive in /p.conf:4\n") != std::string::npos);
}

TEST_CASE("an unknown directive comes with the source line and a suggestion") {
  Building building("http {\n  server {\n    lisen 80;\n  }\n}\n");
  CHECK(building.error().find("lisen 80;") != std::string::npos);
  CHECK(building.error().find("did you mean \"listen\"?") != std::string::npos);
}

TEST_CASE("top-level blocks may come in any order") {
  Building building("http { server { listen 80; } } events { worker_connections 7; } daemon off;");
  REQUIRE(building.error() == "");
  CHECK(building.builder().main().worker_connections == 7);
  CHECK_FALSE(building.builder().main().daemon);
}
