// AccessLog: one access_log directive: a compiled format and a file. Lines are rendered into a per-process buffer and written once per
// turn of the event loop (or when `buffer=` is full / `flush=` has passed), never per request.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/server/exchange.h>

namespace sluice {

enum class LogEscape : uint8_t { standard, json, none };  // log_format escape=

// LogFormat is one log_format, shared by the access_log directives that name it.
class LogFormat {
 public:
  LogEscape escape = LogEscape::standard;
  struct Part {
    std::string literal;                 // or
    const Variable* variable = nullptr;
  };
  std::vector<Part> parts;
  void render(Exchange& exchange, std::string& out) const;  // without the newline
};

class AccessLog {
 public:
  std::shared_ptr<const LogFormat> format;
  int fd = -1;                           // borrowed from the master; survives reopening
  size_t buffer_bytes = 0;               // 0: written at the end of the turn
  Milliseconds flush_after{0};
  ComplexValue condition;                // if=; empty: always

  // write renders one line for the exchange and queues it.
  void write(Exchange& exchange) const;
};

// flush_access_logs writes everything queued by this thread; called at shutdown and reopen.
void flush_access_logs();

// access_log_failures counts the writes of this thread that lost lines (full disk, stuck pipe).
uint64_t access_log_failures();

}  // namespace sluice
