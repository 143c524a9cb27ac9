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
  auto& conf = use.conf_as<CoreConf>();
  if (conf.error_log == nullptr) conf.error_log = std::make_shared<Logger>();
  if (line.syslog != nullptr) {
    conf.error_log->add({-1, line.level, line.syslog});
    return {};
  }
  TRY_ASSIGN(int fd, GenerationBuilder::of(use.block.builder()).open_log(use.node.place, line.path));
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
  if (text.starts_with("gzip")) return use.error("the \"gzip\" parameter of \"access_log\" is not supported");
  return use.error(concat("invalid parameter \"", text, '"'));
}

bool is_parameter(std::string_view text) {
  return text.starts_with("buffer=") || text.starts_with("flush=") || text.starts_with("if=") || text.starts_with("gzip");
}

Result<void> set_destination(DirectiveUse& use, std::string_view path, AccessLog& log) {
  auto& builder = GenerationBuilder::of(use.block.builder());
  if (path.starts_with(SyslogTarget::kPrefix)) {
    if (log.buffer_bytes != 0) return use.error("logs to syslog cannot be buffered");
    auto target = SyslogTarget::parse(path);
    if (!target) return use.error(target.error().text);
    log.syslog = std::move(*target);
    return {};
  }
  if (path.find('$') != std::string_view::npos) {
    if (log.buffer_bytes != 0) return use.error("buffered logs cannot have variables in name");
    TRY_ASSIGN(log.path, builder.compile(use.node.place, builder.full_path(path)));
    return {};
  }
  TRY_ASSIGN(log.fd, builder.open_log(use.node.place, path));
  return {};
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
  auto log = std::make_shared<AccessLog>();
  size_t next = 1;
  std::string_view format = "combined";
  if (use.count() > 1 && !is_parameter(use.arg(1))) format = use.arg(next++);
  for (; next < use.count(); ++next) TRY(parse_log_parameter(use, use.arg(next), *log));
  if (log->flush_after.count() != 0 && log->buffer_bytes == 0) {
    return use.error(concat("no buffer is defined for access_log \"", path, '"'));
  }
  log->format = builder.log_formats().use(builder.built().variables, use.node.place, format);
  TRY(set_destination(use, path, *log));
  logs.push_back(std::move(log));
  return {};
}

Result<void> set_log_file_cache(DirectiveUse& use) {
  LogFileCache cache;
  for (const std::string& arg : use.node.args) {
    const size_t equals = arg.find('=');
    const std::string_view name = std::string_view(arg).substr(0, equals);
    const std::string_view value = equals == std::string::npos ? std::string_view() : std::string_view(arg).substr(equals + 1);
    const auto number = parse_uint(value);
    const auto time = parse_time_ms(value);
    if (arg == "off" && use.count() == 1) continue;
    if (name == "max" && number && *number > 0) cache.max = *number;
    else if (name == "min_uses" && number && *number > 0) cache.min_uses = *number;
    else if (name == "inactive" && time && time->count() > 0) cache.inactive = *time;
    else if (name == "valid" && time && time->count() > 0) cache.valid = *time;
    else return use.error(concat("invalid \"open_log_file_cache\" parameter \"", arg, '"'));
  }
  if (use.arg(0) != "off" && cache.max == 0) return use.error("\"open_log_file_cache\" must have \"max\" parameter");
  use.conf_as<CoreConf>().log_file_cache = cache;
  return {};
}

void drop_access_logs(void* conf) {
  static_cast<CoreConf*>(conf)->access_logs.clear();
}

constexpr Directive kRows[] = {
    {"error_log", kEverywhere, 1, 2, BlockShape::none, Repeat::list, add_error_log, drop_error_log, "logs/error.log error",
     "Where errors of these requests go, and from which level on: a file, `stderr`, or `syslog:...` as for access_log."},
    {"access_log", kEverywhere | kLocationIf | kLimitExcept, 1, -1, BlockShape::none, Repeat::list, add_access_log, drop_access_logs, "logs/access.log combined",
     "Writes a line per request: `access_log PATH [FORMAT [buffer=SIZE] [flush=TIME] [if=CONDITION]]`, or `off`. A path with variables is "
     "opened by the worker; one whose values lead elsewhere (`..`) gets no line. `syslog:server=ADDRESS[,facility=F][,severity=S][,tag=T]"
     "[,nohostname]` sends datagrams; the tag is `sluice` unless named."},
    {"open_log_file_cache", kEverywhere, 1, 4, BlockShape::none, Repeat::once, set_log_file_cache, nullptr, "off",
     "Keeps files of access logs with variables in their path open: `max=N [inactive=TIME] [valid=TIME] [min_uses=N]`, or `off`: a file is "
     "opened for the lines of one turn of the event loop."},
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
  if (line.path.starts_with("memory:")) return use.error("\"error_log\" to \"memory:\" is not supported");
  if (use.count() == 2 && !log_level_from(use.arg(1), line.level)) return use.error(concat("invalid log level \"", use.arg(1), '"'));
  if (!line.path.starts_with(SyslogTarget::kPrefix)) return line;
  auto target = SyslogTarget::parse(line.path);
  if (!target) return use.error(target.error().text);
  line.syslog = std::move(*target);
  return line;
}

}  // namespace sluice
