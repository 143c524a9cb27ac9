#include "../test.h"
#include "building.h"
#include "server/log_escape.h"
#include "server/value_compiler.h"

using namespace sluice;
using namespace sluice::test;

namespace {

struct Request {
  Building building{"http { log_format main '$uri $http_x \"$arg_a\"'; log_format j escape=json '{\"a\":\"$http_x\"}';"
                    " server { listen 80; server_name One two; access_log off; } }"};
  FakeExchange x{building};

  Request() {
    x.request().method = Method::get;
    x.request().method_text = "GET";
    x.request().target = "/p?a=1&B=2";
    x.request().line = "GET /p?a=1&B=2 HTTP/1.1";
    x.set_uri("/p");
    x.set_args("a=1&B=2");
  }
  std::string eval(std::string_view text) {
    auto value = ValueCompiler::compile(building.generation()->variables, {}, text);
    return value ? std::string(value->eval(x)) : value.error().text;
  }
};

}  // namespace

TEST_CASE("variables of the request line") {
  Request request;
  REQUIRE(request.building.error() == "");
  CHECK(request.x.read("uri") == "/p");
  CHECK(request.x.read("URI") == "/p");
  CHECK(request.x.read("document_uri") == "/p");
  CHECK(request.x.read("args") == "a=1&B=2");
  CHECK(request.x.read("is_args") == "?");
  CHECK(request.x.read("request_uri") == "/p?a=1&B=2");
  CHECK(request.x.read("request") == "GET /p?a=1&B=2 HTTP/1.1");
  CHECK(request.x.read("request_method") == "GET");
  CHECK(request.x.read("server_protocol") == "HTTP/1.1");
  CHECK(request.x.read("scheme") == "http");
  CHECK(request.x.read("arg_a") == "1");
  CHECK(request.x.read("arg_b") == "2");
  CHECK(request.x.read("arg_c") == "not found");
  CHECK(request.x.read("nonsense") == "unknown");
  CHECK(request.x.read("http_") == "unknown");
}

TEST_CASE("the host is the request's, else the server's first name") {
  Request request;
  CHECK(request.x.read("host") == "one");
  request.x.request().host = "asked";
  CHECK(request.x.read("host") == "asked");
  CHECK(request.x.read("server_name") == "one");
}

TEST_CASE("fields are found with '_' for '-', known or not, and joined") {
  Request request;
  Headers& headers = request.x.request().headers;
  headers.add("X-Forwarded-For", "1.1.1.1");
  headers.add("X-Forwarded-For", "2.2.2.2");
  headers.add("My-Own", "a");
  headers.add("my-OWN", "b");
  headers.add("Cookie", "s=1; t=2");
  headers.add("Cookie", "u=3");
  CHECK(request.x.read("http_x_forwarded_for") == "1.1.1.1, 2.2.2.2");
  CHECK(request.x.read("http_my_own") == "a, b");
  CHECK(request.x.read("http_cookie") == "s=1; t=2; u=3");
  CHECK(request.x.read("cookie_t") == "2");
  CHECK(request.x.read("cookie_x") == "not found");
  CHECK(request.x.read("http_other") == "not found");
  request.x.response().headers.add("Content-Type", "text/css");
  CHECK(request.x.read("sent_http_content_type") == "text/css");
  CHECK(request.x.read("upstream_http_x") == "not found");
}

TEST_CASE("the user of basic authentication") {
  Request request;
  CHECK(request.x.read("remote_user") == "not found");
  request.x.request().headers.set("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(request.x.read("remote_user") == "Aladdin");
  request.x.request().headers.set("Authorization", "Basic ???");
  CHECK(request.x.read("remote_user") == "not found");
}

TEST_CASE("text with variables") {
  Request request;
  CHECK(request.eval("plain") == "plain");
  CHECK(request.eval("") == "");
  CHECK(request.eval("$uri") == "/p");
  CHECK(request.eval("a${uri}b$arg_a-$arg_none.") == "a/pb1-.");
  CHECK(request.eval("$1") == "");
  CHECK(request.eval("$") == "invalid variable name");
  CHECK(request.eval("a$-b") == "invalid variable name");
  CHECK(request.eval("${}") == "invalid variable name");
  CHECK(request.eval("${uri") == "the closing bracket in \"uri\" variable is missing");
  std::string many;
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    many += "$arg_a,";
    expected += "1,";
  }
  CHECK(request.eval(many) == expected);
}

TEST_CASE("a digit ends the name of a capture") {
  Request request;
  static constexpr size_t kOffsets[] = {0, 4, 1, 3};
  request.x.captures = Captures{"abcd", kOffsets};
  CHECK(request.eval("$12") == "bc2");
}

TEST_CASE("args can be set, uri cannot") {
  Request request;
  const Variable* args = request.building.generation()->find_variable("args");
  REQUIRE(args->settable());
  args->set(request.x, "new=1");
  CHECK(request.x.read("arg_new") == "1");
  CHECK_FALSE(request.building.generation()->find_variable("uri")->settable());
}

TEST_CASE("attempts at upstreams are joined") {
  Request request;
  CHECK(request.x.read("upstream_addr") == "not found");
  UpstreamAttemptRecord& first = request.x.add_attempt();
  first.address = "10.0.0.1:80";
  first.status = 502;
  first.connect_us = 1500;
  UpstreamAttemptRecord& second = request.x.add_attempt();
  second.address = "10.0.0.2:80";
  second.status = 200;
  second.connect_us = 2'042'000;
  second.body_bytes = 5;
  CHECK(request.x.read("upstream_addr") == "10.0.0.1:80, 10.0.0.2:80");
  CHECK(request.x.read("upstream_status") == "502, 200");
  CHECK(request.x.read("upstream_connect_time") == "0.001, 2.042");
  CHECK(request.x.read("upstream_header_time") == "-, -");
  CHECK(request.x.read("upstream_response_length") == "0, 5");
}

TEST_CASE("names of families made at run time are bounded") {
  Request request;
  const auto& generation = request.building.generation();
  size_t found = 0;
  for (size_t i = 0; i < VariableTable::kMaxVariables + 100; ++i) {
    if (generation->find_variable(concat("arg_x", i)) != nullptr) ++found;
  }
  CHECK(found > VariableTable::kMaxVariables / 2);
  CHECK(found < VariableTable::kMaxVariables + 100);
  CHECK(generation->find_variable("arg_x1") != nullptr);
}

TEST_CASE("log formats render values, absent ones and escapes") {
  Request request;
  auto& formats = request.building.builder().log_formats();
  auto& variables = request.building.generation()->variables;
  LogText line;
  formats.use(variables, {}, "main")->render(request.x, line);
  CHECK(line.view() == "/p - \"1\"");
  request.x.request().headers.add("X", "a\"b\\c\n\x7f\xc3");
  line.clear();
  formats.use(variables, {}, "main")->render(request.x, line);
  CHECK(line.view() == "/p a\\x22b\\x5Cc\\x0A\\x7F\\xC3 \"1\"");
  line.clear();
  formats.use(variables, {}, "j")->render(request.x, line);
  CHECK(line.view() == "{\"a\":\"a\\\"b\\\\c\\n\x7f\\u00C3\"}");
}

TEST_CASE("values are escaped as the format says") {
  LogText out;
  append_escaped(out, "\x01\t/", LogEscape::json);
  CHECK(out.view() == "\\u0001\\t/");
  out.clear();
  append_escaped(out, "\"\n", LogEscape::none);
  CHECK(out.view() == "\"\n");
}
