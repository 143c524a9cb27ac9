// AccessLog: one access_log directive: a compiled format and a file. Lines are rendered into a per-process buffer and written once per
// turn of the event loop (or when `buffer=` is full / `flush=` has passed), never per request.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/http/headers.h>
#include <sluice/server/exchange.h>

#include "server/log_text.h"
#include "server/syslog_target.h"

namespace sluice {

enum class LogEscape : uint8_t { standard, json, none };  // log_format escape=

// LogFormat is one log_format, shared by the access_log directives that name it.
class LogFormat {
 public:
  LogEscape escape = LogEscape::standard;
  // What most formats have in every line is read without the variable, which needs room in the arena or a look at a name.
  enum class Op : uint8_t { none, variable, remote_addr, remote_user, time_local, request, status, body_bytes_sent, http_field };
  struct Part {
    ShortText literal;  // comes first
    Op op = Op::none;
    HeaderId field = HeaderId::unknown;  // of http_field
    const Variable* variable = nullptr;
  };
  std::vector<Part> parts;
  void add_literal(std::string_view text);
  void add_variable(const Variable& variable);
  // render adds one line, without the newline.
  void render(Exchange& exchange, LogText& out) const;

 private:
  void add_op(const Part& part, Exchange& exchange, LogText& out) const;
  void add_value(const VariableValue& value, LogText& out) const;
};

class AccessLog {
 public:
  std::shared_ptr<const LogFormat> format;
  // One of these three says where to:
  int fd = -1;                           // borrowed from the master; survives reopening
  std::shared_ptr<SyslogTarget> syslog;
  ComplexValue path;                     // with variables, absolute
  size_t buffer_bytes = 0;               // 0: written at the end of the turn
  Milliseconds flush_after{0};
  ComplexValue condition;                // if=; empty: always

  // write renders one line for the exchange and queues it.
  void write(Exchange& exchange) const;

 private:
  void write_elsewhere(Exchange& exchange) const;
};

// flush_access_logs writes everything queued by this thread, and closes files that it opened itself; called at shutdown and reopen.
void flush_access_logs();

// access_log_failures counts the writes of this thread that lost lines (full disk, stuck pipe).
uint64_t access_log_failures();

}  // namespace sluice
