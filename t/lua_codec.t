# Encoding, digests and time in requests. Case by case: t/unit/lua/codec_test.cc and time_test.cc.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: escape_uri and unescape_uri
--- config
    location / {
        content_by_lua_block {
            ngx.say(ngx.escape_uri("a b/c?d=e&f"))
            ngx.say(ngx.escape_uri("a b/c", 0))
            ngx.say(ngx.unescape_uri("a+b%2Fc%zz"))
        }
    }
--- request
GET /
--- response_body
a%20b%2Fc%3Fd%3De%26f
a%20b/c
a b/c%zz



=== TEST 2: encode_args and decode_args
--- config
    location / {
        content_by_lua_block {
            ngx.say(ngx.encode_args { a = { 1, true, "x y" } })
            local args, err = ngx.decode_args("a=1&b&a=2&c=x+y", 100)
            ngx.say(table.concat(args.a, ","), " ", tostring(args.b), " ", args.c, " ", tostring(err))
            args, err = ngx.decode_args("a=1&b=2&c=3", 2)
            ngx.say(args.b, " ", tostring(args.c), " ", err)
        }
    }
--- request
GET /
--- response_body
a=1&a&a=x%20y
1,2 true x y nil
2 nil truncated



=== TEST 3: base64 in its variants
--- config
    location / {
        content_by_lua_block {
            ngx.say(ngx.encode_base64("hello"), " ", ngx.encode_base64("hello", true))
            ngx.say(ngx.decode_base64("aGVsbG8="), " ", ngx.decode_base64("aGVsbG8"), " ", tostring(ngx.decode_base64("a")))
            local url = require "ngx.base64"
            ngx.say(url.encode_base64url("\251\255"), " ", url.decode_base64url("aGVsbG8"))
        }
    }
--- request
GET /
--- response_body
aGVsbG8= aGVsbG8
hello hello nil
-_8 hello



=== TEST 4: base64 for mail
--- config
    location / {
        content_by_lua_block { ngx.say(ngx.decode_base64mime("aGVs\r\nbG8=")) }
    }
--- request
GET /
--- response_body
hello



=== TEST 5: digests
--- config
    location / {
        content_by_lua_block {
            local function hex(text) return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
            ngx.say(ngx.md5("hello"))
            ngx.say(hex(ngx.md5_bin("hello")))
            ngx.say(hex(ngx.sha1_bin("hello")))
            ngx.say(hex(ngx.hmac_sha1("key", "hello")))
            ngx.say(ngx.crc32_short("hello"), " ", ngx.crc32_long("hello"))
        }
    }
--- request
GET /
--- response_body
5d41402abc4b2a76b9719d911017c592
5d41402abc4b2a76b9719d911017c592
aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d
b34ceac4516ff23a143e61d79d0fa7a4fbe5f266
907060870 907060870



=== TEST 6: text for MySQL
--- config
    location / {
        content_by_lua_block { ngx.say(ngx.quote_sql_str("it's \"here\"\n")) }
    }
--- request
GET /
--- response_body
'it\'s \"here\"\n'



=== TEST 7: dates
--- config
    location / {
        content_by_lua_block {
            ngx.say(ngx.http_time(1290079655))
            ngx.say(ngx.cookie_time(1290079655))
            ngx.say(ngx.parse_http_time("Thu, 18 Nov 2010 11:27:35 GMT"), " ", tostring(ngx.parse_http_time("soon")))
            ngx.say(#ngx.today(), " ", #ngx.localtime(), " ", #ngx.utctime())
        }
    }
--- request
GET /
--- response_body
Thu, 18 Nov 2010 11:27:35 GMT
Thu, 18-Nov-10 11:27:35 GMT
1290079655 nil
10 19 19



=== TEST 8: the clock stands still until it is updated or the request waits
--- config
    location / {
        content_by_lua_block {
            local before = ngx.now()
            local work = 0
            for i = 1, 3000000 do work = work + i % 7 end
            ngx.say(ngx.now() == before, " ", math.abs(ngx.time() - os.time()) <= 1)
            ngx.sleep(0.01)
            ngx.say(ngx.now() > before)
            before = ngx.now()
            local deadline = os.clock() + 0.01
            while os.clock() < deadline do end
            ngx.update_time()
            ngx.say(ngx.now() > before)
        }
    }
--- request
GET /
--- response_body
true true
true
true



=== TEST 9: a wrong argument is a Lua error
--- config
    location / {
        content_by_lua_block { ngx.say(ngx.encode_args { "a" }) }
    }
--- request
GET /
--- error_code: 500
--- error_log
attempt to use a non-string key in the "args" option table
