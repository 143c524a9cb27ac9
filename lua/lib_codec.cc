#include "lib_codec.h"

#include <array>
#include <cstdint>
#include <string_view>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <sluice/base/base64.h>
#include <sluice/base/check.h>
#include <sluice/http/uri.h>

#include "lib_tables.h"
#include "lib_text.h"
#include "stack_buffer.h"

namespace sluice {

namespace {

// ngx.escape_uri's numbers are ngx_escape_uri's, but its component set is OpenResty's own.
EscapeKind escape_kind(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return EscapeKind::lua_component;
  if (lua_type(L, index) != LUA_TNUMBER) luaL_error(L, "\"type\" is not a number");
  lua_Number number = lua_tonumber(L, index);
  if (!(number >= 0 && number <= 6)) luaL_error(L, "\"type\" %s out of range", lua_tostring(L, index));
  auto kind = static_cast<EscapeKind>(number);
  return kind == EscapeKind::component ? EscapeKind::lua_component : kind;
}

int lua_escape_uri(lua_State* L) {
  std::string_view text = text_or_empty(L, 1);
  EscapeKind kind = escape_kind(L, 2);
  Arena arena;
  push_view(L, escape_uri(text, kind, arena));
  return 1;
}

int lua_unescape_uri(lua_State* L) {
  std::string_view text = text_or_empty(L, 1);
  Arena arena;
  push_view(L, unescape_uri(text, Plus::as_space, arena));
  return 1;
}

int lua_encode_args(lua_State* L) {
  if (lua_gettop(L) != 1) return luaL_error(L, "expecting 1 argument but seen %d", lua_gettop(L));
  luaL_checktype(L, 1, LUA_TTABLE);
  encode_args(L, 1);
  return 1;
}

int lua_decode_args(lua_State* L) {
  constexpr int kDefaultMax = 100;
  int count = lua_gettop(L);
  if (count != 1 && count != 2) return luaL_error(L, "expecting 1 or 2 arguments but seen %d", count);
  size_t size = 0;
  const char* query = luaL_checklstring(L, 1, &size);
  int max = count == 2 ? static_cast<int>(luaL_checkinteger(L, 2)) : kDefaultMax;
  return decode_args(L, {query, size}, max);
}

int push_encoded(lua_State* L, std::string_view bytes, const Base64Style& style) {
  StackBuffer out(L);
  out.extend(base64_encoded_bytes(bytes.size(), style));
  base64_encode(bytes, style, const_cast<char*>(out.view().data()));
  out.push();
  return 1;
}

// Pushes the bytes and gives true, or pushes nothing.
bool push_decoded(lua_State* L, std::string_view text, const Base64Style& style, OtherBytes others) {
  StackBuffer out(L);
  char* at = out.extend(text.size() / 4 * 3 + 3);
  auto size = base64_decode(text, style, others, at);
  if (!size) return false;
  lua_pushlstring(L, at, *size);
  return true;
}

int lua_encode_base64(lua_State* L) {
  std::string_view bytes = text_or_empty(L, 1);
  if (lua_toboolean(L, 2) && lua_type(L, 2) != LUA_TBOOLEAN) {
    return luaL_error(L, "bad no_padding: boolean expected, got %s", luaL_typename(L, 2));
  }
  return push_encoded(L, bytes, lua_toboolean(L, 2) ? kBase64Unpadded : kBase64);
}

int decode_standard(lua_State* L, OtherBytes others) {
  if (lua_type(L, 1) != LUA_TSTRING) return luaL_error(L, "string argument only");
  if (!push_decoded(L, text_argument(L, 1), kBase64, others)) lua_pushnil(L);
  return 1;
}

int lua_decode_base64(lua_State* L) { return decode_standard(L, OtherBytes::refuse); }
int lua_decode_base64mime(lua_State* L) { return decode_standard(L, OtherBytes::skip); }

int lua_encode_base64url(lua_State* L) {
  if (lua_type(L, 1) != LUA_TSTRING) return push_nil_and(L, "must provide a string");
  return push_encoded(L, text_argument(L, 1), kBase64Url);
}

int lua_decode_base64url(lua_State* L) {
  if (lua_type(L, 1) != LUA_TSTRING) return push_nil_and(L, "must provide a string");
  if (!push_decoded(L, text_argument(L, 1), kBase64Url, OtherBytes::refuse)) return push_nil_and(L, "invalid input");
  return 1;
}

// Digests: fetched once per VM, because a fetch costs more than a short message. They live in a userdata that is the functions' upvalue.
struct Digests {
  EVP_MD* md5;
  EVP_MD* sha1;
  EVP_MD_CTX* context;
};

int free_digests(lua_State* L) {
  auto* digests = static_cast<Digests*>(lua_touserdata(L, 1));
  EVP_MD_CTX_free(digests->context);
  EVP_MD_free(digests->md5);
  EVP_MD_free(digests->sha1);
  *digests = {};
  return 0;
}

void push_digests(lua_State* L) {
  auto* digests = static_cast<Digests*>(lua_newuserdata(L, sizeof(Digests)));
  *digests = {EVP_MD_fetch(nullptr, "MD5", nullptr), EVP_MD_fetch(nullptr, "SHA1", nullptr), EVP_MD_CTX_new()};
  CHECK(digests->context != nullptr);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, free_digests);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
}

Digests& digests_of(lua_State* L) { return *static_cast<Digests*>(lua_touserdata(L, lua_upvalueindex(1))); }

// digest computes into `out` and gives the size. Raises where OpenSSL has the digest switched off (FIPS).
unsigned digest(lua_State* L, EVP_MD* Digests::*which, std::string_view bytes, unsigned char out[EVP_MAX_MD_SIZE]) {
  Digests& digests = digests_of(L);
  unsigned size = 0;
  bool done = digests.*which != nullptr && EVP_DigestInit_ex2(digests.context, digests.*which, nullptr) == 1 &&
              EVP_DigestUpdate(digests.context, bytes.data(), bytes.size()) == 1 &&
              EVP_DigestFinal_ex(digests.context, out, &size) == 1;
  if (!done) luaL_error(L, "this digest is not available in OpenSSL");
  return size;
}

int push_digest(lua_State* L, EVP_MD* Digests::*which) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = digest(L, which, text_or_empty(L, 1), out);
  lua_pushlstring(L, reinterpret_cast<const char*>(out), size);
  return 1;
}

int lua_md5_bin(lua_State* L) { return push_digest(L, &Digests::md5); }
int lua_sha1_bin(lua_State* L) { return push_digest(L, &Digests::sha1); }

int lua_md5(lua_State* L) {
  constexpr char kDigits[] = "0123456789abcdef";
  unsigned char out[EVP_MAX_MD_SIZE];
  char text[2 * EVP_MAX_MD_SIZE];
  unsigned size = digest(L, &Digests::md5, text_or_empty(L, 1), out);
  for (unsigned i = 0; i < size; ++i) {
    text[2 * i] = kDigits[out[i] >> 4];
    text[2 * i + 1] = kDigits[out[i] & 15];
  }
  lua_pushlstring(L, text, 2 * size);
  return 1;
}

int lua_hmac_sha1(lua_State* L) {
  if (lua_gettop(L) != 2) return luaL_error(L, "expecting 2 arguments, but got %d", lua_gettop(L));
  size_t key_size = 0, size = 0;
  const char* key = luaL_checklstring(L, 1, &key_size);
  const char* text = luaL_checklstring(L, 2, &size);
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned out_size = 0;
  const auto* done = HMAC(EVP_sha1(), key, static_cast<int>(key_size), reinterpret_cast<const unsigned char*>(text), size, out, &out_size);
  if (done == nullptr) return luaL_error(L, "this digest is not available in OpenSSL");
  lua_pushlstring(L, reinterpret_cast<const char*>(out), out_size);
  return 1;
}

// CRC-32 as in Ethernet and zip (polynomial 0xEDB88320, reflected).
constexpr std::array<uint32_t, 256> kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ 0xEDB88320u : value >> 1;
    table[i] = value;
  }
  return table;
}();

int lua_crc32(lua_State* L) {
  uint32_t value = 0xFFFFFFFFu;
  for (char c : text_or_empty(L, 1)) value = kCrcTable[(value ^ static_cast<unsigned char>(c)) & 0xFF] ^ value >> 8;
  lua_pushnumber(L, value ^ 0xFFFFFFFFu);
  return 1;
}

// What MySQL's mysql_real_escape_string writes after the backslash; 0: the byte stays.
constexpr char sql_escape(char c) {
  switch (c) {
    case '\0': return '0';
    case '\b': return 'b';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\x1a': return 'Z';
    case '\\': case '\'': case '"': return c;
    default: return 0;
  }
}

int lua_quote_sql_str(lua_State* L) {
  if (lua_gettop(L) != 1) return luaL_error(L, "expecting one argument");
  size_t size = 0;
  const char* text = luaL_checklstring(L, 1, &size);
  StackBuffer out(L);
  out.append('\'');
  for (char c : std::string_view(text, size)) {
    char escaped = sql_escape(c);
    if (escaped != 0) out.append('\\');
    out.append(escaped != 0 ? escaped : c);
  }
  out.append('\'');
  out.push();
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"escape_uri", lua_escape_uri},
    {"unescape_uri", lua_unescape_uri},
    {"encode_args", lua_encode_args},
    {"decode_args", lua_decode_args},
    {"encode_base64", lua_encode_base64},
    {"decode_base64", lua_decode_base64},
    {"decode_base64mime", lua_decode_base64mime},
    {"hmac_sha1", lua_hmac_sha1},
    {"crc32_short", lua_crc32},
    {"crc32_long", lua_crc32},
    {"quote_sql_str", lua_quote_sql_str},
    {nullptr, nullptr},
};

constexpr luaL_Reg kDigestFunctions[] = {
    {"md5", lua_md5},
    {"md5_bin", lua_md5_bin},
    {"sha1_bin", lua_sha1_bin},
    {nullptr, nullptr},
};

constexpr luaL_Reg kBase64Functions[] = {
    {"encode_base64url", lua_encode_base64url},
    {"decode_base64url", lua_decode_base64url},
    {nullptr, nullptr},
};

}  // namespace

void install_codec(lua_State* L) {
  add_functions(L, kFunctions);
  push_digests(L);
  lua_insert(L, -2);
  add_functions(L, kDigestFunctions, 1);
  lua_remove(L, -2);
  lua_createtable(L, 0, 2);
  add_functions(L, kBase64Functions);
  publish_module(L, "ngx.base64");
}

}  // namespace sluice
