#include <sluice/http/message.h>

#include "http/status_table.h"

namespace sluice {

namespace {

struct MethodRow {
  Method method;
  std::string_view name;
};

constexpr MethodRow kMethods[] = {
    {Method::get, "GET"},           {Method::post, "POST"},       {Method::head, "HEAD"},
    {Method::put, "PUT"},           {Method::del, "DELETE"},      {Method::options, "OPTIONS"},
    {Method::patch, "PATCH"},       {Method::connect, "CONNECT"}, {Method::trace, "TRACE"},
    {Method::propfind, "PROPFIND"}, {Method::mkcol, "MKCOL"},     {Method::copy, "COPY"},
    {Method::move, "MOVE"},         {Method::lock, "LOCK"},       {Method::unlock, "UNLOCK"},
    {Method::proppatch, "PROPPATCH"},
};

}  // namespace

Method method_from(std::string_view name) {
  for (const MethodRow& row : kMethods) {
    if (row.name == name) return row.method;
  }
  return Method::unknown;
}

std::string_view method_name(Method method) {
  for (const MethodRow& row : kMethods) {
    if (row.method == method) return row.name;
  }
  return {};
}

bool method_is_idempotent(Method method) {
  switch (method) {
    case Method::get:
    case Method::head:
    case Method::put:
    case Method::del:
    case Method::options:
    case Method::trace:
    case Method::propfind:
    case Method::proppatch:
    case Method::mkcol:
    case Method::copy:
    case Method::move:
    case Method::unlock:
      return true;
    default:
      return false;
  }
}

std::string_view version_name(HttpVersion version) {
  switch (version) {
    case HttpVersion::http10:
      return "HTTP/1.0";
    case HttpVersion::http11:
      return "HTTP/1.1";
    case HttpVersion::http2:
      return "HTTP/2.0";
  }
  return "HTTP/1.1";
}

std::string_view status_reason(int status) {
  switch (status) {
#define X(code, phrase) \
  case code:            \
    return phrase;
    SLUICE_STATUS_TABLE(X)
#undef X
    default:
      return {};
  }
}

}  // namespace sluice
