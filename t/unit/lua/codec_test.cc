#include "lua_state.h"

#include "lib_codec.h"

using namespace sluice;
using sluice::test::LuaState;

TEST_CASE("ngx.escape_uri and unescape_uri follow nginx's types", "[lua]") {
  LuaState lua(install_codec);
  lua.run(R"lua(
    is("'a%20b%2Fc%3Fd%3De%26f'", ngx.escape_uri("a b/c?d=e&f"))
    is("'a%20b/c%3Fd=e&f'", ngx.escape_uri("a b/c?d=e&f", 0))
    is("'a%20b/c%3Fd=e%26f'", ngx.escape_uri("a b/c?d=e&f", 1))
    is("'%E4%BD%A0'", ngx.escape_uri("你"))
    is("'-._~'", ngx.escape_uri("-._~"))
    is("'', '', '12', 'true'", ngx.escape_uri(nil), ngx.escape_uri(false), ngx.escape_uri(12), ngx.escape_uri(true))
    raises([["type" is not a number]], ngx.escape_uri, "a", "x")
    raises([["type" 7 out of range]], ngx.escape_uri, "a", 7)
    is("'a b%zz%c%'", ngx.unescape_uri("a+b%zz%c%"))
    is("'a b=你'", ngx.unescape_uri("a%20b%3D%E4%BD%a0"))
    is("''", ngx.unescape_uri(nil))
    local long = ("%20"):rep(3000)
    assert(ngx.escape_uri(ngx.unescape_uri(long)) == long)
  )lua");
}

TEST_CASE("ngx.encode_args writes what ngx.decode_args reads", "[lua]") {
  LuaState lua(install_codec);
  lua.run(R"lua(
    is("'a%20b=c%26d'", ngx.encode_args{["a b"] = "c&d"})
    is("'a'", ngx.encode_args{a = true})
    is("''", ngx.encode_args{a = false, b = {}})
    is("'a=1&a&a=3.5'", ngx.encode_args{a = {1, true, 3.5, false}})
    is("'a='", ngx.encode_args{a = ""})
    is("''", ngx.encode_args{})
    raises("attempt to use function as query arg value", ngx.encode_args, {a = print})
    raises("attempt to use table as query arg value", ngx.encode_args, {a = {{}}})
    raises([[attempt to use a non-string key in the "args" option table]], ngx.encode_args, {"a"})
    raises("expecting 1 argument but seen 0", ngx.encode_args)
    is("{a='1' b=true c=''}", ngx.decode_args("a=1&b&c="))
    is("{a={1='1' 2=true 3='3'}}", ngx.decode_args("a=1&a&a=3"))
    is("{a b='c=d'}", ngx.decode_args("a%20b=c=d"))
    is("{a='b c'}", ngx.decode_args("=x&&a=b+c&="))
    is("{}", ngx.decode_args(""))
    is("{a='1' b='2'}, 'truncated'", ngx.decode_args("a=1&b=2&c=3", 2))
    is("{a='1' b='2'}", ngx.decode_args("a=1&b=2", 2))
    is("{a='1' b='2' c='3'}", ngx.decode_args("a=1&b=2&c=3", 0))
    local many = {}
    for i = 1, 101 do many[i] = "a" .. i .. "=" .. i end
    local args, err = ngx.decode_args(table.concat(many, "&"))
    is("'100', nil, 'truncated'", args.a100, args.a101, err)
    raises("expecting 1 or 2 arguments but seen 3", ngx.decode_args, "", 1, 2)
  )lua");
}

TEST_CASE("ngx.encode_base64 and its relatives follow RFC 4648", "[lua]") {
  LuaState lua(install_codec);
  lua.run(R"lua(
    for plain, coded in pairs{[""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=", foobar = "Zm9vYmFy"} do
      is("'" .. coded .. "'", ngx.encode_base64(plain))
      is("'" .. coded:gsub("=", "") .. "'", ngx.encode_base64(plain, true))
      is("'" .. plain .. "'", ngx.decode_base64(coded))
      is("'" .. plain .. "'", ngx.decode_base64((coded:gsub("=", ""))))
    end
    is("'', 'MTI='", ngx.encode_base64(nil), ngx.encode_base64(12))
    raises("bad no_padding: boolean expected, got number", ngx.encode_base64, "a", 1)
    raises("string argument only", ngx.decode_base64, nil)
    is("nil, nil, nil, 'f'", ngx.decode_base64("Z"), ngx.decode_base64("Zm9v!"), ngx.decode_base64("Zm9v\n"), ngx.decode_base64("Zg==x!"))
    is("'foobar'", ngx.decode_base64mime("Zm9v\r\nYm Fy"))
    is("nil", ngx.decode_base64mime("Zm9vY"))
    local url = require "ngx.base64"
    is("'-_8'", url.encode_base64url("\251\255"))
    is("true", url.decode_base64url("-_8") == "\251\255")
    is("nil, 'invalid input'", url.decode_base64url("+/8"))
    is("nil, 'must provide a string'", url.encode_base64url(1))
    for size = 0, 3000, 7 do
      local text = ("\0\255x"):rep(1000):sub(1, size)
      assert(ngx.decode_base64(ngx.encode_base64(text)) == text)
    end
  )lua");
}

TEST_CASE("ngx's digests give the values of their specifications", "[lua]") {
  LuaState lua(install_codec);
  lua.run(R"lua(
    local function hex(text) return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
    is("'5d41402abc4b2a76b9719d911017c592'", ngx.md5("hello"))
    is("'5d41402abc4b2a76b9719d911017c592'", hex(ngx.md5_bin("hello")))
    is("'d41d8cd98f00b204e9800998ecf8427e'", ngx.md5(nil))
    is("'45'", ngx.md5(45) == ngx.md5("45") and "45")
    is("'aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d'", hex(ngx.sha1_bin("hello")))
    is("'de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9'", hex(ngx.hmac_sha1("key", "The quick brown fox jumps over the lazy dog")))
    is("907060870, 907060870, 0", ngx.crc32_short("hello"), ngx.crc32_long("hello"), ngx.crc32_long(""))
    is("3421780262", ngx.crc32_long("123456789"))
    raises("expecting 2 arguments", ngx.hmac_sha1, "a")
  )lua");
}

TEST_CASE("ngx.quote_sql_str escapes for MySQL", "[lua]") {
  LuaState lua(install_codec);
  lua.run(R"lua(
    assert(ngx.quote_sql_str("a'b\"c\\\n\r\t\b\0\26你") == [['a\'b\"c\\\n\r\t\b\0\Z你']])
    assert(ngx.quote_sql_str("") == "''")
    raises("expecting one argument", ngx.quote_sql_str)
  )lua");
}
