// URI text: the one normalised path that routing and access rules see, escaping as nginx does it, and lookups in queries
// and cookies. Results are views of the input where nothing had to change, else of the arena.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <sluice/base/api.h>
#include <sluice/base/arena.h>
#include <sluice/base/error.h>
#include <sluice/http/headers.h>

namespace sluice {

enum class MergeSlashes : uint8_t { no, yes };

// normalize_path is nginx's $uri: percent-decoding exactly once, then "." and ".." segments resolved and, if asked, runs of '/'
// merged, all on the decoded bytes ("/%2e%2e%2f" is "/../"). Fails with bad_message (answer 400) on a path that doesn't begin
// with '/', an invalid %XX, a path that leaves the root, encoded NUL, CR and LF (nginx accepts the last two; decoded into $uri
// they have split too many responses), and dots that only some servers take for a dot segment: "/..;x/", "/..%5c", "/..%c0%af".
SLUICE_API Result<std::string_view> normalize_path(std::string_view raw_path, MergeSlashes merge, Arena& arena);

// What escape_uri percent-encodes. The numbers are ngx_escape_uri's types.
enum class EscapeKind : uint8_t {
  uri = 0,        // control, non-ASCII, and  space " # % < > ? \ ^ ` { | } DEL: a decoded path on its way to a peer
  args = 1,       // as uri, and & + ;
  component = 2,  // all but unreserved (RFC 3986 section 2.3)
  html = 3,       // as uri, and ' but not ?
  refresh = 4,    // control, non-ASCII, and  space " ' < > \ ^ ` { | ~ DEL
  memcached = 5,  // control, space, %
  mail_auth = 6,  // as memcached
  lua_component = 7,  // what Lua's ngx.escape_uri means by its type 2: as component, but ! ' ( ) * stay
};

// escape_uri encodes with upper-case digits.
SLUICE_API std::string_view escape_uri(std::string_view text, EscapeKind kind, Arena& arena);

enum class Plus : uint8_t { keep, as_space };

// unescape_uri decodes %XX; an invalid sequence stays as it is. Lua's ngx.unescape_uri uses Plus::as_space.
SLUICE_API std::string_view unescape_uri(std::string_view text, Plus plus, Arena& arena);

// query_arg is nginx's $arg_name: the undecoded value of the first `name=value` of the query, the name compared without
// case; nothing when there is none.
SLUICE_API std::optional<std::string_view> query_arg(std::string_view query, std::string_view name);

// cookie is nginx's $cookie_name: the value of the first cookie of that name (compared without case) in all Cookie fields.
SLUICE_API std::optional<std::string_view> cookie(const Headers& headers, std::string_view name);

}  // namespace sluice
