#include "http/via.h"

#include <sluice/base/strings.h>

namespace sluice {

namespace {

// skip_comment gives the place behind the comment that begins at `at`; comments nest, and a backslash takes a byte's meaning away.
size_t skip_comment(std::string_view text, size_t at) {
  size_t depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '\\') ++at;
    else if (text[at] == '(') ++depth;
    else if (text[at] == ')' && --depth == 0) return at + 1;
  }
  return text.size();
}

// take_entry cuts the next entry off, without the comma behind it.
std::string_view take_entry(std::string_view& rest) {
  size_t at = 0;
  while (at < rest.size() && rest[at] != ',') at = rest[at] == '(' ? skip_comment(rest, at) : at + 1;
  const std::string_view entry = rest.substr(0, at);
  rest.remove_prefix(at < rest.size() ? at + 1 : at);
  return trim(entry);
}

// received_by is what stands behind the protocol: "1.1 name:port (comment)".
std::string_view received_by(std::string_view entry) {
  const size_t blank = entry.find_first_of(" \t");
  if (blank == std::string_view::npos) return {};
  const std::string_view behind = trim(entry.substr(blank));
  return behind.substr(0, behind.find_first_of(" \t("));
}

bool names(std::string_view recipient, std::string_view pseudonym) {
  return iequals(recipient.substr(0, recipient.find(':')), pseudonym);
}

}  // namespace

size_t via_entries(const Headers& headers, std::string_view pseudonym) {
  size_t count = 0;
  for (const Header* field = headers.find(HeaderId::via); field != nullptr; field = headers.next(field)) {
    for (std::string_view rest = field->value(); !rest.empty();) {
      if (names(received_by(take_entry(rest)), pseudonym)) ++count;
    }
  }
  return count;
}

}  // namespace sluice
