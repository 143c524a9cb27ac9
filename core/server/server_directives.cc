// Rows of what a server knows before a location is found: reading the request head.
#include <sluice/base/strings.h>

#include "server/core_conf.h"

namespace sluice {

namespace {

Result<void> set_large_buffers(DirectiveUse& use) {
  auto& conf = use.conf_as<ServerConf>();
  auto count = parse_uint(use.arg(0));
  auto bytes = parse_size(use.arg(1));
  if (!count || *count == 0 || *count > 1024) return use.directive_error("invalid value");
  if (!bytes || *bytes < 256 || *bytes > (64u << 20)) return use.directive_error("invalid value");
  conf.large_header_count = *count;
  conf.large_header_bytes = *bytes;
  return {};
}

Result<void> check_size(DirectiveUse& use) {
  auto value = rows::size_value(use);
  if (!value) return std::move(value.error());
  return {};
}

constexpr Directive kRows[] = {
    rows::time<&ServerConf::client_header_timeout>("client_header_timeout", kHttp | kServer, "60s",
                                                   "How long a client may take to send the head of a request."),
    {"large_client_header_buffers", kHttp | kServer, 2, 2, BlockShape::none, Repeat::once, set_large_buffers, nullptr, "4 8k",
     "Limits of a request head: its request line and each field may have SIZE bytes, all together NUMBER times SIZE."},
    {"client_header_buffer_size", kHttp | kServer, 1, 1, BlockShape::none, Repeat::once, check_size, nullptr, "1k",
     "Accepted; request heads are read without a buffer of their own."},
    rows::number<&ServerConf::max_headers>("max_headers", kHttp | kServer, "100", "How many fields a request head may have."),
    rows::flag<&ServerConf::underscores_in_headers>("underscores_in_headers", kHttp | kServer, "off",
                                                    "Whether request fields with an underscore in their name are taken; else they are ignored."),
    rows::flag<&ServerConf::ignore_invalid_headers>("ignore_invalid_headers", kHttp | kServer, "on",
                                                    "Whether request fields with unusual names are ignored; else they are passed on."),
};

}  // namespace

std::span<const Directive> server_directives() {
  return kRows;
}

}  // namespace sluice
