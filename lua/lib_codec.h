// The part of the ngx API for encoding and digests: escape_uri, unescape_uri, encode_args, decode_args, base64, crc32, md5, sha1,
// hmac_sha1, quote_sql_str; and the module ngx.base64.
#pragma once

#include "lua_headers.h"

namespace sluice {

// install_codec adds it to the `ngx` table on the top of the stack.
void install_codec(lua_State* L);

}  // namespace sluice
