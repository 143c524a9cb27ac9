#include "server/syslog_target.h"

#include <catch2/catch.hpp>

namespace sluice {

namespace {

std::string error_of(std::string_view text) {
  auto target = SyslogTarget::parse(text);
  return target ? std::string() : target.error().text;
}

}  // namespace

TEST_CASE("a syslog target's parameters are checked") {
  CHECK(error_of("syslog:server=127.0.0.1") == "");
  CHECK(error_of("syslog:server=[::1]:5140,facility=local0,severity=debug,tag=a_1,nohostname") == "");
  CHECK(error_of("syslog:server=unix:/dev/log") == "");
  CHECK(error_of("syslog:") == "no syslog server specified");
  CHECK(error_of("syslog:server=127.0.0.1,server=127.0.0.2") == "duplicate syslog \"server\"");
  CHECK(error_of("syslog:server=127.0.0.1,facility=local8") == "unknown syslog facility \"local8\"");
  CHECK(error_of("syslog:server=127.0.0.1,severity=loud") == "unknown syslog severity \"loud\"");
  CHECK(error_of("syslog:server=127.0.0.1,tag=a-b") == "syslog \"tag\" only allows alphanumeric characters and underscore");
  CHECK(error_of("syslog:server=127.0.0.1,tag=" + std::string(33, 'a')) == "syslog tag length exceeds 32");
  CHECK(error_of("syslog:server=127.0.0.1,x=y") == "unknown syslog parameter \"x=y\"");
}

}  // namespace sluice
