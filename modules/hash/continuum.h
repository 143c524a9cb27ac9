// Continuum: the ring of points of consistent hashing, with the points of Cache::Memcached::Fast (ketama_points=160) and nginx.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/sluice.h>

namespace sluice {

class Continuum {
 public:
  explicit Continuum(std::span<const Peer> peers);

  size_t size() const { return points_.size(); }
  // find gives the index of the first point at or behind the hash; size() when there is none.
  size_t find(uint32_t hash) const;
  // server is the `server` argument that the point belongs to; indexes go around.
  const std::string& server(size_t index) const { return *points_[index % points_.size()].server; }

 private:
  struct Point {
    uint32_t hash;
    const std::string* server;
  };
  void add(const std::string& server, uint32_t weight);

  std::vector<Point> points_;
};

}  // namespace sluice
