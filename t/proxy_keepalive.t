# Connections to upstreams are kept and used again; what that may cost when the upstream closes one just then.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: one connection for many requests
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["GET /bytes/10", "GET /chunked?n=2", "POST /echo\nabc", "HEAD /bytes/10", "GET /status/404", "GET /status/204"]
--- error_code eval
[200, 200, 200, 200, 404, 204]
--- response_headers eval
[map { "X-Origin-Connection: 1\nX-Origin-Request: $_" } 1 .. 6]
--- origin_connections: 1



=== TEST 2: none is kept with keepalive 0
--- http_config
    upstream backend { server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; keepalive 0; }
--- config
    location / { proxy_pass http://backend; }
--- request eval
[("GET /bytes/10") x 3]
--- origin_connections: 3



=== TEST 3: keepalive_requests
--- http_config
    upstream backend { server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; keepalive_requests 2; }
--- config
    location / { proxy_pass http://backend; }
--- request eval
[("GET /bytes/10") x 5]
--- origin_connections: 3



=== TEST 4: a response that ends with the connection ends it
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["GET /close", "GET /bytes/1", "GET /bytes/1"]
--- origin_connections: 2



=== TEST 5: so does a response that says Connection: close
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- tcp_listen: $TEST_SLUICE_RAND_PORT_1
--- tcp_no_close
--- tcp_replies eval
["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"]
--- request eval
["GET /", "GET /"]
--- response_body eval
["a", "b"]



=== TEST 6: HTTP/1.0 without keep-alive is not kept
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- tcp_listen: $TEST_SLUICE_RAND_PORT_1
--- tcp_no_close
--- tcp_replies eval
["HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nb"]
--- request eval
["GET /", "GET /"]
--- response_body eval
["a", "b"]



=== TEST 7: an upstream that closes after each response
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- tcp_listen: $TEST_SLUICE_RAND_PORT_1
--- tcp_replies eval
[map { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n$_" } qw(a b c)]
--- request eval
[("GET /") x 3]
--- response_body eval
["a", "b", "c"]
--- no_error_log
[error]



=== TEST 8: bytes that nobody asked for are never the next response
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- tcp_listen: $TEST_SLUICE_RAND_PORT_1
--- tcp_no_close
--- tcp_replies eval
["HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"]
--- request eval
["GET /", "GET /"]
--- response_body eval
["a", "b"]
--- error_log
upstream sent more data than its response announced



=== TEST 9: nor behind a chunked body
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- tcp_listen: $TEST_SLUICE_RAND_PORT_1
--- tcp_no_close
--- tcp_replies eval
["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"]
--- request eval
["GET /", "GET /"]
--- response_body eval
["a", "b"]



=== TEST 10: nor behind a response that has no body
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- tcp_listen: $TEST_SLUICE_RAND_PORT_1
--- tcp_no_close
--- tcp_replies eval
["HTTP/1.1 304 Not Modified\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"]
--- request eval
["GET /", "GET /"]
--- error_code eval
[304, 200]
--- response_body eval
["", "b"]



=== TEST 11: a connection lost by surprise: a GET is sent once more
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["GET /bytes/1", "GET /drop", "GET /bytes/2"]
--- error_code eval
[200, 502, 200]
--- origin_requests: 4
--- origin_connections: 3
--- error_log
upstream prematurely closed connection while reading response header from upstream



=== TEST 12: a POST is not
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["GET /bytes/1", "POST /drop\nabc", "GET /bytes/2"]
--- error_code eval
[200, 502, 200]
--- origin_requests: 3
--- error_log
upstream prematurely closed connection while reading response header from upstream



=== TEST 13: nor is a GET that got a part of a response
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["GET /bytes/1", "GET /raw?data=HTTP%2f1.1%20200&close=1"]
--- error_code eval
[200, 502]
--- origin_requests: 2
--- error_log
upstream prematurely closed connection



=== TEST 14: a reset is a surprise like a close
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["GET /bytes/1", "GET /reset", "GET /bytes/2"]
--- error_code eval
[200, 502, 200]
--- origin_requests: 4
--- error_log
while reading response header from upstream



=== TEST 15: pools belong to addresses: two locations share one
--- config
    location /a { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location /b { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
    location /c { set $to 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; proxy_pass http://$to; }
--- request eval
["GET /a", "GET /b", "GET /c"]
--- origin_connections: 1
