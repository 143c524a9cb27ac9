#include "server/location_table.h"

#include <algorithm>

namespace sluice {

LocationTable::LocationTable() : impl(std::make_unique<Impl>()) {}
LocationTable::~LocationTable() = default;

const Location* LocationTable::find(std::string_view path, Exchange& exchange, bool& redirect_to_slash) const {
  auto found = impl->top.find(path, exchange);
  redirect_to_slash = found.redirect_to_slash;
  return found.location;
}

const Location* LocationTable::find_named(std::string_view name) const {
  auto found = impl->named.find(name);
  return found == impl->named.end() ? nullptr : &found->second->location;
}

VirtualServer::VirtualServer() = default;
VirtualServer::~VirtualServer() = default;

LocationLevel::Found LocationLevel::find(std::string_view path, Exchange& exchange) const {
  if (!exact.empty()) {
    if (auto found = exact.find(path); found != exact.end()) return {&found->second->location, true, false};
  }

  const LocationNode* prefix = longest_prefix(path);
  if (redirects_ && (prefix == nullptr || prefix->text.size() != path.size())) {
    if (const LocationNode* slash = with_slash(path)) return {&slash->location, true, true};
  }
  Found best;
  if (prefix != nullptr) best.location = &prefix->location;
  if (prefix != nullptr && prefix->nested != nullptr) {
    Found inner = prefix->nested->find(path, exchange);
    if (inner.final) return inner;
    if (inner.location != nullptr) best.location = inner.location;
  }
  bool skip_patterns = prefix != nullptr && prefix->location.match == Location::Match::prefix_no_regex;
  if (skip_patterns) return best;
  for (const auto& pattern : patterns) {
    if (!pattern->regex->match(path, exchange)) continue;
    Found inner;
    if (pattern->nested) inner = pattern->nested->find(path, exchange);
    if (inner.location == nullptr) inner.location = &pattern->location;
    inner.final = true;
    return inner;
  }
  return best;
}

// The greatest entry that is not above the path shares every prefix that the path has in the table, so the longest one is it
// or one of its parents.
const LocationNode* LocationLevel::longest_prefix(std::string_view path) const {
  if (prefixes.size() == 1) return path.starts_with(prefixes[0]->text) ? prefixes[0].get() : nullptr;
  size_t above = upper_bound(path);
  if (above == 0) return nullptr;
  for (uint32_t at = static_cast<uint32_t>(above - 1); at != kNone; at = parents_[at]) {
    if (path.starts_with(prefixes[at]->text)) return prefixes[at].get();
  }
  return nullptr;
}

// The location for path + "/" when it redirects to it. Other entries may stand between the two ("/a-b", "/a/"), so it is searched for.
const LocationNode* LocationLevel::with_slash(std::string_view path) const {
  auto below_path_slash = [&](const std::unique_ptr<LocationNode>& node) {
    int order = std::string_view(node->text).substr(0, path.size()).compare(path);
    if (order != 0) return order < 0;
    return node->text.size() == path.size() || static_cast<unsigned char>(node->text[path.size()]) < '/';
  };
  auto at = std::partition_point(prefixes.begin(), prefixes.end(), below_path_slash);
  if (at == prefixes.end()) return nullptr;
  const LocationNode& node = **at;
  bool is_it = node.text.size() == path.size() + 1 && node.text.back() == '/' && node.text.starts_with(path);
  return is_it && node.location.auto_redirect ? &node : nullptr;
}

size_t LocationLevel::upper_bound(std::string_view path) const {
  auto above = [](std::string_view value, const std::unique_ptr<LocationNode>& node) { return value < node->text; };
  return static_cast<size_t>(std::upper_bound(prefixes.begin(), prefixes.end(), path, above) - prefixes.begin());
}

bool LocationLevel::add(std::unique_ptr<LocationNode> node) {
  switch (node->location.match) {
    case Location::Match::exact: {
      std::string text = node->text;
      return exact.try_emplace(std::move(text), std::move(node)).second;
    }
    case Location::Match::regex:
    case Location::Match::regex_icase:
      patterns.push_back(std::move(node));
      return true;
    default:
      break;
  }
  size_t at = upper_bound(node->text);
  if (at > 0 && prefixes[at - 1]->text == node->text) return false;
  prefixes.insert(prefixes.begin() + static_cast<std::ptrdiff_t>(at), std::move(node));
  return true;
}

void LocationLevel::seal() {
  parents_.assign(prefixes.size(), kNone);
  for (uint32_t i = 1; i < prefixes.size(); ++i) {
    uint32_t candidate = i - 1;
    while (candidate != kNone && !prefixes[i]->text.starts_with(prefixes[candidate]->text)) candidate = parents_[candidate];
    parents_[i] = candidate;
  }
  for (auto* nodes : {&prefixes, &patterns}) {
    for (auto& node : *nodes) {
      // "/" alone stands for no shorter path.
      if (node->location.auto_redirect && node->text.size() > 1) redirects_ = true;
      if (node->nested) node->nested->seal();
    }
  }
}

}  // namespace sluice
