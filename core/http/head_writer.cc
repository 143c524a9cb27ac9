#include "http/head_writer.h"

#include <algorithm>
#include <charconv>

#include "http/status_table.h"

namespace sluice {

namespace {

// status_line is the whole line of HTTP/1.1 for a code with a standard phrase; empty for others.
std::string_view status_line(int status) {
  switch (status) {
#define X(code, phrase) \
  case code:            \
    return "HTTP/1.1 " #code " " phrase "\r\n";
    SLUICE_STATUS_TABLE(X)
#undef X
    default:
      return {};
  }
}

}  // namespace

HeadWriter::HeadWriter(Arena& arena, size_t estimate)
    : arena_(&arena), start_(arena.allocate_chars(estimate)), to_(start_), end_(start_ + estimate) {}

void HeadWriter::grow(size_t bytes) {
  const size_t written = size();
  const size_t capacity = std::max(written + bytes, static_cast<size_t>(end_ - start_) * 2);
  char* start = arena_->allocate_chars(capacity);
  if (written != 0) std::memcpy(start, start_, written);
  start_ = start;
  to_ = start + written;
  end_ = start + capacity;
}

void HeadWriter::append_number(uint64_t number) {
  char digits[20];
  char* end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  append({digits, static_cast<size_t>(end - digits)});
}

void HeadWriter::write_request_line(std::string_view method, std::string_view target, HttpVersion version) {
  append(method);
  append(' ');
  append(target);
  append(' ');
  append(version_name(version));
  append("\r\n");
}

void HeadWriter::write_status_line(HttpVersion version, int status, std::string_view reason) {
  const int code = status >= 100 && status <= 999 ? status : 500;
  const std::string_view standard = status_reason(code);
  const std::string_view phrase = reason.empty() || !header_value_is_safe(reason) ? standard : reason;
  if (version == HttpVersion::http11 && !standard.empty() && phrase == standard) return append(status_line(code));
  append(version_name(version));
  append(' ');
  append_number(static_cast<uint64_t>(code));
  append(' ');
  append(phrase);
  append("\r\n");
}

void HeadWriter::write_checked(std::string_view name, std::string_view value) {
  const size_t bytes = name.size() + value.size() + 4;
  if (bytes > static_cast<size_t>(end_ - to_)) [[unlikely]] grow(bytes);
  std::memcpy(to_, name.data(), name.size());
  to_ += name.size();
  *to_++ = ':';
  *to_++ = ' ';
  if (!value.empty()) std::memcpy(to_, value.data(), value.size());
  to_ += value.size();
  *to_++ = '\r';
  *to_++ = '\n';
}

bool HeadWriter::write_field(HeaderId id, std::string_view value) {
  if (id == HeaderId::unknown || !header_value_is_safe(value)) return false;
  write_checked(header_name(id), value);
  return true;
}

bool HeadWriter::write_field(std::string_view name, std::string_view value) {
  if (!header_name_is_valid(name) || !header_value_is_safe(value)) return false;
  write_checked(name, value);
  return true;
}

// A name that has an id was recognised, so it is a token.
bool HeadWriter::write_field(const Header& field) {
  if (field.id == HeaderId::unknown) return write_field(field.name(), field.value());
  if (field.name_size == 0 || !header_value_is_safe(field.value())) return false;
  write_checked(field.name(), field.value());
  return true;
}

void HeadWriter::write_field(HeaderId id, uint64_t number) {
  char digits[20];
  char* end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  write_checked(header_name(id), {digits, static_cast<size_t>(end - digits)});
}

}  // namespace sluice
