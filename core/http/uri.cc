#include <sluice/http/uri.h>

#include <algorithm>
#include <array>
#include <cstring>

#include <sluice/base/strings.h>

#include "http/byte_class.h"

namespace sluice {

namespace {

Error bad_path(const char* why) { return Error(ErrorKind::bad_message, why, ErrorSource::client); }

// percent_byte is the byte that the "%XX" at text[at] stands for, or -1 when it is none.
int percent_byte(std::string_view text, size_t at) {
  if (text.size() - at < 3) return -1;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

// after_dots is the byte behind the one or two dots that begin at text[at], '/' at the end of the text; NUL when there are more, or none.
char after_dots(std::string_view text, size_t at) {
  const size_t end = std::min(text.find_first_not_of('.', at), text.size());
  if (end == at || end - at > 2) return '\0';
  return end == text.size() ? '/' : text[end];
}

// has_doubtful_dots: a "." or ".." that some servers take for a whole segment and others for the beginning of a name: before a
// parameter ("..;x"), at a '\' (another '/' to some), or before the first byte of an overlong '/' (C0 AF).
bool has_doubtful_dots(std::string_view path) {
  for (size_t at = path.find('.'); at != std::string_view::npos; at = path.find('.', path.find_first_not_of('.', at))) {
    const bool after_backslash = path[at - 1] == '\\';
    if (path[at - 1] != '/' && !after_backslash) continue;
    const char next = after_dots(path, at);
    if (next == ';' || next == '\\' || next == '\xc0' || (next == '/' && after_backslash)) return true;
  }
  return false;
}

#if defined(__SSE2__)
// looks_plain_at: none of 16 bytes is '%', or a '/' before a '/' or a '.'. It reads one byte more.
bool looks_plain_at(const char* p) {
  const unsigned after_slash = equal_bits(p, '/') & (equal_bits(p + 1, '/') | equal_bits(p + 1, '.'));
  return (after_slash | equal_bits(p, '%')) == 0;
}
#endif

// looks_plain is the quick look: nothing to decode, no segment that is empty or begins with a dot.
bool looks_plain(std::string_view path) {
#if defined(__SSE2__)
  if (path.size() > 16) {
    const size_t last = path.size() - 17;
    for (size_t at = 0; at < last; at += 16) {
      if (!looks_plain_at(path.data() + at)) return false;
    }
    return looks_plain_at(path.data() + last) && path.back() != '%';
  }
#endif
  char before = 0;
  for (char c : path) {
    if (c == '%' || (before == '/' && (c == '/' || c == '.'))) return false;
    before = c;
  }
  return true;
}

bool is_normal(std::string_view path, MergeSlashes merge) {
  if (looks_plain(path)) return true;
  if (std::memchr(path.data(), '%', path.size()) != nullptr) return false;
  for (size_t slash = 0; slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    if (slash + 1 == path.size()) break;
    if (path[slash + 1] == '/' && merge == MergeSlashes::yes) return false;
    if (path[slash + 1] != '.') continue;
    if (const char next = after_dots(path, slash + 1); next == '/' || next == ';') return false;
  }
  return true;
}

// decode_path decodes into `out`, which has room for the whole text.
Result<std::string_view> decode_path(std::string_view raw, char* out) {
  size_t size = 0;
  for (size_t at = 0; at < raw.size(); ++at) {
    char c = raw[at];
    if (c == '%') {
      const int byte = percent_byte(raw, at);
      if (byte < 0) return bad_path("invalid percent-encoding in the path");
      if (byte == '\0' || byte == '\r' || byte == '\n') return bad_path("forbidden encoded byte in the path");
      c = static_cast<char>(byte);
      at += 2;
    }
    out[size++] = c;
  }
  return std::string_view(out, size);
}

// resolve_segments rewrites the path in place, segment by segment; what is written never overtakes what is read.
Result<std::string_view> resolve_segments(char* path, size_t size, MergeSlashes merge) {
  size_t written = 1;  // the first '/' stays; path[0, written) always ends in '/' at a segment's start
  size_t at = 1;
  while (at < size) {
    size_t end = at;
    while (end < size && path[end] != '/') ++end;
    const std::string_view segment(path + at, end - at);
    const bool last = end == size;
    if (segment == "..") {
      if (written == 1) return bad_path("path leaves the root");
      for (--written; path[written - 1] != '/';) --written;
    } else if (segment != "." && !(segment.empty() && merge == MergeSlashes::yes)) {
      std::memmove(path + written, path + at, segment.size());
      written += segment.size();
      if (!last) path[written++] = '/';
    }
    at = end + 1;
  }
  return std::string_view(path, written);
}

using EscapeSet = std::array<bool, 256>;

enum class HighBytes : uint8_t { keep, escape };

constexpr EscapeSet make_set(std::string_view characters, HighBytes high) {
  EscapeSet out{};
  for (size_t i = 0; i < 0x20; ++i) out[i] = true;
  for (char c : characters) out[static_cast<unsigned char>(c)] = true;
  for (size_t i = 0x80; i < 256; ++i) out[i] = high == HighBytes::escape;
  return out;
}

constexpr EscapeSet make_all_but(std::string_view marks) {
  EscapeSet out{};
  for (size_t i = 0; i < 256; ++i) {
    const auto c = static_cast<char>(i);
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    out[i] = !alnum && marks.find(c) == std::string_view::npos;
  }
  return out;
}

constexpr EscapeSet kMemcached = make_set(" %", HighBytes::keep);
constexpr EscapeSet kEscapeSets[] = {
    make_set(" \"#%<>?\\^`{|}\x7f", HighBytes::escape),
    make_set(" \"#%&+;<>?\\^`{|}\x7f", HighBytes::escape),
    make_all_but("-._~"),
    make_set(" \"#%'<>\\^`{|}\x7f", HighBytes::escape),
    make_set(" \"'<>\\^`{|~\x7f", HighBytes::escape),
    kMemcached,
    kMemcached,
    make_all_but("-._~!'()*"),
};

}  // namespace

Result<std::string_view> normalize_path(std::string_view raw_path, MergeSlashes merge, Arena& arena) {
  if (raw_path.empty() || raw_path.front() != '/') return bad_path("path does not begin with a slash");
  if (is_normal(raw_path, merge)) return raw_path;
  char* out = arena.allocate_chars(raw_path.size());
  TRY_ASSIGN(const std::string_view decoded, decode_path(raw_path, out));
  if (has_doubtful_dots(decoded)) return bad_path("dot segment that is none to everybody in the path");
  return resolve_segments(out, decoded.size(), merge);
}

std::string_view escape_uri(std::string_view text, EscapeKind kind, Arena& arena) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  const EscapeSet& set = kEscapeSets[static_cast<size_t>(kind)];
  size_t escaped = 0;
  for (char c : text) escaped += set[static_cast<unsigned char>(c)] ? 1 : 0;
  if (escaped == 0) return text;
  char* const out = arena.allocate_chars(text.size() + 2 * escaped);
  char* to = out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (!set[byte]) {
      *to++ = c;
      continue;
    }
    *to++ = '%';
    *to++ = kDigits[byte >> 4];
    *to++ = kDigits[byte & 15];
  }
  return {out, static_cast<size_t>(to - out)};
}

std::string_view unescape_uri(std::string_view text, Plus plus, Arena& arena) {
  const bool plus_is_space = plus == Plus::as_space;
  if (text.find_first_of(plus_is_space ? "%+" : "%") == std::string_view::npos) return text;
  char* const out = arena.allocate_chars(text.size());
  size_t size = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '+' && plus_is_space) c = ' ';
    if (c == '%') {
      if (const int byte = percent_byte(text, at); byte >= 0) {
        c = static_cast<char>(byte);
        at += 2;
      }
    }
    out[size++] = c;
  }
  return {out, size};
}

std::optional<std::string_view> query_arg(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    if (pair.size() > name.size() && pair[name.size()] == '=' && iequals(pair.substr(0, name.size()), name)) {
      return pair.substr(name.size() + 1);
    }
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  return std::nullopt;
}

std::optional<std::string_view> cookie(const Headers& headers, std::string_view name) {
  for (const Header* field = headers.find(HeaderId::cookie); field != nullptr; field = headers.next(field)) {
    std::string_view list = field->value();
    while (!list.empty()) {
      const size_t end = list.find(';');
      const std::string_view pair = list.substr(0, end);
      const size_t equals = pair.find('=');
      if (equals != std::string_view::npos && iequals(trim(pair.substr(0, equals)), name)) return trim(pair.substr(equals + 1));
      list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
    }
  }
  return std::nullopt;
}

}  // namespace sluice
