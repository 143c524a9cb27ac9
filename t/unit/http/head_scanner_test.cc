#include "http/head_scanner.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

using namespace sluice;
using State = HeadScan::State;

namespace {

HeadScanner request_scanner() { return HeadScanner(HeadScanner::Kind::request, {}); }

}  // namespace

TEST_CASE("a head is found at the same place however it arrives") {
  const std::string head = "\r\nGET / HTTP/1.1\r\nHost: example\r\nX: a value that is longer than sixteen bytes\r\n\r\n";
  const std::string text = head + "GET /next HTTP/1.1\r\n";
  for (size_t step : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{16}, size_t{17}}) {
    CAPTURE(step);
    HeadScanner scanner = request_scanner();
    HeadScan scan;
    for (size_t size = 0; scan.state == State::need_more; size = std::min(size + step, text.size())) {
      scan = scanner.scan(std::string_view(text).substr(0, size));
    }
    REQUIRE(scan.state == State::found);
    CHECK(scan.end == head.size());
    CHECK(scanner.skipped() == 2);
  }
}

TEST_CASE("a TLS ClientHello is refused at its first byte") {
  CHECK(request_scanner().scan("\x16").state == State::refused);
  CHECK(request_scanner().scan("\x80").state == State::refused);
  CHECK(request_scanner().scan(" ").state == State::refused);
}

TEST_CASE("an idle connection has not started a head") {
  HeadScanner scanner = request_scanner();
  CHECK(scanner.scan("").state == State::need_more);
  CHECK_FALSE(scanner.started());
  CHECK(scanner.scan("\r").state == State::need_more);
  CHECK(scanner.scan("\r\n").state == State::need_more);
  CHECK_FALSE(scanner.started());
  CHECK(scanner.scan("\r\nG").state == State::need_more);
  CHECK(scanner.started());
}

TEST_CASE("broken line ends and control bytes are refused as soon as they are seen") {
  for (const char* text : {"GET / HTTP/1.1\n", "GET / HTTP/1.1\rX", "GET /\x01", "GET / HTTP/1.1\r\nA: b\r\r", "\n", "\rG",
                           "\r\n\r\n", "GET / HTTP/1.1\r\nA: b\x7f"}) {
    CAPTURE(text);
    CHECK(request_scanner().scan(text).state == State::refused);
  }
  CHECK(request_scanner().scan(std::string_view("GET /\0", 6)).refusal.status == 400);
}

TEST_CASE("growth without an end is refused with the status of what grew") {
  HeadScanner::Limits limits;
  limits.first_line_bytes = 20;
  limits.line_bytes = 20;
  limits.total_bytes = 60;
  const auto scan = [&](const std::string& text) {
    return HeadScanner(HeadScanner::Kind::request, limits).scan(text).refusal.status;
  };
  CHECK(scan(std::string(20, 'a')) == 0);
  CHECK(scan(std::string(21, 'a')) == 414);
  CHECK(scan("GET / HTTP/1.1\r\n" + std::string(20, 'a')) == 0);
  CHECK(scan("GET / HTTP/1.1\r\n" + std::string(21, 'a')) == 431);
  CHECK(scan("GET / HTTP/1.1\r\n" + std::string(18, 'a') + "\r\n" + std::string(18, 'a') + "\r\naaaa") == 0);
  CHECK(scan("GET / HTTP/1.1\r\n" + std::string(18, 'a') + "\r\n" + std::string(18, 'a') + "\r\naaaaa") == 431);
  CHECK(scan("GET / HTTP/1.1\r\n" + std::string(18, 'a') + "\r\n" + std::string(20, 'a') + "\r\n\r\n") == 0);
  limits.total_bytes = 59;
  CHECK(scan("GET / HTTP/1.1\r\n" + std::string(18, 'a') + "\r\n" + std::string(20, 'a') + "\r\n\r\n") == 431);
}

TEST_CASE("a response begins with H and has no CRLF before it") {
  HeadScanner::Limits limits;
  CHECK(HeadScanner(HeadScanner::Kind::response, limits).scan("H").state == State::need_more);
  CHECK(HeadScanner(HeadScanner::Kind::response, limits).scan("I").state == State::refused);
  CHECK(HeadScanner(HeadScanner::Kind::response, limits).scan("\r").state == State::refused);
}

TEST_CASE("a scanner is used again after reset") {
  HeadScanner scanner = request_scanner();
  CHECK(scanner.scan("\r\nGET / HTTP/1.1\r\n\r\n").state == State::found);
  scanner.reset();
  CHECK(scanner.skipped() == 0);
  CHECK(scanner.scan("GET / HTTP/1.1\r\n\r\n").end == 18);
}
