#include <sluice/os/address_map.h>

#include <algorithm>
#include <queue>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

constexpr int kV4Bits = 32;
constexpr int kV6Bits = 128;

uint64_t big_endian(const unsigned char* bytes) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

// next gives the address behind this one; nothing behind the last.
std::optional<IpKey> next(IpKey key) {
  if (++key.low == 0) ++key.high;
  if (key.is_v4 ? key.low > UINT32_MAX : key.low == 0 && key.high == 0) return {};
  return key;
}

// mask_of has ones where a prefix of so many bits has them.
IpKey mask_of(bool is_v4, int bits) {
  auto ones = [](int count) { return count == 0 ? 0 : ~uint64_t{0} << (64 - count); };
  if (is_v4) return {0, bits == 0 ? 0 : uint64_t{UINT32_MAX} << (kV4Bits - bits) & UINT32_MAX, true};
  return {ones(std::min(bits, 64)), ones(std::max(bits - 64, 0)), false};
}

IpBlock block_of(const IpKey& address, int bits) {
  const IpKey mask = mask_of(address.is_v4, bits);
  IpBlock block;
  block.first = {address.high & mask.high, address.low & mask.low, address.is_v4};
  block.last = {block.first.high | ~mask.high, block.first.low | ~mask.low, address.is_v4};
  if (address.is_v4) block.last.high = 0, block.last.low &= UINT32_MAX;
  block.prefix_bits = static_cast<uint8_t>(bits);
  block.low_bits_set = block.first != address;
  return block;
}

struct Border {
  IpKey key;
  uint32_t value;
};

// Of the blocks that lie over an address the one painted last shows: a heap of them, from which those that have ended are taken when
// they come to the top.
class Overlay {
 public:
  void enter(uint32_t order, const IpKey& last, uint32_t value) { heap_.push({order, last, value}); }
  void leave_before(const IpKey& key) {
    while (!heap_.empty() && heap_.top().last < key) heap_.pop();
  }
  uint32_t value() const { return heap_.empty() ? AddressMap::kNone : heap_.top().value; }
  const IpKey* top_end() const { return heap_.empty() ? nullptr : &heap_.top().last; }

 private:
  struct Entry {
    uint32_t order;
    IpKey last;
    uint32_t value;
    bool operator<(const Entry& other) const { return order < other.order; }
  };
  std::priority_queue<Entry> heap_;
};

void add_border(std::vector<Border>& borders, const IpKey& key, uint32_t value) {
  if (!borders.empty() && borders.back().key == key) borders.pop_back();
  const uint32_t before = borders.empty() ? AddressMap::kNone : borders.back().value;
  if (before != value) borders.push_back({key, value});
}

// leave_until adds the borders at which blocks end before `until` (null: all of them).
void leave_until(std::vector<Border>& borders, Overlay& overlay, const IpKey* until) {
  while (const IpKey* end = overlay.top_end()) {
    const auto behind = next(*end);
    if (!behind || (until != nullptr && *until < *behind)) return;
    overlay.leave_before(*behind);
    add_border(borders, *behind, overlay.value());
  }
}

}  // namespace

std::optional<IpKey> IpKey::of(const Address& address) {
  if (address.family() == AF_INET) {
    return IpKey{0, ntohl(reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr.s_addr), true};
  }
  if (address.family() != AF_INET6) return {};
  const auto& bytes = reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_addr;
  const IpKey key{big_endian(bytes.s6_addr), big_endian(bytes.s6_addr + 8), false};
  if (IN6_IS_ADDR_V4MAPPED(&bytes)) return IpKey{0, key.low & UINT32_MAX, true};
  return key;
}

std::optional<IpKey> IpKey::parse(std::string_view text) {
  auto address = Address::from_ip(text);
  if (!address) return {};
  if (address->family() == AF_INET) return of(*address);
  // What is written as IPv6 stays on that line: "::/0" has no IPv4 in it.
  const auto& bytes = reinterpret_cast<const sockaddr_in6*>(address->data())->sin6_addr;
  return IpKey{big_endian(bytes.s6_addr), big_endian(bytes.s6_addr + 8), false};
}

std::optional<IpBlock> IpBlock::parse_cidr(std::string_view text) {
  const size_t slash = text.find('/');
  auto address = IpKey::parse(text.substr(0, slash));
  if (!address) return {};
  const int all = address->is_v4 ? kV4Bits : kV6Bits;
  if (slash == text.npos) return block_of(*address, all);
  auto bits = parse_uint(text.substr(slash + 1));
  if (!bits || *bits > static_cast<uint64_t>(all)) return {};
  return block_of(*address, static_cast<int>(*bits));
}

std::optional<IpBlock> IpBlock::parse_range(std::string_view text) {
  const size_t dash = text.find('-');
  auto first = IpKey::parse(text.substr(0, dash));
  auto last = dash == text.npos ? first : IpKey::parse(text.substr(dash + 1));
  if (!first || !last || first->is_v4 != last->is_v4 || *last < *first) return {};
  IpBlock block;
  block.first = *first;
  block.last = *last;
  return block;
}

IpBlock IpBlock::every_v4() { return block_of({0, 0, true}, 0); }
IpBlock IpBlock::every_v6() { return block_of({0, 0, false}, 0); }

void AddressMap::paint(const IpBlock& block, uint32_t value) { painted_.push_back({block, value}); }

void AddressMap::seal() {
  std::vector<uint32_t> order(painted_.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return painted_[a].block.first < painted_[b].block.first; });
  for (const bool is_v4 : {true, false}) {
    std::vector<Border> borders;
    Overlay overlay;
    for (uint32_t index : order) {
      const auto& [block, value] = painted_[index];
      if (block.first.is_v4 != is_v4) continue;
      leave_until(borders, overlay, &block.first);
      overlay.enter(index, block.last, value);
      add_border(borders, block.first, overlay.value());
    }
    leave_until(borders, overlay, nullptr);
    for (const Border& border : borders) {
      if (is_v4) v4_.push_back({static_cast<uint32_t>(border.key.low), border.value});
      else v6_.push_back({border.key.high, border.key.low, border.value});
    }
  }
  v4_.shrink_to_fit();
  v6_.shrink_to_fit();
  painted_ = {};
}

uint32_t AddressMap::find(const IpKey& key) const {
  if (key.is_v4) {
    auto behind = std::upper_bound(v4_.begin(), v4_.end(), key.low, [](uint64_t k, const V4Border& border) { return k < border.key; });
    return behind == v4_.begin() ? kNone : behind[-1].value;
  }
  auto behind = std::upper_bound(v6_.begin(), v6_.end(), key, [](const IpKey& k, const V6Border& border) {
    return k.high != border.high ? k.high < border.high : k.low < border.low;
  });
  return behind == v6_.begin() ? kNone : behind[-1].value;
}

uint32_t AddressMap::find(const Address& address) const {
  const auto key = IpKey::of(address);
  return key ? find(*key) : kNone;
}

}  // namespace sluice
