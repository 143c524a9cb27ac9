// Hashing for tables inside one machine. hash_bytes is seeded per process tree (zones are shared by processes, so the seed is
// drawn once by the master before it forks) and resists flooding well enough for hash tables; it is not cryptographic.
#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/base/api.h>

namespace sluice {

SLUICE_API uint64_t hash_bytes(std::string_view bytes, uint64_t seed);

// process_seed is the same in every process of one running sluice and different in the next.
SLUICE_API uint64_t process_seed();
// set_process_seed draws the seed; called once in main, before any fork.
void set_process_seed();

// content_id names content: 32 lower-case hexadecimal digits, stable across processes and runs (not seeded).
SLUICE_API void content_id(std::string_view bytes, char out[33]);

// random_bytes fills the span from the kernel's generator.
SLUICE_API void random_bytes(void* out, size_t bytes);

}  // namespace sluice
