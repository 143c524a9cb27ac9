# Small values of a location, and variables of the connection.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: server_tokens: a text of one's own, none
--- config
    location /text { server_tokens "mine for $host"; return 404; }
    location /none { server_tokens ""; return 200; }
    location /build { server_tokens build; return 200; }
    location /ok { server_tokens gate; return 200; }
--- request eval
[map { "GET $_" } qw(/text /none /build /ok)]
--- error_code eval
[404, 200, 200, 200]
--- response_headers_like eval
["Server: mine for localhost", "", "Server: sluice/[0-9.]+", "Server: gate"]
--- response_body_like eval
[qr/<center>mine for localhost<\/center>/, qr/^$/, qr/^$/, qr/^$/]



=== TEST 2: server_tokens "": no field
--- config
    server_tokens "";
    return 200;
--- request
GET /
--- response_headers
!Server



=== TEST 3: chunked_transfer_encoding off
--- config
    location / { chunked_transfer_encoding off; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request
GET /chunked-bytes/10
--- response_headers
!Transfer-Encoding
Connection: close
--- response_body chomp
0123456789
--- connection_closed



=== TEST 4: keepalive_time
--- config
    location /old { keepalive_time 1ms; content_by_lua_block { ngx.sleep(0.01) ngx.say("old") } }
    location /young { return 200 "young\n"; }
--- pipelined_requests eval
["GET /young", "GET /young", "GET /old"]
--- response_headers eval
["Connection: keep-alive", "Connection: keep-alive", "Connection: close"]



=== TEST 5: keepalive_time: the connection ends though the client would keep it
--- config
    location / { keepalive_time 1ms; content_by_lua_block { ngx.sleep(0.01) ngx.say("old") } }
--- raw_request eval
"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
--- response_headers
Connection: close
--- connection_closed



=== TEST 6: request_id: 32 digits, one for a request
--- config
    location / { set $first $request_id; return 200 "$first $request_id\n"; }
--- request
GET /
--- response_body_like: ^([0-9a-f]{32}) \1$



=== TEST 7: request_length: head and body
--- config
    location / { content_by_lua_block { ngx.req.read_body(); ngx.say(ngx.var.request_length) } }
--- raw_request eval
"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
--- response_body eval
length("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello") . "\n"



=== TEST 8: what the kernel and the worker know about the connection
--- config
    location / { return 200 "$connection_time|$tcpinfo_rtt|$tcpinfo_rttvar|$tcpinfo_snd_cwnd|$tcpinfo_rcv_space\n"; }
--- request
GET /
--- response_body_like: ^\d+\.\d{3}\|\d+\|\d+\|\d+\|\d+$



=== TEST 9: the port that the client named
--- config
    location / { return 200 "$is_request_port$request_port\n"; }
--- request eval
[("GET /") x 4]
--- more_headers eval
["Host: a:81", "Host: a", "Host: [::1]", "Host: [::1]:82"]
--- response_body eval
[":81\n", "\n", "\n", ":82\n"]



=== TEST 10: a cookie that the upstream sets
--- config
    location / {
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/raw?data=HTTP%2f1.1%20200%20OK%0d%0aSet-Cookie:%20a=1%3b%20path=/%0d%0aSet-Cookie:%20b=two%0d%0aContent-Length:%200%0d%0a%0d%0a;
        header_filter_by_lua_block { ngx.header["X-B"] = ngx.var.upstream_cookie_b; ngx.header["X-A"] = ngx.var.upstream_cookie_a; ngx.header["X-C"] = tostring(ngx.var.upstream_cookie_c) }
    }
--- request
GET /
--- response_headers
X-A: 1
X-B: two
X-C: nil
