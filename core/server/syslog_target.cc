#include "server/syslog_target.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <ctime>
#include <iterator>

#include <sluice/base/clock.h>
#include <sluice/base/strings.h>

namespace sluice {

namespace {

constexpr std::string_view kFacilities[] = {"kern", "user",   "mail",   "daemon", "auth",   "intern", "lpr",    "news",   "uucp",   "clock",  "authpriv", "ftp",
                                            "ntp",  "audit", "alert",  "cron",   "local0", "local1", "local2", "local3", "local4", "local5", "local6",   "local7"};
constexpr std::string_view kSeverities[] = {"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"};
constexpr int kDefaultFacility = 23;  // local7
constexpr int kDefaultSeverity = 6;   // info
constexpr uint16_t kPort = 514;
constexpr size_t kMaxTagBytes = 32;

template <size_t N>
int index_of(const std::string_view (&names)[N], std::string_view name) {
  const auto* found = std::find(std::begin(names), std::end(names), name);
  return found == std::end(names) ? -1 : static_cast<int>(found - std::begin(names));
}

Error bad(std::string text) { return Error(ErrorKind::config, std::move(text)); }

bool is_tag_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

Result<Address> server_address(std::string_view text) {
  auto address = Address::parse(text, kPort);
  if (!address) return bad(concat(address.error().text, " in syslog server (an address is needed, names are not looked up)"));
  return address;
}

}  // namespace

Result<std::shared_ptr<SyslogTarget>> SyslogTarget::parse(std::string_view argument) {
  auto target = std::make_shared<SyslogTarget>();
  std::string_view rest = argument.substr(kPrefix.size());
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view one = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    const size_t equals = one.find('=');
    TRY(target->set(one.substr(0, equals), equals == std::string_view::npos ? std::string_view() : one.substr(equals + 1)));
  }
  if (target->server_.size() == 0) return bad("no syslog server specified");
  if (target->facility_ < 0) target->facility_ = kDefaultFacility;
  if (target->severity_ < 0) target->severity_ = kDefaultSeverity;
  if (target->tag_.empty()) target->tag_ = "sluice";
  if (!target->no_host_) {
    char name[HOST_NAME_MAX + 1] = {};
    ::gethostname(name, HOST_NAME_MAX);
    target->host_ = concat(name, ' ');
  }
  return target;
}

Result<void> SyslogTarget::set(std::string_view name, std::string_view value) {
  if (name == "server") {
    if (server_.size() != 0) return bad("duplicate syslog \"server\"");
    TRY_ASSIGN(server_, server_address(value));
  } else if (name == "facility") {
    if (facility_ >= 0) return bad("duplicate syslog \"facility\"");
    facility_ = index_of(kFacilities, value);
    if (facility_ < 0) return bad(concat("unknown syslog facility \"", value, '"'));
  } else if (name == "severity") {
    if (severity_ >= 0) return bad("duplicate syslog \"severity\"");
    severity_ = index_of(kSeverities, value);
    if (severity_ < 0) return bad(concat("unknown syslog severity \"", value, '"'));
  } else if (name == "tag") {
    if (!tag_.empty()) return bad("duplicate syslog \"tag\"");
    if (value.size() > kMaxTagBytes) return bad("syslog tag length exceeds 32");
    if (value.empty() || !std::all_of(value.begin(), value.end(), is_tag_byte)) {
      return bad("syslog \"tag\" only allows alphanumeric characters and underscore");
    }
    tag_ = value;
  } else if (name == "nohostname" && value.empty()) {
    no_host_ = true;
  } else {
    return bad(concat("unknown syslog parameter \"", name, value.empty() ? "" : "=", value, '"'));
  }
  return {};
}

bool SyslogTarget::write(LogLevel level, std::string_view line) {
  constexpr int kFirst = static_cast<int>(LogLevel::emerg);
  return send(std::max(0, static_cast<int>(level) - kFirst), line);
}

std::string_view SyslogTarget::time_text() {
  const int64_t now = Clock::of_thread().wall_seconds();
  if (now != second_) {
    second_ = now;
    const auto moment = static_cast<time_t>(now);
    tm local{};
    ::localtime_r(&moment, &local);
    ::strftime(time_, sizeof time_, "%b %e %H:%M:%S", &local);
  }
  return time_;
}

bool SyslogTarget::send(int severity, std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (!socket_.valid()) socket_ = Fd(::socket(server_.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_.valid()) return false;
  const std::string datagram = concat('<', facility_ * 8 + severity, '>', time_text(), ' ', host_, tag_, ": ", line);
  const ssize_t sent = ::sendto(socket_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL, server_.data(), server_.size());
  if (sent < 0 && errno != EAGAIN && errno != EMSGSIZE) socket_ = Fd();  // made anew for the next line
  return sent >= 0;
}

}  // namespace sluice
