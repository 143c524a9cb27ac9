#include "head.h"

#include <strings.h>

#include <algorithm>

namespace sluice::bench {

namespace {

std::string_view trimmed(std::string_view value) {
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
  return value;
}

}  // namespace

std::string_view field(std::string_view head, std::string_view name) {
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    if (head.size() - at <= name.size() || head[at + name.size()] != ':') continue;
    if (strncasecmp(head.data() + at, name.data(), name.size()) != 0) continue;
    return trimmed(head.substr(at + name.size() + 1, head.find("\r\n", at) - at - name.size() - 1));
  }
  return {};
}

bool is_token(std::string_view value, std::string_view token) {
  return value.size() == token.size() && strncasecmp(value.data(), token.data(), token.size()) == 0;
}

std::string_view target_of(std::string_view head) {
  const size_t begin = std::min(head.find(' ') + 1, head.size());
  return head.substr(begin, head.find(' ', begin) - begin);
}

std::string_view path_of(std::string_view head) {
  const std::string_view target = target_of(head);
  return target.substr(0, target.find('?'));
}

std::string_view argument(std::string_view target, std::string_view name) {
  for (size_t at = target.find('?'); at != std::string_view::npos; at = target.find('&', at)) {
    ++at;
    std::string_view rest = target.substr(at);
    rest = rest.substr(0, rest.find('&'));
    if (rest.size() > name.size() && rest.substr(0, name.size()) == name && rest[name.size()] == '=')
      return rest.substr(name.size() + 1);
  }
  return {};
}

}  // namespace sluice::bench
