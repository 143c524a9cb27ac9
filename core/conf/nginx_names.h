// The directives of stock nginx by name, to tell one that sluice does not have from a typing mistake. What they are and why they are missing
// stands in docs/reference/nginx.list, of which the reference page is made, too; the build takes it in as text.
#pragma once

#include <optional>
#include <string_view>

namespace sluice {

// why_missing gives the reason why sluice does not have that directive of nginx; nothing when nginx has no such directive either.
std::optional<std::string_view> why_missing(std::string_view directive);

// The same for any list in the form of nginx.list, but with every entry on one line:
//     module: names          - names: reason          ! names: difference          # comment
std::optional<std::string_view> why_missing(std::string_view directive, std::string_view list);

}  // namespace sluice
