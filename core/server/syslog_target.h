// SyslogTarget: where `syslog:server=ADDRESS[,facility=F][,severity=S][,tag=T][,nohostname]` sends lines: a datagram each, in the form of
// RFC 3164 as nginx writes it:
//
//   <190>Nov 20 12:00:00 host sluice: LINE
//
// Each process has a socket of its own, opened at the first line. A datagram that does not get through now is lost and counted: nobody
// waits for a syslog server, and one that is restarted is found again.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <sluice/base/error.h>
#include <sluice/log/log.h>
#include <sluice/os/address.h>
#include <sluice/os/fd.h>

namespace sluice {

class SyslogTarget final : public LogSink {
 public:
  static constexpr std::string_view kPrefix = "syslog:";

  // parse reads an argument that begins with kPrefix. Errors: nginx's texts, without a place; a server is named by its address, not by a
  // name that would have to be looked up.
  static Result<std::shared_ptr<SyslogTarget>> parse(std::string_view argument);

  // write sends a line of the error log, with its level as severity; send one of an access log, with the target's own. False: lost.
  bool write(LogLevel level, std::string_view line) override;
  bool send(std::string_view line) { return send(severity_, line); }

 private:
  Result<void> set(std::string_view name, std::string_view value);
  bool send(int severity, std::string_view line);
  std::string_view time_text();

  Address server_;
  int facility_ = -1;
  int severity_ = -1;
  std::string tag_;
  std::string host_;  // with a blank behind it; empty: nohostname
  bool no_host_ = false;
  Fd socket_;
  int64_t second_ = -1;
  char time_[20] = {};
};

}  // namespace sluice
