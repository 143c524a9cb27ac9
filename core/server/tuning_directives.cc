// Rows of directives that tune parts of nginx that sluice does not have: their values are checked, and nothing comes of them.
#include <sluice/base/strings.h>

#include "server/core_conf.h"

namespace sluice {

namespace {

constexpr uint32_t kEverywhere = kHttp | kServer | kLocation;

template <auto Parse>
Result<void> check(DirectiveUse& use) {
  auto value = Parse(use);
  if (!value) return std::move(value.error());
  return {};
}

Result<void> check_count_and_size(DirectiveUse& use) {
  const auto count = parse_uint(use.arg(0));
  if (!count || *count == 0 || !parse_size(use.arg(1))) return use.directive_error("invalid value");
  return {};
}

Result<void> check_size_or_off(DirectiveUse& use) {
  if (use.arg(0) == "off" || parse_offset(use.arg(0))) return {};
  return use.directive_error("invalid value");
}

Result<void> check_aio(DirectiveUse& use) {
  const std::string_view text = use.arg(0);
  if (text == "on" || text == "off" || text == "threads" || text.starts_with("threads=")) return {};
  return use.invalid_value(text);
}

Result<void> check_browsers(DirectiveUse& use) {
  for (const std::string& name : use.node.args) {
    if (name != "none" && name != "msie6" && name != "safari") return use.invalid_value(name);
  }
  return {};
}

Result<void> check_thread_pool(DirectiveUse& use) {
  bool has_threads = use.arg(0) == "default";
  for (size_t i = 1; i < use.count(); ++i) {
    const std::string_view text = use.arg(i);
    const bool threads = text.starts_with("threads=");
    if (!threads && !text.starts_with("max_queue=")) return use.error(concat("invalid parameter \"", text, '"'));
    const auto count = parse_uint(text.substr(text.find('=') + 1));
    if (!count || (threads && *count == 0)) return use.error(concat(threads ? "invalid threads value \"" : "invalid max_queue value \"", text, '"'));
    has_threads |= threads;
  }
  if (!has_threads) return use.error(concat("missing \"threads\" parameter in thread pool \"", use.arg(0), '"'));
  return {};
}

Result<void> check_protocols(DirectiveUse& use) {
  for (const std::string& name : use.node.args) {
    if (name != "SSLv2" && name != "SSLv3" && name != "TLSv1" && !name.starts_with("TLSv1.")) return use.invalid_value(name);
  }
  return {};
}

// Of what is not there at all "off" can be said.
Result<void> only_off(DirectiveUse& use) {
  if (use.arg(0) == "off") return {};
  return use.error(concat("the value \"", use.arg(0), "\" of \"", use.row.name, "\" is not supported, only \"off\""));
}

Result<void> take_it(DirectiveUse&) { return {}; }

constexpr Directive accepted(std::string_view name, uint32_t contexts, int min_args, int max_args, Result<void> (*apply)(DirectiveUse&),
                             std::string_view default_text, std::string_view help) {
  return {name, contexts, min_args, max_args, BlockShape::none, Repeat::once, apply, nullptr, default_text, help};
}

constexpr std::string_view kNoTable = "Accepted; without effect: tables have the size that they need.";
constexpr std::string_view kNoPool = "Accepted; without effect: memory of connections and requests comes from pools without a size to set.";
constexpr std::string_view kNoReads = "Accepted; without effect: files are sent by the kernel or from memory.";
constexpr std::string_view kNoThreads = "Accepted; without effect: files are read without threads.";
constexpr std::string_view kNoBrowser = "Accepted; without effect: it is about browsers that are not there any more.";
constexpr std::string_view kNoHolding = "Accepted; without effect: what there is to send is sent at once.";
constexpr std::string_view kNoMutex = "Accepted; without effect: every worker has a listening socket of its own.";

// Distributions set these for all servers, those without TLS among them.
constexpr std::string_view kNoTls = "Accepted; without effect: nothing listens with TLS, as `listen ... ssl` is refused.";

constexpr std::string_view kNoCache = "Accepted; without effect: there is no cache yet that could be passed by.";

constexpr Directive kRows[] = {
    accepted("proxy_cache", kEverywhere, 1, 1, only_off, "off", "Only `off`: there is no cache yet."),
    accepted("proxy_cache_bypass", kEverywhere, 1, -1, take_it, "", kNoCache),
    accepted("proxy_no_cache", kEverywhere, 1, -1, take_it, "", kNoCache),
    accepted("ssi", kEverywhere | kLocationIf, 1, 1, only_off, "off", "Only `off`: responses are not searched for commands."),
    accepted("ssl_protocols", kHttp | kServer, 1, -1, check_protocols, "TLSv1.2 TLSv1.3", kNoTls),
    accepted("ssl_prefer_server_ciphers", kHttp | kServer, 1, 1, check<rows::flag_value>, "off", kNoTls),
    accepted("ssl_ciphers", kHttp | kServer, 1, 1, take_it, "HIGH:!aNULL:!MD5", kNoTls),
    accepted("server_names_hash_bucket_size", kHttp, 1, 1, check<rows::size_value>, "64", kNoTable),
    accepted("server_names_hash_max_size", kHttp, 1, 1, check<rows::size_value>, "512", kNoTable),
    accepted("variables_hash_bucket_size", kHttp, 1, 1, check<rows::size_value>, "64", kNoTable),
    accepted("variables_hash_max_size", kHttp, 1, 1, check<rows::size_value>, "1024", kNoTable),
    accepted("connection_pool_size", kHttp | kServer, 1, 1, check<rows::size_value>, "512", kNoPool),
    accepted("request_pool_size", kHttp | kServer, 1, 1, check<rows::size_value>, "4k", kNoPool),
    accepted("output_buffers", kEverywhere, 2, 2, check_count_and_size, "2 32k", kNoReads),
    accepted("read_ahead", kEverywhere, 1, 1, check<rows::size_value>, "0", kNoReads),
    accepted("sendfile_max_chunk", kEverywhere, 1, 1, check<rows::size_value>, "2m",
             "Accepted; without effect: a large file gives way to other connections after every piece."),
    accepted("directio", kEverywhere, 1, 1, check_size_or_off, "off", kNoReads),
    accepted("directio_alignment", kEverywhere, 1, 1, check<rows::size_value>, "512", kNoReads),
    accepted("aio", kEverywhere, 1, 1, check_aio, "off", kNoThreads),
    accepted("aio_write", kEverywhere, 1, 1, check<rows::flag_value>, "off", kNoThreads),
    {"thread_pool", kMain, 1, 3, BlockShape::none, Repeat::any, check_thread_pool, nullptr, "default threads=32 max_queue=65536", kNoThreads},
    accepted("postpone_output", kEverywhere, 1, 1, check<rows::size_value>, "1460", kNoHolding),
    accepted("send_lowat", kEverywhere, 1, 1, check<rows::size_value>, "0", kNoHolding),
    accepted("msie_padding", kEverywhere, 1, 1, check<rows::flag_value>, "on", kNoBrowser),
    accepted("msie_refresh", kEverywhere, 1, 1, check<rows::flag_value>, "off", kNoBrowser),
    accepted("keepalive_disable", kEverywhere, 1, -1, check_browsers, "msie6", kNoBrowser),
    accepted("timer_resolution", kMain, 1, 1, check<rows::time_value>, "",
             "Accepted; without effect: the clock is read once per turn of the loop."),
    accepted("lock_file", kMain, 1, 1, take_it, "logs/nginx.lock", kNoMutex),
    accepted("accept_mutex_delay", kEvents, 1, 1, check<rows::time_value>, "500ms", kNoMutex),
    accepted("worker_aio_requests", kEvents, 1, 1, check<rows::number_value>, "32", kNoThreads),
};

}  // namespace

std::span<const Directive> tuning_directives() {
  return kRows;
}

}  // namespace sluice
