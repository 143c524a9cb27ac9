#include <sluice/http/basic_credentials.h>

#include <sluice/base/base64.h>
#include <sluice/base/strings.h>

namespace sluice {

std::optional<BasicCredentials> basic_credentials(std::string_view authorization, Arena& arena) {
  constexpr std::string_view kBasic = "basic ";
  if (authorization.size() <= kBasic.size() || !iequals(authorization.substr(0, kBasic.size()), kBasic)) return {};
  const std::string_view text = trim(authorization.substr(kBasic.size()));
  char* out = arena.allocate_chars(text.size() / 4 * 3 + 3);
  const auto size = base64_decode(text, kBase64, OtherBytes::refuse, out);
  if (!size) return {};
  const std::string_view decoded(out, *size);
  const size_t colon = decoded.find(':');
  if (colon == decoded.npos || colon == 0) return {};
  return BasicCredentials{decoded.substr(0, colon), decoded.substr(colon + 1)};
}

}  // namespace sluice
