# `mirror`: copies of requests.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: the copy has the method, the fields and the body
--- config
    location / {
        mirror /mirror;
        content_by_lua_block { ngx.req.read_body() ngx.print("got ", ngx.req.get_body_data()) }
    }
    location = /mirror { internal; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/copy$request_uri; }
--- request
POST /in?x=1
hello
--- more_headers
X-Mark: mark
--- response_body chomp
got hello
--- origin_like eval
qr{^POST /copy/in\?x=1 HTTP/1\.1\r\n(?=.*^X-Mark: mark\r$).*\r\n\r\nhello$}ms
--- origin_requests: 1



=== TEST 2: without the body
--- config
    location / {
        mirror /mirror;
        mirror_request_body off;
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
    }
    location = /mirror { internal; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/copy; }
--- request
PUT /in
hello
--- response_body_like: hello$
--- origin_like eval
[qr{^PUT /in HTTP/1\.1\r\n.*hello}ms, qr{^PUT /copy HTTP/1\.1\r\n(?:[^\r]+\r\n)*\r\n(?!hello)}m]
--- origin_requests: 2



=== TEST 3: several, inherited, off
--- config
    mirror /one;
    mirror /two;
    location /in { content_by_lua_block { ngx.say("in") } }
    location /off { mirror off; content_by_lua_block { ngx.say("in") } }
    location /own { mirror /one; content_by_lua_block { ngx.say("in") } }
    location = /one { internal; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location = /two { internal; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
['GET /in', 'GET /off', 'GET /own']
--- response_body eval
["in\n", "in\n", "in\n"]
--- origin_requests: 3



=== TEST 4: what becomes of the copy does not matter; the next request waits for it
--- config
    location / { mirror /mirror; content_by_lua_block { ngx.say("in") } }
    location = /mirror { internal; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/drop; }
--- pipelined_requests eval
['GET /a', 'GET /b']
--- response_body eval
["in\n", "in\n"]
--- error_log eval
qr{upstream prematurely closed connection.*, subrequest: "/mirror"}



=== TEST 5: a body that is too large, and one that the client takes back
--- config
    client_max_body_size 10;
    location / { mirror /mirror; content_by_lua_block { ngx.say("in") } }
    location = /mirror { internal; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request
POST /
more than ten bytes
--- error_code: 413
--- error_log
client intended to send too large body



=== TEST 6: off is alone
--- config
    mirror /one;
    mirror off;
--- must_die
--- error_log
"mirror" directive is duplicate
