#include "continuum.h"

#include <algorithm>

#include "crc32.h"

namespace sluice {

namespace {

constexpr uint32_t kPointsPerWeight = 160;

struct HostAndPort {
  std::string_view host;
  std::string_view port;  // empty: there is none
};

HostAndPort split(std::string_view server) {
  if (server.size() >= 5 && iequals(server.substr(0, 5), "unix:")) return {server.substr(5), {}};
  const size_t colon = server.find_last_not_of("0123456789");
  if (colon == std::string_view::npos || server[colon] != ':') return {server, {}};
  return {server.substr(0, colon), server.substr(colon + 1)};
}

}  // namespace

Continuum::Continuum(std::span<const Peer> peers) {
  for (const Peer& peer : peers) {
    if (!peer.backup) add(peer.server, peer.weight);
  }
  std::stable_sort(points_.begin(), points_.end(), [](const Point& a, const Point& b) { return a.hash < b.hash; });
  points_.erase(std::unique(points_.begin(), points_.end(), [](const Point& a, const Point& b) { return a.hash == b.hash; }), points_.end());
}

// Each point is the hash of the server and the point before it.
void Continuum::add(const std::string& server, uint32_t weight) {
  const HostAndPort parts = split(server);
  Crc32 base;
  base.add(parts.host);
  base.add({"", 1});
  base.add(parts.port);
  uint32_t previous = 0;
  for (uint64_t i = 0; i < uint64_t{weight} * kPointsPerWeight; ++i) {
    const char bytes[4] = {static_cast<char>(previous), static_cast<char>(previous >> 8), static_cast<char>(previous >> 16),
                           static_cast<char>(previous >> 24)};
    Crc32 hash = base;
    hash.add({bytes, sizeof bytes});
    previous = hash.value();
    points_.push_back({previous, &server});
  }
}

size_t Continuum::find(uint32_t hash) const {
  const auto at = std::lower_bound(points_.begin(), points_.end(), hash, [](const Point& point, uint32_t value) { return point.hash < value; });
  return static_cast<size_t>(at - points_.begin());
}

}  // namespace sluice
