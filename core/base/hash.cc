#include <sluice/base/hash.h>

#include <sys/random.h>

#include <cstring>

#include <sluice/base/check.h>

namespace sluice {

namespace {

uint64_t seed_of_process = 0x9e3779b97f4a7c15ull;

uint64_t load64(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}

__extension__ typedef unsigned __int128 uint128;

uint64_t mix(uint64_t a, uint64_t b) {
  uint128 product = static_cast<uint128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

// A multiply-fold hash: each 16 bytes are folded by one 64x64->128 multiplication with secret-dependent operands.
uint64_t hash_bytes(std::string_view bytes, uint64_t seed) {
  constexpr uint64_t k0 = 0xa0761d6478bd642full, k1 = 0xe7037ed1a0b428dbull;
  const char* p = bytes.data();
  size_t left = bytes.size();
  uint64_t state = seed ^ mix(seed ^ k0, k1);
  while (left > 16) {
    state = mix(load64(p) ^ k1, load64(p + 8) ^ state);
    p += 16;
    left -= 16;
  }
  char tail[16] = {};
  if (left > 0) std::memcpy(tail, p, left);
  return mix(k1 ^ bytes.size(), mix(load64(tail) ^ k1, load64(tail + 8) ^ state));
}

uint64_t process_seed() { return seed_of_process; }
void set_process_seed() { random_bytes(&seed_of_process, sizeof seed_of_process); }

void content_id(std::string_view bytes, char out[33]) {
  static constexpr char kHex[] = "0123456789abcdef";
  uint64_t words[2] = {hash_bytes(bytes, 0x5165696365ull), hash_bytes(bytes, 0x736e6170ull)};
  for (int i = 0; i < 32; ++i) out[i] = kHex[(words[i / 16] >> (4 * (i % 16))) & 15];
  out[32] = '\0';
}

void random_bytes(void* out, size_t bytes) {
  char* p = static_cast<char*>(out);
  while (bytes > 0) {
    ssize_t n = getrandom(p, bytes, 0);
    if (n < 0) continue;  // only EINTR can happen with these flags
    p += n;
    bytes -= static_cast<size_t>(n);
  }
}

}  // namespace sluice
