# Which peer is asked, and which one next.
use lib 't/lib';
use Test::Sluice 'no_plan';
use Test::Sluice::Deaf;

our $deaf = Test::Sluice::Deaf->start;
run_tests();

__DATA__

=== TEST 1: peers take turns in proportion to their weights, without bursts
--- http_config
    upstream backend {
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1 weight=5;
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_2;
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_3;
    }
    server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_1; return 200 "a"; }
    server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_2; return 200 "b"; }
    server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_3; return 200 "c"; }
--- config
    location / { proxy_pass http://backend; }
--- request eval
[("GET /") x 14]
--- response_body eval
[qw(a a b a c a a a a b a c a a)]



=== TEST 2: a peer that refuses: the next one answers, and the first is left alone
--- http_config
    upstream backend {
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_2;
    }
    server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_2; access_log off; return 200 "b"; }
    log_format tries '$upstream_addr|$upstream_status';
--- config
    access_log logs/access.log tries;
    location / { proxy_pass http://backend; }
--- request eval
[("GET /") x 4]
--- response_body eval
[qw(b b b b)]
--- grep_error_log: Connection refused|temporarily disabled
--- grep_error_log_out
Connection refused
temporarily disabled
--- access_log eval
qr/^127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+\|502, 200\n(?:127\.0\.0\.1:\d+\|200\n){3}$/



=== TEST 3: max_fails says how often a peer may fail, 0 for ever
--- http_config
    upstream two {
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1 max_fails=2;
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_2;
    }
    upstream forever {
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1 max_fails=0;
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_2;
    }
    server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_2; return 200 "b"; }
--- config
    location /two { proxy_pass http://two; }
    location /forever { proxy_pass http://forever; }
--- request eval
[("GET /two") x 8, ("GET /forever") x 8]
--- response_body eval
[("b") x 16]
--- grep_error_log eval
qr/Connection refused.*?request: "GET (\S+)/
--- grep_error_log_out
/two
/two
/forever
/forever
/forever
/forever



=== TEST 4: all peers fail
--- http_config
    upstream backend {
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_2;
    }
--- config
    location / { proxy_pass http://backend; }
--- request eval
["GET /", "GET /"]
--- error_code eval
[502, 502]
--- error_log
Connection refused
no live upstreams while connecting to upstream



=== TEST 5: the only peer is never left alone
--- http_config
    upstream backend { server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- config
    location / { proxy_pass http://backend; }
--- request eval
["GET /", "GET /", "GET /"]
--- error_code eval
[502, 502, 502]
--- no_error_log
no live upstreams
temporarily disabled



=== TEST 6: a backup peer is asked when no other is left
--- http_config
    upstream backend {
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_3 backup;
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
    }
    upstream alive {
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_3 backup;
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_2;
    }
    server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_2; return 200 "main"; }
    server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_3; return 200 "backup"; }
--- config
    location /dead { proxy_pass http://backend; }
    location /alive { proxy_pass http://alive; }
--- request eval
["GET /dead", "GET /dead", "GET /alive", "GET /alive"]
--- response_body eval
["backup", "backup", "main", "main"]



=== TEST 7: a peer that is down is never asked
--- http_config
    upstream backend {
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1 down;
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_2;
    }
    upstream nobody { server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1 down; }
    server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_2; return 200 "b"; }
--- config
    location / { proxy_pass http://backend; }
    location /nobody { proxy_pass http://nobody; }
--- request eval
["GET /", "GET /", "GET /nobody"]
--- error_code eval
[200, 200, 502]
--- error_log
no live upstreams while connecting to upstream
--- no_error_log
Connection refused



=== TEST 8: proxy_next_upstream names what counts
--- http_config
    upstream backend { server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1 max_fails=0; server 127.0.0.1:$TEST_SLUICE_RAND_PORT_2 backup; }
    server {
        listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
        location /500 { return 500; }
        location /503 { return 503; }
        location /404 { return 404; }
        location /429 { return 429; }
        location /close { return 444; }
        location /garbage { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    }
    server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_2; return 200 "next"; }
--- config
    location / { proxy_pass http://backend; }
    location /list/ { proxy_next_upstream error http_500 http_503 http_404 http_429; proxy_pass http://backend/; }
    location /off/ { proxy_next_upstream off; proxy_pass http://backend/; }
--- request eval
[map { "GET $_" } qw(/500 /404 /close /list/500 /list/503 /list/404 /list/429 /off/close)]
--- error_code eval
[500, 404, 200, 200, 200, 200, 200, 502]
--- error_log
upstream prematurely closed connection



=== TEST 9: what may have had an effect is not done twice, unless somebody says so
--- http_config
    upstream backend { server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1 max_fails=0; server 127.0.0.1:$TEST_SLUICE_RAND_PORT_2 backup; }
    upstream refusing { server 127.0.0.1:$TEST_SLUICE_RAND_PORT_3 max_fails=0; server 127.0.0.1:$TEST_SLUICE_RAND_PORT_2 backup; }
    server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_1; return 444; }
    server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_2; location / { return 200 "$request_method"; } }
--- config
    location / { proxy_pass http://backend; }
    location /again { proxy_next_upstream error non_idempotent; proxy_pass http://backend; }
    location /refusing { proxy_pass http://refusing; }
--- request eval
["GET /", "PUT /", "DELETE /", "POST /", "PATCH /", "POST /\nabc", "POST /again", "POST /refusing\nabc"]
--- error_code eval
[200, 200, 200, 502, 502, 502, 200, 200]



=== TEST 10: how many tries at most
--- http_config
    upstream backend {
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1 max_fails=0;
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_2 max_fails=0;
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_3 max_fails=0;
    }
    log_format tries '$uri|$upstream_status';
--- config
    access_log logs/access.log tries;
    location /all { proxy_pass http://backend; }
    location /two { proxy_next_upstream_tries 2; proxy_pass http://backend; }
    location /one { proxy_next_upstream_tries 1; proxy_pass http://backend; }
--- request eval
["GET /all", "GET /two", "GET /one"]
--- error_code eval
[502, 502, 502]
--- access_log
/all|502, 502, 502
/two|502, 502
/one|502
--- no_access_log
/two|502, 502, 502
/one|502, 502



=== TEST 11: no new try after proxy_next_upstream_timeout
--- http_config
    upstream backend {
        server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT max_fails=0;
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_2 backup;
    }
    server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_2; return 200 "next"; }
--- config
    proxy_read_timeout 150ms;
    location /hang { proxy_pass http://backend; }
    location /late/ { proxy_next_upstream_timeout 50ms; proxy_pass http://backend/; }
--- request eval
["GET /hang", "GET /late/hang"]
--- error_code eval
[200, 504]
--- error_log
upstream timed out (110: Connection timed out)



=== TEST 12: the answer after a failed try is as if there had been none
--- http_config
    upstream backend {
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
        server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT backup;
    }
--- config
    location / { proxy_next_upstream error invalid_header; proxy_pass http://backend; }
--- tcp_listen: $TEST_SLUICE_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 200 OK\r\nX-Bad: 1\r\nSet-Cookie: bad=1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nbad"
--- request
GET /bytes/3
--- response_headers
!X-Bad
!Set-Cookie
Content-Length: 3
--- response_body chomp
012
--- error_log
more than one Content-Length



=== TEST 13: a body that was read before is sent to the next peer, too
--- http_config
    upstream backend {
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
        server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT backup;
    }
--- config
    location / { proxy_pass http://backend; }
--- request
PUT /echo
hello
--- response_body_like: ^PUT /echo .*\n\nhello$
--- error_log
Connection refused



=== TEST 14: max_conns
--- http_config
    upstream backend {
        server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1 max_conns=1;
    }
    server {
        listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
        location /inner { proxy_pass http://backend/again; }
        location /again { return 200 "not this\n"; }
        location / { return 200 "alone\n"; }
    }
--- config
    location / { proxy_pass http://backend; }
--- request eval
["GET /", "GET /inner", "GET /"]
--- error_code eval
[200, 502, 200]
--- error_log
no live upstreams



=== TEST 15: a connection that is not answered in time carried no request: whatever the method, the next peer gets it
--- http_config eval
'upstream backend { server 127.0.0.1:' . $main::deaf->port . ' max_fails=0; server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT backup; }' . <<'END';
    log_format tries '$request_method $uri|$upstream_status';
END
--- config
    access_log logs/access.log tries;
    proxy_connect_timeout 100ms;
    location / { proxy_pass http://backend; }
    location /error { proxy_next_upstream error; proxy_pass http://backend; }
    location /streamed/ { proxy_request_buffering off; proxy_pass http://backend/; }
--- request eval
["POST /echo\nabc", "PATCH /echo\nabc", "POST /streamed/echo\nabc", "GET /echo", "POST /error\nabc"]
--- error_code eval
[200, 200, 200, 200, 504]
--- response_body_like eval
[qr/^POST \/echo .*\n\nabc$/s, qr/^PATCH \/echo .*\n\nabc$/s, qr/^POST \/echo .*\n\nabc$/s, qr/^GET /, qr/504/]
--- error_log
upstream timed out (110: Connection timed out) while connecting to upstream
--- access_log
POST /echo|504, 200
PATCH /echo|504, 200
POST /error|504
--- no_access_log
POST /error|504, 200
