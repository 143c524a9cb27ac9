#include <sluice/base/strings.h>
#include <sluice/conf/tree.h>

#include <algorithm>

#include "conf/excerpt.h"

namespace sluice {

namespace {

// Longer lines are cut to a window around the column, so that a generated one-line file does not flood the
// terminal.
constexpr size_t kExcerptWidth = 160;

std::string_view line_of(std::string_view text, uint32_t line) {
  for (uint32_t i = 1; i < line; ++i) {
    size_t feed = text.find('\n');
    if (feed == std::string_view::npos) return {};
    text.remove_prefix(feed + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
bool continues_utf8(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// The line as shown: what a terminal would obey is replaced, tabs stay.
std::string printable(std::string_view source) {
  std::string out(source);
  for (char& c : out) {
    if (is_control(c) && c != '\t') c = '?';
  }
  return out;
}

// White space as wide as what stands before the caret: tabs stay tabs, a UTF-8 sequence is one column.
std::string padding(std::string_view before) {
  std::string out;
  for (char c : before) {
    if (!continues_utf8(c)) out.push_back(c == '\t' ? '\t' : ' ');
  }
  return out;
}

}  // namespace

std::string place_suffix(const ConfigPlace& place) {
  if (place.file == nullptr) return {};
  if (*place.file == kCommandLineFile) return concat(" in ", *place.file);
  return concat(" in ", *place.file, ":", place.line);
}

Error config_error(const ConfigPlace& place, std::string_view text) {
  return Error(ErrorKind::config, concat(text, place_suffix(place)), ErrorSource::config);
}

std::string source_excerpt(const ConfigPlace& place, std::string_view file_text) {
  if (place.column == 0) return {};
  std::string_view source = line_of(file_text, place.start_line);
  size_t caret = std::min<size_t>(place.column - 1, source.size());
  size_t cut = caret > kExcerptWidth / 2 && source.size() > kExcerptWidth ? caret - kExcerptWidth / 2 : 0;
  while (cut > 0 && continues_utf8(source[cut])) --cut;
  source = source.substr(cut, kExcerptWidth);
  caret -= cut;
  std::string number = std::to_string(place.start_line);
  std::string margin(number.size(), ' ');
  return concat("  ", number, " | ", printable(source), "\n  ", margin, " | ",
                padding(source.substr(0, caret)), "^\n");
}

}  // namespace sluice
