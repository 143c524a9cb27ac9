#include "server/host_table.h"

namespace sluice {

HostTable::HostTable() : impl(std::make_unique<Impl>()) {}
HostTable::~HostTable() = default;

const VirtualServer* HostTable::default_server() const {
  return impl->default_server;
}

namespace {

using Servers = TextMap<const VirtualServer*>;

// The longest "*.suffix": each cut at a dot leaves at least one label for the star.
const VirtualServer* find_suffix(const Servers& suffixes, std::string_view host) {
  if (suffixes.empty()) return nullptr;
  for (size_t dot = host.find('.', 1); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
    auto found = suffixes.find(host.substr(dot + 1));
    if (found != suffixes.end()) return found->second;
  }
  return nullptr;
}

// The longest "prefix.*".
const VirtualServer* find_prefix(const Servers& prefixes, std::string_view host) {
  if (prefixes.empty()) return nullptr;
  for (size_t dot = host.rfind('.'); dot != std::string_view::npos && dot > 0; dot = host.rfind('.', dot - 1)) {
    auto found = prefixes.find(host.substr(0, dot));
    if (found != prefixes.end()) return found->second;
  }
  return nullptr;
}

}  // namespace

const VirtualServer* HostTable::find(std::string_view host, Exchange& exchange) const {
  if (!impl->has_names && !host.empty()) return impl->default_server;
  if (auto found = impl->exact.find(host); found != impl->exact.end()) return found->second;
  if (host.empty()) return impl->default_server;
  if (auto* server = find_suffix(impl->suffixes, host)) return server;
  if (auto* server = find_prefix(impl->prefixes, host)) return server;
  for (const auto& pattern : impl->patterns) {
    if (pattern.regex->match(host, exchange)) return pattern.server;
  }
  return impl->default_server;
}

namespace {

HostTable::Impl::Added add_to(Servers& servers, std::string_view name, const VirtualServer* server) {
  if (name.empty() || name.front() == '.' || name.find('*') != std::string_view::npos) return HostTable::Impl::Added::invalid;
  return servers.try_emplace(std::string(name), server).second ? HostTable::Impl::Added::added : HostTable::Impl::Added::conflict;
}

}  // namespace

HostTable::Impl::Added HostTable::Impl::add_name(std::string_view name, std::shared_ptr<const NamedRegex> regex,
                                                 const VirtualServer* server) {
  if (regex != nullptr || !name.empty()) has_names = true;
  if (regex != nullptr) {
    patterns.push_back({std::move(regex), server});
    return Added::added;
  }
  if (name.empty()) return exact.try_emplace("", server).second ? Added::added : Added::conflict;
  if (name.starts_with("*.")) return add_to(suffixes, name.substr(2), server);
  if (name.ends_with(".*")) return add_to(prefixes, name.substr(0, name.size() - 2), server);
  if (!name.starts_with('.')) return add_to(exact, name, server);
  // ".example.com" is "example.com" and "*.example.com".
  Added suffix = add_to(suffixes, name.substr(1), server);
  if (suffix != Added::added) return suffix;
  return add_to(exact, name.substr(1), server);
}

}  // namespace sluice
