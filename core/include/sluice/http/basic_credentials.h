// BasicCredentials: the name and the password of `Authorization: Basic` (RFC 7617).
#pragma once

#include <optional>
#include <string_view>

#include <sluice/base/api.h>
#include <sluice/base/arena.h>

namespace sluice {

struct BasicCredentials {
  std::string_view user;  // not empty
  std::string_view password;
};

// basic_credentials reads the field's value; nothing when it is of another scheme, no base64, or has no user. The texts are the arena's.
SLUICE_API std::optional<BasicCredentials> basic_credentials(std::string_view authorization, Arena& arena);

}  // namespace sluice
