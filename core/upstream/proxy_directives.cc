// proxy_pass and its relatives.

#include <sluice/server/builder.h>

#include "upstream/directives.h"
#include "upstream/local_end.h"
#include "upstream/upstream_module.h"

namespace sluice {

namespace {

constexpr uint32_t kPlaces = kHttp | kServer | kLocation;

// split_url cuts "http://host:port/uri" or "http://unix:/path:/uri" behind the scheme.
void split_url(std::string_view rest, std::string_view& host, std::string_view& uri) {
  size_t end = rest.find_first_of("/?");
  if (rest.starts_with("unix:")) {
    end = rest.find(':', 5);
    host = rest.substr(0, end);
    uri = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return;
  }
  host = rest.substr(0, end);
  uri = end == std::string_view::npos ? std::string_view() : rest.substr(end);
}

// path_of gives the path that a location's name begins with its modifier before: "^~ /a/" is "/a/". Empty when it has none.
std::string_view path_of(const Location& location) {
  const std::string_view name = location.name;
  switch (location.match) {
    case Location::Match::prefix: return name;
    case Location::Match::exact: return name.substr(std::string_view("= ").size());
    case Location::Match::prefix_no_regex: return name.substr(std::string_view("^~ ").size());
    default: return {};
  }
}

Result<void> set_static_target(DirectiveUse& use, const Location& location, ProxyTarget& target) {
  const std::string_view url = use.arg(0);
  if (url.starts_with("https://")) return use.error("\"proxy_pass\" over https is not supported by this version of sluice");
  if (!url.starts_with("http://")) return use.error("invalid URL prefix");
  std::string_view host, uri;
  split_url(url.substr(7), host, uri);
  if (host.empty()) return use.error(concat("no host in upstream \"", url.substr(7), '"'));
  target.host = std::string(host);
  const size_t colon = host.starts_with("unix:") ? std::string_view::npos : host.rfind(':');
  target.port = colon == std::string_view::npos || host.back() == ']' ? "80" : std::string(host.substr(colon + 1));
  target.has_uri = !uri.empty();
  target.uri_part = uri.starts_with('?') ? concat('/', uri) : std::string(uri);
  const bool no_prefix = location.match == Location::Match::regex || location.match == Location::Match::regex_icase ||
                         location.match == Location::Match::named || use.block.context() != kLocation;
  if (target.has_uri && no_prefix) {
    return use.error("\"proxy_pass\" cannot have URI part in location given by regular expression, or inside named location, or inside "
                     "\"if\" statement, or inside \"limit_except\" block");
  }
  return {};
}

Result<void> proxy_pass(DirectiveUse& use) {
  auto& conf = use.conf_as<ProxyConf>();
  Location& location = *use.block.location();
  auto target = std::make_shared<ProxyTarget>();
  target->place = use.node.place;
  TRY_ASSIGN(target->url, use.block.builder().compile(use.node.place, use.arg(0)));
  target->dynamic = !target->url.is_constant();
  if (!target->dynamic) TRY(set_static_target(use, location, *target));
  conf.location_prefix = path_of(location);
  location.auto_redirect = conf.location_prefix.ends_with('/');
  conf.target = target;
  use.module_as<UpstreamModule>().add_target(std::move(target));
  use.block.claim_content(use.row.name);
  return {};
}

Result<void> add_set_header(DirectiveUse& use) {
  ProxySetHeader header;
  header.name = std::string(use.arg(0));
  header.id = header_id(header.name);
  TRY_ASSIGN(header.value, use.block.builder().compile(use.node.place, use.arg(1)));
  if (header.id == HeaderId::transfer_encoding) {
    return use.error("\"proxy_set_header\" cannot set Transfer-Encoding: the framing of a request is sluice's own");
  }
  use.conf_as<ProxyConf>().set_headers.push_back(std::move(header));
  return {};
}

template <auto Member>
Result<void> add_name(DirectiveUse& use) {
  (use.conf_as<ProxyConf>().*Member).push_back(std::string(use.arg(0)));
  return {};
}

template <auto Member>
void drop(void* conf) {
  (static_cast<ProxyConf*>(conf)->*Member).clear();
}

Result<void> set_http_version(DirectiveUse& use) {
  if (use.arg(0) == "1.0") use.conf_as<ProxyConf>().http10 = true;
  else if (use.arg(0) == "1.1") use.conf_as<ProxyConf>().http10 = false;
  else return use.invalid_value(use.arg(0));
  return {};
}

Result<void> set_next_upstream(DirectiveUse& use) {
  static constexpr std::pair<std::string_view, uint32_t> kConditions[] = {
      {"error", kNextError},       {"timeout", kNextTimeout},   {"invalid_header", kNextInvalidHeader},
      {"http_500", kNextHttp500},  {"http_502", kNextHttp502},  {"http_503", kNextHttp503},
      {"http_504", kNextHttp504},  {"http_403", kNextHttp403},  {"http_404", kNextHttp404},
      {"http_429", kNextHttp429},  {"non_idempotent", kNextNonIdempotent}, {"off", kNextOff},
  };
  uint32_t mask = 0;
  for (size_t i = 0; i < use.count(); ++i) {
    uint32_t bit = 0;
    for (auto& [name, value] : kConditions) {
      if (use.arg(i) == name) bit = value;
    }
    if (bit == 0) return use.invalid_value(use.arg(i));
    mask |= bit;
  }
  use.conf_as<ProxyConf>().next_upstream = mask;
  return {};
}

Result<void> set_via(DirectiveUse& use) {
  std::string& via = use.conf_as<ProxyConf>().via;
  if (use.arg(0) == "off") via.clear();
  else if (use.arg(0) == "on") via = kOwnName;
  else if (header_name_is_valid(use.arg(0))) via = std::string(use.arg(0));  // a token, as a field's name is
  else return use.invalid_value(use.arg(0));
  return {};
}

Result<void> set_method(DirectiveUse& use) {
  TRY_ASSIGN(use.conf_as<ProxyConf>().method, use.block.builder().compile(use.node.place, use.arg(0)));
  return {};
}

Result<void> set_body(DirectiveUse& use) {
  TRY_ASSIGN(use.conf_as<ProxyConf>().body, use.block.builder().compile(use.node.place, use.arg(0)));
  return {};
}

Result<void> set_bind(DirectiveUse& use) {
  ProxyBind& bind = use.conf_as<ProxyConf>().bind;
  bind = ProxyBind{};
  if (use.count() == 1 && use.arg(0) == "off") return {};
  if (use.count() == 2 && use.arg(1) != "transparent") return use.error(concat("invalid parameter \"", use.arg(1), '"'));
  bind.transparent = use.count() == 2;
  TRY_ASSIGN(bind.address, use.block.builder().compile(use.node.place, use.arg(0)));
  if (bind.address.is_constant() && !parse_local_address(use.arg(0))) return use.error(concat("invalid address \"", use.arg(0), '"'));
  return {};
}

Result<void> check_size(DirectiveUse& use) {
  TRY(rows::size_value(use));
  return {};
}

Result<void> check_number(DirectiveUse& use) {
  TRY(rows::number_value(use));
  return {};
}

Result<void> set_force_ranges(DirectiveUse& use) {
  TRY_ASSIGN(bool on, rows::flag_value(use));
  if (on) return use.error("the value \"on\" of \"proxy_force_ranges\" is not supported, only \"off\"");
  return {};
}

Result<void> set_buffers(DirectiveUse& use) {
  const auto number = parse_uint(use.arg(0));
  const auto size = parse_size(use.arg(1));
  if (!number || *number == 0 || !size || *size == 0 || *number > SIZE_MAX / *size) return use.directive_error("invalid value");
  if (*number < 2) return use.error("there must be at least 2 \"proxy_buffers\"");
  use.conf_as<ProxyConf>().buffers_bytes = *number * *size;
  return {};
}

Result<void> set_temp_path(DirectiveUse& use) {
  for (size_t i = 1; i < use.count(); ++i) {
    auto level = parse_uint(use.arg(i));
    if (!level || *level < 1 || *level > 3) return use.invalid_value(use.arg(i));
  }
  TRY_ASSIGN(use.conf_as<ProxyConf>().temp_path, use.block.builder().temp_directory(use.node.place, use.arg(0)));
  return {};
}

Result<void> set_limit_rate(DirectiveUse& use) {
  auto& rate = use.conf_as<ProxyConf>().limit_rate;
  TRY_ASSIGN(rate, use.block.builder().compile(use.node.place, use.arg(0)));
  if (rate.is_constant() && !parse_size(rate.constant())) return use.directive_error("invalid value");
  if (rate.is_constant() && parse_size(rate.constant()) == size_t{0}) rate = ComplexValue();
  return {};
}

constexpr Directive kRows[] = {
    {"proxy_pass", kLocation | kLocationIf | kLimitExcept, 1, 1, BlockShape::none, Repeat::once, &proxy_pass, nullptr, "",
     "Passes the request to an upstream, an address, or what variables give: http://name, http://127.0.0.1:3000/uri/, http://$target."},
    {"proxy_set_header", kPlaces, 2, 2, BlockShape::none, Repeat::list, &add_set_header, &drop<&ProxyConf::set_headers>, "Host $proxy_host",
     "Sets or (with an empty value) removes a field of the request to the upstream. Connection and Upgrade need no help for WebSockets."},
    {"proxy_hide_header", kPlaces, 1, 1, BlockShape::none, Repeat::list, &add_name<&ProxyConf::hide_headers>,
     &drop<&ProxyConf::hide_headers>, "", "A field of the response that the client does not get."},
    {"proxy_pass_header", kPlaces, 1, 1, BlockShape::none, Repeat::list, &add_name<&ProxyConf::pass_headers>,
     &drop<&ProxyConf::pass_headers>, "", "A field of the response that is hidden by default (Date, Server, X-Accel-...) and passed after all."},
    {"proxy_method", kPlaces, 1, 1, BlockShape::none, Repeat::once, &set_method, nullptr, "", "The method of the request to the upstream."},
    {"proxy_http_version", kPlaces, 1, 1, BlockShape::none, Repeat::once, &set_http_version, nullptr, "1.1",
     "1.1 keeps upstream connections alive; 1.0 makes one per request."},
    {"proxy_via", kPlaces, 1, 1, BlockShape::none, Repeat::once, &set_via, nullptr, "off",
     "Adds \"Via: 1.1 sluice\" (on) or another name behind the client's entries (RFC 9110, 7.6.3), and answers 508 when a request already "
     "has it: give each proxy of a chain a name of its own. Off, because nginx does not compress for requests with Via unless gzip_proxied "
     "says so. Where a peer is a listen address of this very configuration it is always on, and 508 comes after ten rounds. The client's "
     "entries pass then even if proxy_set_header or proxy_pass_request_headers would remove them."},
    {"proxy_next_upstream", kPlaces, 1, -1, BlockShape::none, Repeat::once, &set_next_upstream, nullptr, "error timeout",
     "When a request is tried on another peer."},
    rows::number<&ProxyConf::next_upstream_tries>("proxy_next_upstream_tries", kPlaces, "0", "How many attempts at most; 0: one per peer."),
    rows::time<&ProxyConf::next_upstream_timeout>("proxy_next_upstream_timeout", kPlaces, "0", "No new attempt after this time; 0: no limit."),
    rows::time<&ProxyConf::connect_timeout>("proxy_connect_timeout", kPlaces, "60s", "How long connecting to a peer may take."),
    rows::time<&ProxyConf::send_timeout>("proxy_send_timeout", kPlaces, "60s", "Between two writes of a request to the peer."),
    rows::time<&ProxyConf::read_timeout>("proxy_read_timeout", kPlaces, "60s",
                                         "Between two reads of a response, and the idle time of a WebSocket."),
    rows::size<&ProxyConf::buffer_size>("proxy_buffer_size", kPlaces, "64k", "The largest response head accepted."),
    rows::flag<&ProxyConf::ignore_client_abort>("proxy_ignore_client_abort", kPlaces, "off",
                                                "Goes on with the upstream when the client has left."),
    rows::flag<&ProxyConf::pass_request_headers>("proxy_pass_request_headers", kPlaces, "on", "Passes the client's fields on."),
    rows::flag<&ProxyConf::pass_request_body>("proxy_pass_request_body", kPlaces, "on", "Passes the client's body on."),
    {"proxy_set_body", kPlaces, 1, 1, BlockShape::none, Repeat::once, &set_body, nullptr, "", "What is sent to the upstream as the request's body instead of the client's."},
    {"proxy_bind", kPlaces, 1, 2, BlockShape::none, Repeat::once, &set_bind, nullptr, "",
     "The own address of connections to peers: `ADDRESS[:PORT] [transparent]`, with variables, or `off`. With `transparent` it may be another "
     "machine's (IP_TRANSPARENT): workers need CAP_NET_RAW for that, which `user` takes from them unless it is root. Idle connections are kept "
     "apart by own address."},
    rows::flag<&ProxyConf::socket_keepalive>("proxy_socket_keepalive", kPlaces, "off", "Whether the kernel probes idle connections to peers (SO_KEEPALIVE)."),
    rows::size<&ProxyConf::socket_rcvbuf>("proxy_socket_rcvbuf", kPlaces, "", "The receive buffer of connections to peers (SO_RCVBUF)."),
    rows::size<&ProxyConf::socket_sndbuf>("proxy_socket_sndbuf", kPlaces, "", "The send buffer of connections to peers (SO_SNDBUF)."),
    rows::flag<&ProxyConf::intercept_errors>("proxy_intercept_errors", kPlaces, "off",
                                             "Whether a response of status 300 and above for which there is an error_page is answered with that."),
    {"proxy_force_ranges", kPlaces, 1, 1, BlockShape::none, Repeat::once, &set_force_ranges, nullptr, "off",
     "Accepted with `off`: ranges of proxied responses are the upstream's to serve."},
    {"proxy_send_lowat", kPlaces, 1, 1, BlockShape::none, Repeat::once, &check_size, nullptr, "0", "Accepted without effect, as nginx does on Linux."},
    {"proxy_headers_hash_max_size", kPlaces, 1, 1, BlockShape::none, Repeat::once, &check_number, nullptr, "512", "Accepted without effect: there is no such table."},
    {"proxy_headers_hash_bucket_size", kPlaces, 1, 1, BlockShape::none, Repeat::once, &check_number, nullptr, "64", "Accepted without effect: there is no such table."},
    rows::flag<&ProxyConf::buffering>("proxy_buffering", kPlaces, "on",
                                      "What comes is sent at once, in either case. With `on` what a slow client does not take yet is kept, in memory "
                                      "(proxy_buffers) and then in a file (proxy_max_temp_file_size), and the upstream is soon free; with `off` the "
                                      "upstream waits for the client. `X-Accel-Buffering: yes|no` of a response overrides it."),
    {"proxy_buffers", kPlaces, 2, 2, BlockShape::none, Repeat::once, &set_buffers, nullptr, "8 8k",
     "How much of a response is kept in memory for a slow client: number times size."},
    {"proxy_busy_buffers_size", kPlaces, 1, 1, BlockShape::none, Repeat::once, &check_size, nullptr, "", "Accepted without effect: nothing waits until a buffer is full."},
    rows::size<&ProxyConf::max_temp_file_size>("proxy_max_temp_file_size", kPlaces, "1024m",
                                               "How large the file of a response that is kept for a slow client may become; then the upstream waits. 0: no file."),
    {"proxy_temp_file_write_size", kPlaces, 1, 1, BlockShape::none, Repeat::once, &check_size, nullptr, "", "Accepted without effect: what comes is written as it comes, to the page cache."},
    {"proxy_temp_path", kPlaces, 1, 4, BlockShape::none, Repeat::once, &set_temp_path, nullptr, "/var/tmp",
     "The directory of those files; made, like /tmp, when it is not there. They have no names: levels of directories are accepted without effect."},
    rows::flag<&ProxyConf::request_buffering>("proxy_request_buffering", kPlaces, "on",
                                              "With `on` the whole request body is read (see client_body_buffer_size) before a peer is chosen: a slow client "
                                              "occupies none, and another peer can be tried. With `off` it is sent as it comes."),
    {"proxy_limit_rate", kPlaces, 1, 1, BlockShape::none, Repeat::once, &set_limit_rate, nullptr, "0",
     "Bytes per second that are read of one response; 0: no limit. Counts with and without proxy_buffering."},
    rows::flag<&ProxyConf::pass_trailers>("proxy_pass_trailers", kPlaces, "off",
                                          "Whether fields behind a chunked response go to the client, too. To ask for them: `proxy_set_header TE trailers;`."),
};

}  // namespace

std::span<const Directive> proxy_directives() { return kRows; }

}  // namespace sluice
