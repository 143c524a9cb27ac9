// LocationTable::Impl: the locations of one server, level by level, and how the builder fills it.
//
//   level ── exact    "= /x"                hash
//         ├─ prefixes "/x", "^~ /x"         sorted; each knows the longest other one that it starts with
//         └─ patterns "~ x", "~* x"         in the order of the file
//   Every prefix and pattern may have a level of nested locations.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/server/named_regex.h>

#include "server/host_table.h"
#include "server/routing.h"

namespace sluice {

struct LocationLevel;

struct LocationNode {
  std::string text;                         // path or pattern, without the modifier
  Location location;
  std::unique_ptr<const NamedRegex> regex;  // of a pattern
  std::unique_ptr<LocationLevel> nested;    // null: none
};

struct LocationLevel {
  using Nodes = std::vector<std::unique_ptr<LocationNode>>;

  // add files a node under its location's match; false when its place is taken.
  bool add(std::unique_ptr<LocationNode> node);
  bool empty() const { return exact.empty() && prefixes.empty() && patterns.empty(); }
  // seal makes the level searchable, nested ones included; once, after the last add.
  void seal();

  struct Found {
    const Location* location = nullptr;
    bool final = false;              // exact or regex: nothing outside may override it
    bool redirect_to_slash = false;
  };
  Found find(std::string_view path, Exchange& exchange) const;

  TextMap<std::unique_ptr<LocationNode>> exact;
  Nodes prefixes;
  Nodes patterns;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  const LocationNode* longest_prefix(std::string_view path) const;
  const LocationNode* with_slash(std::string_view path) const;
  size_t upper_bound(std::string_view path) const;

  bool redirects_ = false;           // an entry of prefixes may be the target of a redirect to a slash
  std::vector<uint32_t> parents_;    // of prefixes: index of the longest prefix of it, or kNone
};

struct LocationTable::Impl {
  LocationLevel top;
  TextMap<std::unique_ptr<LocationNode>> named;
};

}  // namespace sluice
