# add_header, add_trailer, their inheritance, and the order of filters.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: fields with and without variables; an empty value is not sent
--- config
    location / {
        add_header X-One 1;
        add_header X-Host "for $host";
        add_header X-Arg $arg_a;
        add_header X-One 2;
        return 200 "hello\n";
    }
--- request
GET /
--- more_headers
Host: some.example
--- response_body
hello
--- response_headers
X-One: 1, 2
X-Host: for some.example
!X-Arg



=== TEST 2: statuses without always
--- config
    add_header X-Usual yes;
    add_header X-All yes always;
    location /201 { return 201 "x"; }
    location /204 { return 204; }
    location /206 { return 206 "x"; }
    location /307 { return 307 /x; }
    location /308 { return 308 /x; }
    location /304 { return 304; }
    location /202 { return 202 "x"; }
    location /404 { return 404; }
    location /500 { return 500 "x"; }
    location /405 { return 405; }
--- request eval
[map {"GET /$_"} 201, 204, 206, 307, 308, 304, 202, 404, 500, 405]
--- error_code eval
[201, 204, 206, 307, 308, 304, 202, 404, 500, 405]
--- response_headers eval
[("X-Usual: yes\nX-All: yes") x 6, ("!X-Usual\nX-All: yes") x 4]



=== TEST 3: a level with fields of its own has none of the levels around it
--- http_config
    add_header X-Http 1;
--- config
    add_header X-Server 1;
    location /server { return 200; }
    location /own { add_header X-Own 1; return 200; }
--- request eval
["GET /server", "GET /own"]
--- response_headers eval
["!X-Http\nX-Server: 1", "!X-Http\n!X-Server\nX-Own: 1"]



=== TEST 4: add_header_inherit
--- http_config
    add_header X-Http 1;
--- config
    add_header_inherit merge;
    add_header X-Server 1;
    location /merge { add_header X-Own 1; return 200; }
    location /off { add_header_inherit off; return 200; }
    location /off/own { add_header_inherit off; add_header X-Own 1; return 200; }
    location /on { add_header_inherit on; add_header X-Own 1; return 200; }
    location /on/none { add_header_inherit on; return 200; }
    location /outer {
        add_header X-Outer 1;
        location /outer/inner { add_header X-Inner 1; return 200; }
    }
--- request eval
[map {"GET /$_"} qw(merge off off/own on on/none outer/inner)]
--- response_headers eval
["X-Http: 1\nX-Server: 1\nX-Own: 1", "!X-Http\n!X-Server", "!X-Http\n!X-Server\nX-Own: 1", "!X-Http\n!X-Server\nX-Own: 1", "X-Http: 1\nX-Server: 1",
 "X-Http: 1\nX-Server: 1\nX-Outer: 1\nX-Inner: 1"]



=== TEST 5: a value with a line end is no header: 500, nothing of it is sent
--- config
    location / {
        set_by_lua_block $path { return ngx.unescape_uri(ngx.var.arg_p) }
        add_header X-Before 1; add_header X-Path $path; add_header X-All 1 always; expires 1h; return 200 "hello\n";
    }
--- request eval
["GET /?p=a%0d%0aSet-Cookie:x=1", "GET /?p=a%0aSet-Cookie:x=1", "GET /?p=a%00b", "GET /?p=fine"]
--- error_code eval
[500, 500, 500, 200]
--- response_headers eval
[("!Set-Cookie\n!X-Path\n!X-Before\n!Cache-Control") x 3, "X-Path: fine"]
--- error_log
value of add_header "X-Path" holds CR, LF or NUL



=== TEST 6: fields of which there is one are replaced, others added
--- config
    location / {
        add_header Content-Type text/x-mine;
        add_header Server mine;
        add_header ETag '"1"';
        add_header Last-Modified "Fri, 20 Nov 2026 12:00:00 GMT";
        add_header Cache-Control no-cache;
        add_header Cache-Control private;
        add_header Set-Cookie a=1;
        add_header Set-Cookie b=2;
        return 200 "hello\n";
    }
    location /removed { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/raw; add_header ETag ""; add_header Last-Modified ""; }
--- request eval
["GET /", "GET /removed?data=HTTP/1.1%20200%20OK%0d%0aETag:%20%22a%22%0d%0aLast-Modified:%20x%0d%0aContent-Length:%200%0d%0a%0d%0a"]
--- response_headers eval
["Content-Type: text/x-mine\nServer: mine\nETag: \"1\"\nLast-Modified: Fri, 20 Nov 2026 12:00:00 GMT\nCache-Control: no-cache, private\nSet-Cookie: a=1, b=2",
 "!ETag\n!Last-Modified"]



=== TEST 7: an upstream's response and static files get them, too
--- config
    add_header X-Upstream $upstream_status;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request
GET /bytes/10
--- response_headers
X-Upstream: 200
Content-Length: 10



=== TEST 8: what follows from the connection cannot be set
--- config
    add_header Content-Length 3;
--- must_die
--- error_log
"add_header" cannot set "Content-Length"



=== TEST 9: parameters
--- config
    add_header X-A 1 sometimes;
--- must_die
--- error_log
invalid parameter "sometimes"



=== TEST 10: values of add_header_inherit
--- config
    add_header_inherit yes;
--- must_die
--- error_log
invalid value "yes"



=== TEST 11: trailers follow the body, in chunks
--- config
    location / {
        add_trailer X-Sum "$body_bytes_sent $status";
        add_trailer X-Empty "";
        return 200 "hello\n";
    }
--- raw_request eval
"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- raw_response_headers_like
Transfer-Encoding: chunked
--- raw_response_headers_unlike
Content-Length
--- response_body
hello
--- response_trailers
X-Sum: 0 200



=== TEST 12: HTTP/1.0 and statuses without them
--- config
    add_trailer X-Usual 1;
    add_trailer X-All 1 always;
    location / { return 200 "hello\n"; }
    location /404 { return 404 "gone\n"; }
--- request eval
["GET / HTTP/1.0", "GET /404"]
--- error_code eval
[200, 404]
--- response_headers eval
["Content-Length: 6", "!Content-Length"]
--- response_trailers eval
["", "X-All: 1\n"]



=== TEST 13: a trailer with a line end is left out
--- config
    location / {
        set_by_lua_block $path { return ngx.unescape_uri(ngx.var.arg_p) }
        add_trailer X-Path $path;
        return 200 "hello\n";
    }
--- request
GET /?p=a%0d%0aX:y
--- response_body
hello
--- response_trailers
--- error_log
holds CR, LF or NUL



=== TEST 14: Lua's header filter comes before add_header, in whatever order they load
--- config
    location / {
        add_header X-Added 1;
        header_filter_by_lua_block { ngx.header["X-Seen"] = tostring(ngx.header["X-Added"]) }
        return 200 "hello\n";
    }
    location /2 {
        header_filter_by_lua_block { ngx.header["X-Seen"] = tostring(ngx.header["X-Added"]) }
        add_header X-Added 1;
        return 200 "hello\n";
    }
--- request eval
["GET /", "GET /2"]
--- response_headers eval
[("X-Seen: nil\nX-Added: 1") x 2]
