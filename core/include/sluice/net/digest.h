// Digests, raw bytes, for formats that ask for them (a password file, a key of a cache).
#pragma once

#include <string>
#include <string_view>

#include <sluice/base/api.h>

namespace sluice {

SLUICE_API std::string md5(std::string_view bytes);     // 16 bytes
SLUICE_API std::string sha1(std::string_view bytes);    // 20 bytes
SLUICE_API std::string sha256(std::string_view bytes);  // 32 bytes

// same_secret compares in a time that depends on the lengths alone.
SLUICE_API bool same_secret(std::string_view a, std::string_view b);

}  // namespace sluice
