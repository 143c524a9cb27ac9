// Many connections that are opened a few at a time, so that no accept queue overflows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace sluice::bench {

template <class Client>
class Crowd {
 public:
  using Open = std::function<std::unique_ptr<Client>()>;

  // COUNT clients, made by OPEN; at most IN_FLIGHT of them are not settled.
  Crowd(uint32_t count, uint32_t in_flight, Open open) : count_(count), in_flight_(in_flight), open_(std::move(open)) {}

  // fill: opens what may be opened; to be called before each turn of the loop.
  void fill() {
    while (clients_.size() < count_ && clients_.size() < settled_ + in_flight_) clients_.push_back(open_());
  }

  // settle: one more client is where it was to get, or has failed.
  void settle() { ++settled_; }
  bool settled() const { return settled_ == count_; }

  const std::vector<std::unique_ptr<Client>>& clients() const { return clients_; }

 private:
  uint32_t count_;
  uint32_t in_flight_;
  uint32_t settled_ = 0;
  Open open_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace sluice::bench
