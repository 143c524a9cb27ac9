#include "file_texts.h"

#include <charconv>
#include <string_view>

#include <sluice/base/strings.h>
#include <sluice/http/date.h>

namespace sluice {

namespace {

struct Hexadecimal {
  explicit Hexadecimal(uint64_t value) : size(static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, value, 16).ptr - digits)) {}
  std::string_view text() const { return {digits, size}; }

  char digits[16];
  size_t size;
};

}  // namespace

FileTexts::FileTexts(const FileStamp& file)
    : etag(concat('"', Hexadecimal(static_cast<uint64_t>(file.modified)).text(), '-', Hexadecimal(file.size).text(), '"')),
      last_modified(kHttpDateBytes, '\0') {
  format_http_date(file.modified, last_modified.data());
}

}  // namespace sluice
