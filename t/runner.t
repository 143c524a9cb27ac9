# The runner's own tests: every section of the block format at work. (runner_fails.t shows that each of them can fail.)
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: a body is compared exactly
--- config
    location / { return 200 "hello\n"; }
--- request
GET /
--- response_body
hello



=== TEST 2: status, headers that are there and one that is not
--- config
    location / { return 302 /there; }
--- request
GET /
--- error_code: 302
--- response_headers
Location: http://localhost:$TEST_SLUICE_PORT/there
!X-Nothing
--- response_headers_like
Content-Length: \d+
--- raw_response_headers_like: ^HTTP/1\.1 302
--- raw_response_headers_unlike: X-Nothing
--- response_body_like: 302 (Found|Moved)
--- response_body_unlike: 404



=== TEST 3: a list of requests, each on a connection of its own
--- config
    location /a { return 200 "a\n"; }
    location /b { return 403 "b\n"; }
--- request eval
["GET /a", "HEAD /a", "GET /b"]
--- error_code eval
[200, 200, 403]
--- response_body eval
["a\n", "", qr/^b$/]



=== TEST 4: pipelined requests on one connection
--- config
    location /a { return 200 "a\n"; }
    location /b { return 200 "b\n"; }
--- pipelined_requests eval
["GET /a", "HEAD /a", "GET /b"]
--- response_body eval
["a\n", "", "b\n"]
--- connection_closed



=== TEST 5: a request in pieces, each read before the next is sent
--- config
    location / { return 200 "$request_method $uri $http_x\n"; }
--- raw_request eval
["GE", "T /pieces HT", "TP/1.1\r\nHost: localhost\r\nX: ", "1\r\nConnection: close\r\n\r\n"]
--- response_body
GET /pieces 1



=== TEST 6: a malformed request is answered and the connection closed
--- config
    location / { return 200 "not this\n"; }
--- raw_request eval
"GET / HTTP/1.1\r\nHost : localhost\r\nX:\x00\r\n\r\n"
--- error_code: 400
--- connection_closed



=== TEST 7: a body and more headers go to the origin, which shows the request
--- config
    location / {
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
        proxy_set_header X-Port $TEST_NGINX_SERVER_PORT;
    }
--- request
POST /echo?a=1
hello, world
--- more_headers
X-Foo: bar
--- response_body_like
^POST /echo\?a=1 HTTP/1\.[01]
.*X-Foo: bar
.*
hello, world$
--- origin_requests: 1
--- origin_connections: 1
--- origin_like eval
[qr/^POST \/echo\?a=1 /, qr/\r\n\r\nhello, world$/]
--- origin_unlike: GET



=== TEST 8: the origin's own statuses pass through
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["GET /status/418", "GET /status/204", "GET /chunked?n=2", "GET /bytes/20", "GET /close"]
--- error_code eval
[418, 204, 200, 200, 200]
--- response_body eval
["status 418\n", "", "chunk 1\nchunk 2\n", "01234567890123456789", "until close\n"]
--- origin_requests: 5



=== TEST 9: events arrive one by one
--- config
    location / {
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
        proxy_http_version 1.1;
        proxy_buffering off;
    }
--- request
GET /sse?n=3&id=nine
--- sse_paced: nine 3
--- response_headers
Content-Type: text/event-stream
--- response_body_like: event 1.*event 2.*event 3



=== TEST 10: a scripted upstream, in pieces, which records what it was sent
--- config
    location / {
        proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/up;
        proxy_set_header Host up;
    }
--- tcp_listen: $TEST_SLUICE_RAND_PORT_1
--- tcp_reply eval
["HTTP/1.0 20", "0 OK\r\nContent-Length: 3\r\n", "\r\nab", "c"]
--- tcp_query eval
qr/^GET \/up HTTP\/1\.[01]\r\nHost: up\r\n/
--- request
GET /
--- response_body chomp
abc



=== TEST 11: one reply per connection
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- tcp_listen: $TEST_SLUICE_RAND_PORT_1
--- tcp_replies eval
["HTTP/1.0 201 Created\r\nContent-Length: 0\r\n\r\n", "HTTP/1.0 202 Accepted\r\nContent-Length: 0\r\n\r\n"]
--- request eval
["GET /", "GET /", "GET /"]
--- error_code eval
[201, 202, 202]



=== TEST 12: what is logged, and what is not
--- config
    location / {
        content_by_lua_block {
            ngx.log(ngx.ERR, "one: ", 1)
            ngx.log(ngx.WARN, "two: ", 2)
            ngx.say("logged")
        }
    }
--- request
GET /
--- response_body
logged
--- error_log
one: 1
[warn]
--- no_error_log
three: 3
[crit]
--- grep_error_log eval
qr/(?:one|two): \d/
--- grep_error_log_out
one: 1
two: 2



=== TEST 13: an announced alert is no failure
--- config
    location / {
        content_by_lua_block {
            ngx.log(ngx.ALERT, "as announced")
            ngx.say("ok")
        }
    }
--- request
GET /
--- error_log
as announced



=== TEST 14: the access log
--- config
    location / { return 204; }
--- request
GET /seen
--- error_code: 204
--- access_log eval
qr/"GET \/seen HTTP\/1\.1" 204/
--- no_access_log
/unseen



=== TEST 15: files of the user, in the directory that variables name
--- config
    include $TEST_SLUICE_HTML_DIR/locations/*.conf;
--- user_files
>>> locations/a.conf
location /a { return 200 "a of $TEST_SLUICE_PORT\n"; }
>>> locations/b.conf
location /b { return 200 "b\n"; }
--- request eval
["GET /a", "GET /b"]
--- response_body eval
["a of \$TEST_SLUICE_PORT\n", "b\n"]



=== TEST 16: a configuration that must be refused
--- config
    locatio / { return 204; }
--- must_die
--- error_log
[emerg]
unknown directive "locatio"



=== TEST 17: the environment of the server
--- env
SLUICE_TEST_COLOUR=green
--- config
    location / { content_by_lua_block { ngx.say(os.getenv("SLUICE_TEST_COLOUR")) } }
--- request
GET /
--- response_body
green



=== TEST 18: code that runs before the server starts
--- init
open my $f, '>', "$TEST_SLUICE_PREFIX/conf/made.conf" or die;
print $f 'return 200 "made\n";';
close $f;
--- config
    location / { include made.conf; }
--- request
GET /
--- response_body
made



=== TEST 19: the client goes away while the origin works
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request
GET /hang
--- abort: origin
--- origin_requests: 1



=== TEST 20: no answer is expected
--- config
    location / { return 444; }
--- request
GET /
--- error_code:
--- response_body:



=== TEST 21: interim responses are kept apart
--- skip_eval: 4: ($ENV{TEST_SLUICE_PEER} // '') eq 'nginx'
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- tcp_listen: $TEST_SLUICE_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
--- request
GET /
--- interim_codes: 103
--- response_body_like: abc$



=== TEST 22: a whole file of one's own
--- raw_config
daemon off;
worker_processes 2;
error_log logs/error.log info;
pid logs/sluice.pid;
events { }
http {
    access_log off;
    server {
        listen 127.0.0.1:$TEST_SLUICE_PORT;
        location / { return 200 "own\n"; }
    }
}
--- request
GET /
--- response_body
own
--- stop: TERM



=== TEST 23: main and http sections, more workers, no master
--- main_config
    worker_rlimit_nofile 512;
--- http_config
    upstream backend { server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; keepalive 4; }
--- workers: 2
--- config
    location = /x { return 200 "ex\n"; }
    location / { return 200 "other\n"; }
    location /up {
        proxy_pass http://backend;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
--- request eval
["GET /x", "GET /y"]
--- response_body eval
["ex\n", "other\n"]



=== TEST 24: a skipped block
--- skip_eval: 1: 1
--- config
    nonsense;
--- request
GET /



=== TEST 25: half-closed by the client
--- config
    location / { return 200 "still\n"; }
--- raw_request eval
"GET / HTTP/1.0\r\n\r\n"
--- shutdown
--- response_body
still
