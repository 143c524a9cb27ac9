#include "options.h"

#include <errno.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "tool.h"

namespace sluice::bench {

namespace {

constexpr double kLongestSeconds = 3600;

bool contains(std::initializer_list<std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Options::Options(int argc, char** argv, const char* usage, size_t count, std::initializer_list<std::string_view> valued,
                 std::initializer_list<std::string_view> flags)
    : usage_(usage) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (contains(flags, word))
      values_[word];
    else if (contains(valued, word) && i + 1 < argc)
      values_[word].push_back(argv[++i]);
    else if (word.substr(0, 2) == "--")
      refuse(word);
    else
      arguments_.push_back(argv[i]);
  }
  if (arguments_.size() != count) refuse("wrong number of arguments");
}

uint16_t Options::port() const { return uint16_t(parse_number(arguments_[0], 65535)); }

const char* Options::text(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) refuse(std::string(name) + " is missing");
  return found->second.back();
}

uint32_t Options::number(std::string_view name, uint32_t maximum) const { return parse_number(text(name), maximum); }

uint64_t Options::seconds_ns(std::string_view name) const {
  char* end = nullptr;
  const double seconds = std::strtod(text(name), &end);
  if (end == text(name) || *end != '\0' || !(seconds >= 0 && seconds <= kLongestSeconds))
    refuse(std::string("not a usable time: ") + text(name));
  return uint64_t(seconds * 1e9);
}

std::vector<const char*> Options::all(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<const char*>() : found->second;
}

void Options::refuse(std::string_view why) const {
  errno = 0;
  die(std::string(why) + "\nusage: " + usage_);
}

}  // namespace sluice::bench
