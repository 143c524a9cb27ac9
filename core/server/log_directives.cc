// Rows of the logs: error_log below the main level, access_log, log_format.
#include <sluice/base/strings.h>

#include "server/core_conf.h"
#include "server/error_log_line.h"
#include "server/generation_builder.h"

namespace sluice {

namespace {

constexpr uint32_t kEverywhere = kHttp | kServer | kLocation;

void drop_error_log(void* conf) {
  static_cast<CoreConf*>(conf)->error_log = nullptr;
}

// The first line of a block makes a logger of its own, further ones add destinations.
Result<void> add_error_log(DirectiveUse& use) {
  TRY_ASSIGN(ErrorLogLine line, parse_error_log(use));
  TRY_ASSIGN(int fd, GenerationBuilder::of(use.block.builder()).open_log(use.node.place, line.path));
  auto& conf = use.conf_as<CoreConf>();
  if (conf.error_log == nullptr) conf.error_log = std::make_shared<Logger>();
  if (fd >= 0) conf.error_log->add({fd, line.level});
  return {};
}

Result<LogEscape> parse_escape(const DirectiveUse& use, std::string_view name) {
  if (name == "default") return LogEscape::standard;
  if (name == "json") return LogEscape::json;
  if (name == "none") return LogEscape::none;
  return use.error(concat("unknown log format escaping \"", name, '"'));
}

Result<void> define_log_format(DirectiveUse& use) {
  constexpr std::string_view kEscape = "escape=";
  auto& builder = GenerationBuilder::of(use.block.builder());
  LogEscape escape = LogEscape::standard;
  size_t first = 1;
  if (use.arg(1).starts_with(kEscape)) {
    TRY_ASSIGN(escape, parse_escape(use, use.arg(1).substr(kEscape.size())));
    first = 2;
  }
  std::string text;
  for (size_t i = first; i < use.count(); ++i) text += use.arg(i);
  return builder.log_formats().define(builder.built().variables, use.node.place, use.arg(0), escape, text);
}

Result<void> parse_log_parameter(const DirectiveUse& use, std::string_view text, AccessLog& log) {
  if (text.starts_with("buffer=")) {
    auto bytes = parse_size(text.substr(7));
    if (!bytes || *bytes == 0) return use.error(concat("invalid buffer size \"", text.substr(7), '"'));
    log.buffer_bytes = *bytes;
    return {};
  }
  if (text.starts_with("flush=")) {
    auto after = parse_time_ms(text.substr(6));
    if (!after || after->count() == 0) return use.error(concat("invalid flush time \"", text.substr(6), '"'));
    log.flush_after = *after;
    return {};
  }
  if (text.starts_with("if=")) {
    TRY_ASSIGN(log.condition, use.block.builder().compile(use.node.place, text.substr(3)));
    return {};
  }
  if (text.starts_with("gzip")) return use.error("the \"gzip\" parameter of \"access_log\" is not supported yet");
  return use.error(concat("invalid parameter \"", text, '"'));
}

bool is_parameter(std::string_view text) {
  return text.starts_with("buffer=") || text.starts_with("flush=") || text.starts_with("if=") || text.starts_with("gzip");
}

Result<void> add_access_log(DirectiveUse& use) {
  auto& builder = GenerationBuilder::of(use.block.builder());
  auto& logs = use.conf_as<CoreConf>().access_logs;
  std::string_view path = use.arg(0);
  if (path == "off") {
    if (use.count() > 1) return use.error(concat("invalid parameter \"", use.arg(1), '"'));
    logs.clear();
    return {};
  }
  if (path.starts_with("syslog:")) return use.error("\"access_log\" to \"syslog:\" is not supported yet");
  if (path.find('$') != std::string_view::npos) return use.error("variables in the path of \"access_log\" are not supported yet");
  auto log = std::make_shared<AccessLog>();
  size_t next = 1;
  std::string_view format = "combined";
  if (use.count() > 1 && !is_parameter(use.arg(1))) format = use.arg(next++);
  for (; next < use.count(); ++next) TRY(parse_log_parameter(use, use.arg(next), *log));
  if (log->flush_after.count() != 0 && log->buffer_bytes == 0) {
    return use.error(concat("no buffer is defined for access_log \"", path, '"'));
  }
  log->format = builder.log_formats().use(builder.built().variables, use.node.place, format);
  TRY_ASSIGN(log->fd, builder.open_log(use.node.place, path));
  logs.push_back(std::move(log));
  return {};
}

void drop_access_logs(void* conf) {
  static_cast<CoreConf*>(conf)->access_logs.clear();
}

constexpr Directive kRows[] = {
    {"error_log", kEverywhere, 1, 2, BlockShape::none, Repeat::list, add_error_log, drop_error_log, "logs/error.log error",
     "Where errors of these requests go, and from which level on."},
    {"access_log", kEverywhere, 1, -1, BlockShape::none, Repeat::list, add_access_log, drop_access_logs, "logs/access.log combined",
     "Writes a line per request: `access_log PATH [FORMAT [buffer=SIZE] [flush=TIME] [if=CONDITION]]`, or `off`."},
    {"log_format", kHttp, 2, -1, BlockShape::none, Repeat::any, define_log_format, nullptr, "combined \"...\"",
     "A line of an access log: NAME [escape=default|json|none] TEXT...; the texts are joined."},
};

}  // namespace

std::span<const Directive> log_directives() {
  return kRows;
}

Result<ErrorLogLine> parse_error_log(const DirectiveUse& use) {
  ErrorLogLine line;
  line.path = use.arg(0);
  if (line.path.starts_with("syslog:") || line.path.starts_with("memory:")) {
    return use.error(concat("\"error_log\" to \"", line.path.substr(0, line.path.find(':') + 1), "\" is not supported yet"));
  }
  if (use.count() == 1) return line;
  if (!log_level_from(use.arg(1), line.level)) return use.error(concat("invalid log level \"", use.arg(1), '"'));
  return line;
}

}  // namespace sluice
