# ngx.say, print, flush, eof, headers, status.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: values
--- config
    location /t { content_by_lua_block {
        ngx.print("a", 1, 1.5, nil, true, ngx.null, { "x", { 2, "y" } }, 10000000000)
        ngx.say()
        ngx.say(pcall(ngx.say, { a = 1 }))
        ngx.say(pcall(ngx.say, print))
    } }
--- request
GET /t
--- response_body_like eval
qr/^a11.5niltruenullx2y10000000000\nfalsebad argument #1 to '.*' \(non-array table found\)\nfalsebad argument #1 to '.*' \(string, number, boolean, nil, ngx.null, or array table expected, got function\)\n\z/

=== TEST 2: headers
--- config
    location /t { content_by_lua_block {
        ngx.header.x_one = "a"
        ngx.header["X-Two"] = { "b", "c" }
        ngx.header.content_type = "text/x-mine"
        ngx.header["X-Gone"] = "x"
        ngx.header["x-gone"] = nil
        ngx.header["X-Evil"] = "a\r\nSet-Cookie: b"
        ngx.status = 201
        ngx.say(ngx.header["X-One"], " ", ngx.header["x-two"][2], " ", ngx.headers_sent)
        ngx.say(ngx.resp.get_headers()["x-one"], " ", ngx.headers_sent)
        ngx.header.late = "x"
        ngx.status = 404
    } }
--- request
GET /t
--- error_code: 201
--- response_headers
X-One: a
X-Two: b, c
Content-Type: text/x-mine
!X-Gone
X-Evil: a%0D%0ASet-Cookie: b
!Set-Cookie
!late
--- response_body
a c false
a true
--- error_log
attempt to set ngx.header.late after sending out response headers
attempt to set ngx.status after sending out response headers

=== TEST 3: underscores stay when told so
--- config
    lua_transform_underscores_in_response_headers off;
    location /t { content_by_lua_block { ngx.header.x_one = "a" ngx.say("ok") } }
--- request
GET /t
--- response_headers
x_one: a

=== TEST 4: flush sends, eof ends, nothing follows
--- config
    location /t { content_by_lua_block {
        local ok, why = ngx.flush(true)
        ngx.log(ngx.WARN, "early: ", why)
        ngx.say("one")
        ngx.log(ngx.WARN, "flush: ", ngx.flush(true))
        ngx.say("two")
        ngx.eof()
        ngx.log(ngx.WARN, "late: ", select(2, ngx.say("three")))
    } }
--- request
GET /t
--- response_body
one
two
--- error_log
early: nothing to flush
flush: 1
late: seen eof

=== TEST 5: a large body in pieces, and one large piece
--- config
    location /pieces { content_by_lua_block { for i = 1, 3000 do ngx.say(("x"):rep(99)) end } }
    location /one { content_by_lua_block { ngx.print(("x"):rep(300000)) } }
--- request eval
["GET /pieces", "GET /one"]
--- response_body eval
[join("", map { "x" x 99 . "\n" } 1 .. 3000), "x" x 300000]

=== TEST 6: HEAD has no body, and say knows
--- config
    location /t { content_by_lua_block {
        ngx.say("one")
        ngx.log(ngx.WARN, "second: ", select(2, ngx.say("two")))
    } }
--- request
HEAD /t
--- response_body:
--- error_log
second: header only

=== TEST 7: HTTP/1.0 gets a length
--- config
    location /t { content_by_lua_block { ngx.say("hello") ngx.say(select(2, ngx.flush(true))) } }
--- request
GET /t HTTP/1.0
--- response_headers
Content-Length: 16
--- response_body
hello
buffering

=== TEST 8: a length from Lua is kept
--- config
    location /t { content_by_lua_block { ngx.header.content_length = 6 ngx.say("hello") } }
--- request
GET /t
--- response_headers
Content-Length: 6
!Transfer-Encoding
--- response_body
hello

=== TEST 9: no output is an empty response
--- config
    location /t { content_by_lua_block { ngx.header["X-A"] = "b" } }
--- request
GET /t
--- response_headers
X-A: b
--- response_body:

=== TEST 10: default_type
--- config
    default_type application/json;
    location /on { content_by_lua_block { ngx.say("{}") } }
    location /off { lua_use_default_type off; content_by_lua_block { ngx.say("{}") } }
--- request eval
["GET /on", "GET /off"]
--- response_headers eval
["Content-Type: application/json", "!Content-Type"]

=== TEST 11: what a header filter refuses leaves nothing behind
--- config
    header_filter_by_lua_block { if ngx.header["X-User"] then ngx.exit(tonumber(ngx.header["X-User"])) end }
    location /own {
        content_by_lua_block {
            ngx.header["X-User"] = 403
            ngx.header["Set-Cookie"] = "a=b"
            ngx.header["Location"] = "/secret"
            ngx.header["Cache-Control"] = "public"
            ngx.say("secret")
        }
    }
    location /raw {
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/raw?data=HTTP%2f1.1%20201%20Secret%0d%0aX-User:%20503%0d%0aSet-Cookie:%20a=b%0d%0aLocation:%20/secret%0d%0aCache-Control:%20public%0d%0aContent-Length:%206%0d%0a%0d%0asecret;
    }
    location /redirected {
        error_page 403 http://other.example/;
        content_by_lua_block { ngx.header["X-User"] = 403 ngx.header["Location"] = "/secret" ngx.say("secret") }
    }
    location /page {
        error_page 403 /in;
        content_by_lua_block { ngx.header["X-User"] = 403 ngx.header["Location"] = "/secret" ngx.say("secret") }
    }
    location /named {
        error_page 403 = @moved;
        content_by_lua_block { ngx.header["X-User"] = 403 ngx.header["Set-Cookie"] = "a=b" ngx.say("secret") }
    }
    location /lua {
        error_page 403 = @lua;
        content_by_lua_block { ngx.header["X-User"] = 403 ngx.say("secret") ngx.flush(true) ngx.say("more") ngx.eof() }
    }
    location /in { return 200 "in\n"; }
    location @lua { content_by_lua_block { ngx.say("page") } }
    location @moved { return 302 /there; }
    location /again { add_header X-Mine 1 always; content_by_lua_block { ngx.header["X-User"] = 404 ngx.header["Location"] = "/secret" ngx.exit(302) } }
--- request eval
["GET /own", "GET /raw", "GET /redirected", "GET /page", "GET /named", "GET /again", "GET /lua", "GET /lua HTTP/1.0"]
--- error_code eval
[403, 503, 302, 403, 302, 404, 200, 200]
--- response_headers eval
["!X-User\n!Set-Cookie\n!Location\n!Cache-Control\nContent-Type: text/html", "!X-User\n!Set-Cookie\n!Location\n!Cache-Control",
 "!X-User\nLocation: http://other.example/", "!X-User\n!Location", "!X-User\n!Set-Cookie\nLocation: http://localhost:\$ServerPort/there",
 "!X-User\n!Location", "!X-User", "!X-User"]
--- response_body_like eval
["<h1>403 ", "<h1>503 ", "<h1>302 ", "^in\n\\z", "<h1>302 ", "<h1>404 ", "^page\n\\z", "^page\n\\z"]

=== TEST 12: a status of no final response
--- config
    location /exit { content_by_lua_block { ngx.exit(101) } }
    location /status { content_by_lua_block { ngx.status = 101 ngx.say("hello") } }
    location /filter { header_filter_by_lua_block { ngx.status = 100 } return 200 "hello\n"; }
    location /page { error_page 404 =101 /in; return 404; }
    location /in { return 200 "in\n"; }
--- request eval
["GET /exit", "GET /status", "GET /filter", "GET /page", "GET /in"]
--- error_code eval
[500, 500, 500, 500, 200]
--- response_body eval
["", "hello\n", "hello\n", "in\n", "in\n"]
--- error_log
status 101 is none of a final response
status 100 is none of a final response
