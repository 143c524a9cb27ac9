// HostTable::Impl: how the servers of one listening address are kept, and how the builder fills it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/server/named_regex.h>

#include "server/routing.h"

namespace sluice {

// A map that is searched by string_view without making a string.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <class T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

struct HostTable::Impl {
  const VirtualServer* default_server = nullptr;
  TextMap<const VirtualServer*> exact;
  TextMap<const VirtualServer*> suffixes;  // "*.example.com" as "example.com"
  TextMap<const VirtualServer*> prefixes;  // "www.example.*" as "www.example"
  struct Pattern {
    std::shared_ptr<const NamedRegex> regex;
    const VirtualServer* server;
  };
  std::vector<Pattern> patterns;
  bool has_names = false;  // or else every host but the empty one is the default server's

  enum class Added { added, conflict, invalid };
  // add_name files one server_name (lower case unless a regex, in which case `regex` is given). conflict: another server has
  // it, the name is ignored. invalid: a wildcard that is not `*.x`, `.x` or `x.*`.
  Added add_name(std::string_view name, std::shared_ptr<const NamedRegex> regex, const VirtualServer* server);
};

}  // namespace sluice
