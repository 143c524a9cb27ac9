// Rows of the core's values of a location.
#include <sluice/base/strings.h>

#include "server/core_conf.h"
#include "server/error_page_line.h"
#include "server/generation_builder.h"

namespace sluice {

namespace {

constexpr uint32_t kEverywhere = kHttp | kServer | kLocation;

Result<void> set_keepalive_timeout(DirectiveUse& use) {
  auto& conf = use.conf_as<CoreConf>();
  auto idle = parse_time_ms(use.arg(0));
  if (!idle) return use.directive_error("invalid value");
  conf.keepalive_timeout = *idle;
  conf.keepalive_header = Milliseconds{0};
  if (use.count() == 1) return {};
  auto header = parse_time_s(use.arg(1));
  if (!header) return use.directive_error("invalid value");
  conf.keepalive_header = *header;
  return {};
}

Result<void> set_max_body(DirectiveUse& use) {
  auto bytes = parse_offset(use.arg(0));
  if (!bytes) return use.directive_error("invalid value");
  use.conf_as<CoreConf>().client_max_body_size = static_cast<uint64_t>(*bytes);
  return {};
}

Result<void> set_default_type(DirectiveUse& use) {
  use.conf_as<CoreConf>().default_type = use.arg(0);
  return {};
}

template <ComplexValue CoreConf::*Member>
Result<void> set_rate(DirectiveUse& use) {
  ComplexValue& value = use.conf_as<CoreConf>().*Member;
  TRY_ASSIGN(value, use.block.builder().compile(use.node.place, use.arg(0)));
  if (value.is_constant() && !parse_size(value.constant())) return use.directive_error("invalid value");
  return {};
}

Result<void> set_internal(DirectiveUse& use) {
  use.conf_as<CoreConf>().internal = true;
  return {};
}

Result<void> set_server_tokens(DirectiveUse& use) {
  auto& conf = use.conf_as<CoreConf>();
  conf.server_signature = nullptr;
  conf.server_tokens = use.arg(0) != "off";
  if (use.arg(0) == "on" || use.arg(0) == "off" || use.arg(0) == "build") return {};
  TRY_ASSIGN(ComplexValue text, use.block.builder().compile(use.node.place, use.arg(0)));
  conf.server_signature = std::make_shared<const ComplexValue>(std::move(text));
  return {};
}

Result<void> set_satisfy(DirectiveUse& use) {
  if (use.arg(0) != "all" && use.arg(0) != "any") return use.invalid_value(use.arg(0));
  use.conf_as<CoreConf>().satisfy_any = use.arg(0) == "any";
  return {};
}

Result<void> check_flag(DirectiveUse& use) {
  auto value = rows::flag_value(use);
  if (!value) return std::move(value.error());
  return {};
}

Result<void> add_error_page(DirectiveUse& use) {
  TRY_ASSIGN(std::vector<ErrorPage> pages, parse_error_page(use));
  auto& all = use.conf_as<CoreConf>().error_pages;
  all.insert(all.end(), pages.begin(), pages.end());
  return {};
}

void drop_error_pages(void* conf) {
  static_cast<CoreConf*>(conf)->error_pages.clear();
}

Result<void> accept_tcp_nodelay(DirectiveUse& use) {
  TRY_ASSIGN(bool on, rows::flag_value(use));
  if (!on) use.block.builder().warn(use.node.place, "\"tcp_nodelay off\" has no effect, it is always on");
  return {};
}

Result<void> set_body_rate(DirectiveUse& use) {
  auto& conf = use.conf_as<CoreConf>();
  auto rate = parse_size(use.arg(0));
  if (!rate) return use.directive_error("invalid value");
  conf.client_body_min_rate = *rate;
  if (use.count() == 1) return {};
  auto grace = parse_time_ms(use.arg(1));
  if (!grace) return use.directive_error("invalid value");
  conf.client_body_grace = *grace;
  return {};
}

Result<void> set_body_temp_path(DirectiveUse& use) {
  for (size_t i = 1; i < use.count(); ++i) {
    auto level = parse_uint(use.arg(i));
    if (!level || *level < 1 || *level > 3) return use.invalid_value(use.arg(i));
  }
  TRY_ASSIGN(use.conf_as<CoreConf>().client_body_temp_path, use.block.builder().temp_directory(use.node.place, use.arg(0)));
  return {};
}

Result<void> set_body_files(DirectiveUse& use) {
  const std::string_view value = use.arg(0);
  auto& files = use.conf_as<CoreConf>().client_body_files;
  if (value == "off") files = BodyFiles::without_name;
  else if (value == "on") files = BodyFiles::kept;
  else if (value == "clean") files = BodyFiles::removed;
  else return use.invalid_value(value);
  return {};
}

constexpr Directive accepted_flag(std::string_view name, std::string_view default_text, std::string_view help) {
  return {name, kEverywhere, 1, 1, BlockShape::none, Repeat::once, check_flag, nullptr, default_text, help};
}

constexpr Directive kRows[] = {
    {"client_max_body_size", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_max_body, nullptr, "1m",
     "Largest request body; a larger one is answered with 413. 0: no limit."},
    {"client_body_min_rate", kEverywhere, 1, 2, BlockShape::none, Repeat::once, set_body_rate, nullptr, "240 10s",
     "Bytes per second that a request body which is collected whole must have come with on average, from the second value on (10s): a slower "
     "one is answered with 408 and counted. 0: none. A body that streams to an upstream is under client_body_timeout alone."},
    rows::size<&CoreConf::client_body_buffer_size>("client_body_buffer_size", kEverywhere, "16k",
                                                   "How much of a request body that is collected lies in memory; a larger one lies in a file."),
    {"client_body_temp_path", kEverywhere, 1, 4, BlockShape::none, Repeat::once, set_body_temp_path, nullptr, "/var/tmp",
     "The directory of those files; made, like /tmp, when it is not there. They have no names (see client_body_in_file_only): levels of "
     "directories are accepted without effect."},
    {"client_body_in_file_only", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_body_files, nullptr, "off",
     "`on` and `clean`: request bodies that are collected lie in files with names ($request_body_file), which stay, or go with the request."},
    {"client_body_in_single_buffer", kEverywhere, 1, 1, BlockShape::none, Repeat::once, check_flag, nullptr, "off",
     "Accepted without effect: a request body in memory is always in one piece."},
    rows::time<&CoreConf::client_body_timeout>("client_body_timeout", kEverywhere, "60s",
                                               "Longest pause between two pieces of a request body; then 408."),
    rows::time<&CoreConf::send_timeout>("send_timeout", kEverywhere, "60s",
                                        "How long a client may take nothing of a response; then the connection is closed."),
    {"keepalive_timeout", kEverywhere, 1, 2, BlockShape::none, Repeat::once, set_keepalive_timeout, nullptr, "75s",
     "How long an idle connection of a client is kept; 0 closes it after the response. A second time is told to the client in "
     "`Keep-Alive: timeout=`."},
    rows::time<&CoreConf::keepalive_time>("keepalive_time", kEverywhere, "1h",
                                          "How old a client connection may become; the response of a later request closes it."),
    rows::number<&CoreConf::keepalive_requests>("keepalive_requests", kEverywhere, "1000",
                                                "How many requests one client connection may carry."),
    {"lingering_close", kEverywhere, 1, 1, BlockShape::none, Repeat::once,
     [](DirectiveUse& use) -> Result<void> {
       if (use.arg(0) == "on") return {};
       return use.error(concat("the value \"", use.arg(0), "\" of \"lingering_close\" is not supported, only \"on\""));
     },
     nullptr, "on", "Accepted with `on`: a connection closed before its request was read is always drained first."},
    rows::time<&CoreConf::lingering_timeout>("lingering_timeout", kEverywhere, "5s",
                                             "How long to wait for more of a request that is thrown away."),
    rows::time<&CoreConf::lingering_time>("lingering_time", kEverywhere, "30s",
                                          "How long in all to read a request that is thrown away."),
    rows::flag<&CoreConf::merge_slashes>("merge_slashes", kHttp | kServer, "on", "Whether `//` in a path counts as one slash."),
    {"server_tokens", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_server_tokens, nullptr, "on",
     "Whether the Server field shows the version (`on`, `build`) or not (`off`). Another text, which may contain variables, takes its "
     "place, there and on error pages; an empty one: no Server field."},
    rows::flag<&CoreConf::chunked_transfer_encoding>("chunked_transfer_encoding", kEverywhere, "on",
                                                     "Whether HTTP/1.1 responses of unknown length are sent in chunks; else they end "
                                                     "with the connection."),
    rows::flag<&CoreConf::reset_timedout_connection>("reset_timedout_connection", kEverywhere, "off",
                                                     "Whether a connection is reset, so that the kernel forgets what was not sent, "
                                                     "when its client takes nothing for send_timeout, and by `return 444`."),
    {"limit_rate", kEverywhere | kLocationIf, 1, 1, BlockShape::none, Repeat::once, set_rate<&CoreConf::limit_rate>, nullptr, "0",
     "How many bytes of a response leave per second at most; those of the first second leave at once. 0: no limit. May contain variables."},
    {"limit_rate_after", kEverywhere | kLocationIf, 1, 1, BlockShape::none, Repeat::once, set_rate<&CoreConf::limit_rate_after>, nullptr, "0",
     "How many bytes of a response leave before limit_rate counts. May contain variables."},
    {"default_type", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_default_type, nullptr, "text/plain",
     "Content-Type of responses that have no other."},
    {"internal", kLocation, 0, 0, BlockShape::none, Repeat::once, set_internal, nullptr, "",
     "The location and those in it serve internal redirects only; others get 404."},
    rows::flag<&CoreConf::log_subrequest>("log_subrequest", kEverywhere, "off", "Whether subrequests are logged, too."),
    {"satisfy", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_satisfy, nullptr, "all",
     "Whether `all` of allow and deny, auth_basic, auth_request and access_by_lua have to let a client pass, or `any` one of them is "
     "enough. They are asked in that order."},
    {"error_page", kEverywhere | kLocationIf, 2, -1, BlockShape::none, Repeat::list, add_error_page, drop_error_pages, "",
     "What to answer instead of errors: `error_page CODE... [=[CODE]] TARGET`; the target is a path, a URL or a named location. A request that "
     "could not be read has none."},
    rows::flag<&CoreConf::recursive_error_pages>("recursive_error_pages", kEverywhere, "off",
                                                 "Whether error_page applies to errors of error pages too."),
    rows::flag<&CoreConf::absolute_redirect>("absolute_redirect", kEverywhere, "on",
                                             "Whether redirects that sluice makes itself have scheme and host."),
    rows::flag<&CoreConf::server_name_in_redirect>("server_name_in_redirect", kEverywhere, "off",
                                                   "Whether that host is the first server_name instead of the request's."),
    rows::flag<&CoreConf::port_in_redirect>("port_in_redirect", kEverywhere, "on", "Whether such redirects name a port that is not 80."),
    rows::flag<&CoreConf::uninitialized_variable_warn>("uninitialized_variable_warn", kEverywhere | kServerIf | kLocationIf, "on",
                                                       "Whether the error log warns of variables that are read before they were set."),
    {"tcp_nodelay", kEverywhere, 1, 1, BlockShape::none, Repeat::once, accept_tcp_nodelay, nullptr, "on",
     "Accepted; it is always on, and `off` gives a warning."},
    accepted_flag("tcp_nopush", "off", "Accepted; head and body leave together without it."),
    rows::flag<&CoreConf::sendfile>("sendfile", kEverywhere | kLocationIf, "off",
                                    "Whether files (larger ones than static_cache holds) go from the file to the socket inside the kernel."),
};

}  // namespace

std::span<const Directive> core_directives() {
  return kRows;
}

}  // namespace sluice
