#include <sluice/base/error.h>

#include <cstring>

namespace sluice {

Error os_error(std::string_view what, int errno_value, ErrorKind kind) {
  char buffer[128];
  std::string text(what);
  text += " failed (";
  text += std::to_string(errno_value);
  text += ": ";
  text += strerror_r(errno_value, buffer, sizeof buffer);
  text += ")";
  return Error(kind, std::move(text), ErrorSource::internal, errno_value);
}

std::string_view error_kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::timeout: return "timeout";
    case ErrorKind::closed: return "closed";
    case ErrorKind::reset: return "reset";
    case ErrorKind::connect_failed: return "connect_failed";
    case ErrorKind::bad_message: return "bad_message";
    case ErrorKind::too_large: return "too_large";
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::cancelled: return "cancelled";
    case ErrorKind::config: return "config";
    case ErrorKind::io: return "io";
    case ErrorKind::internal: return "internal";
  }
  return "internal";
}

}  // namespace sluice
