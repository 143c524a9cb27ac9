// Authority: host[:port] of a Host field, an absolute-form target or :authority, checked and made comparable.
#pragma once

#include <optional>
#include <string_view>

#include <sluice/base/arena.h>

#include "http/byte_class.h"

namespace sluice {

// host_of_authority returns the host in the form that routing compares: lower-case, without port and trailing dot; an IPv6
// literal keeps its brackets. Nothing when the text is no valid host[:port]: empty, user information, an empty label ("a..b"),
// a byte outside unreserved / sub-delims without ',' and without percent-encoding, a port that is no number below 65536.
// Follows nginx's host validation and is stricter in its byte set. The result is a view of `authority`, or of the arena
// when letters had to be folded. REQUIRES: `authority` lies in `block`.
std::optional<std::string_view> host_of_authority(const Window& block, std::string_view authority, Arena& arena);

}  // namespace sluice
