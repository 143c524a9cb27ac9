# `auth_request`: a subrequest says who may pass.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: what the answer's status means
--- config
    location / { auth_request /auth; content_by_lua_block { ngx.say("in") } }
    location /auth { internal; content_by_lua_block { ngx.exit(tonumber(ngx.var.http_x_status)) } }
--- request eval
[('GET /') x 7]
--- more_headers eval
[map { "X-Status: $_" } 200, 204, 401, 403, 404, 302, 500]
--- error_code eval
[200, 200, 401, 403, 500, 500, 500]
--- grep_error_log eval
qr/auth request unexpected status: \d+, client: 127.0.0.1/
--- grep_error_log_out
auth request unexpected status: 404, client: 127.0.0.1
auth request unexpected status: 302, client: 127.0.0.1
auth request unexpected status: 500, client: 127.0.0.1



=== TEST 2: a proxied one: GET, the client's fields, no body; its answer's values
--- http_config
    server {
        listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
        location / {
            content_by_lua_block {
                ngx.req.read_body()
                ngx.header["X-User"] = ngx.var.http_x_token
                ngx.header["X-Saw"] = ngx.var.request_method .. " " .. ngx.var.request_uri .. " " .. (ngx.var.http_content_length or "none") .. " " .. #(ngx.req.get_body_data() or "")
                ngx.say("ok")
            }
        }
    }
--- config
    location /in {
        set $id 7;
        auth_request /auth?x=y;
        auth_request_set $user $upstream_http_x_user;
        auth_request_set $saw $upstream_http_x_saw;
        proxy_set_header X-User $user;
        proxy_set_header X-Saw $saw;
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
    }
    location = /auth {
        internal;
        proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/check/$id?$args;
    }
--- request eval
["POST /in/a?b=c\nhello", "GET /in/a", "GET /in/a"]
--- more_headers eval
["X-Token: bob", "X-Token: bob\nX-User: admin\nX-Saw: nothing", "X-User: admin"]
--- response_body_like eval
[qr{^POST /in/a\?b=c HTTP/1\.1\n(?=.*^X-User: bob$)(?=.*^X-Saw: GET /check/7\?x=y none 0$).*\n\nhello$}ms,
 qr{^GET /in/a HTTP/1\.1\n(?=.*^X-User: bob$)(?!.*admin)(?!.*nothing)}ms,
 qr{^GET /in/a HTTP/1\.1\n(?!.*X-User)(?!.*admin)}ms]



=== TEST 3: WWW-Authenticate comes along, every one of them
--- config
    location / { auth_request /auth; content_by_lua_block { ngx.say("in") } }
    location /auth {
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/raw?data=HTTP%2f1.1%20401%20No%0d%0aWWW-Authenticate:%20Basic%0d%0aWWW-Authenticate:%20Bearer%0d%0aX-Other:%20x%0d%0aContent-Length:%200%0d%0a%0d%0a;
    }
    location /page { error_page 401 = @login; auth_request /auth; content_by_lua_block { ngx.say("in") } }
    location @login { return 302 /login; }
--- request eval
['GET /', 'GET /page']
--- error_code eval
[401, 302]
--- response_headers eval
["WWW-Authenticate: Basic, Bearer\n!X-Other", "Location: http://localhost:\$ServerPort/login"]



=== TEST 4: inherited, off, and error pages of the subrequest
--- config
    auth_request /auth;
    location /in { content_by_lua_block { ngx.say("in") } }
    location /off { auth_request off; content_by_lua_block { ngx.say("in") } }
    location /auth { error_page 404 = @fallback; return 404; }
    location @fallback { content_by_lua_block { ngx.exit(200) } }
    location /nobody { auth_request /none; content_by_lua_block { ngx.say("in") } }
    location = /none { internal; return 404; }
--- request eval
['GET /in', 'GET /off', 'GET /nobody']
--- error_code eval
[200, 200, 500]
--- error_log
auth request unexpected status: 404



=== TEST 5: it is a subrequest: no access phase, no filters, its own ngx.ctx, no log
--- config
    location / {
        allow all;
        auth_request /auth;
        access_log logs/access.log;
        content_by_lua_block { ngx.say(tostring(ngx.ctx.mark), " ", tostring(ngx.is_subrequest)) }
    }
    location /auth {
        deny all;
        auth_request /auth;
        access_log logs/access.log;
        header_filter_by_lua_block { ngx.log(ngx.ERR, "filtered") }
        log_by_lua_block { ngx.log(ngx.ERR, "logged") }
        content_by_lua_block { ngx.ctx.mark = 1 ngx.log(ngx.WARN, "sub ", tostring(ngx.is_subrequest)) ngx.say("hello") }
    }
--- request
GET /
--- response_body
nil false
--- error_log eval
qr{sub true.*, request: "GET / HTTP/1\.1", subrequest: "/auth", host}
--- no_error_log
filtered
logged
--- access_log
"GET / HTTP/1.1" 200



=== TEST 6: log_subrequest
--- config
    location / { auth_request /auth; content_by_lua_block { ngx.say("in") } }
    location /auth { log_subrequest on; log_by_lua_block { ngx.log(ngx.ERR, "logged ", ngx.var.uri, " ", ngx.status) } content_by_lua_block { ngx.exit(204) } }
--- request
GET /
--- response_body
in
--- error_log
logged /auth 204



=== TEST 7: satisfy any
--- config
    satisfy any;
    location /one { deny all; auth_request /yes; content_by_lua_block { ngx.say("in") } }
    location /none { deny all; auth_request /no; content_by_lua_block { ngx.say("in") } }
    location /yes { return 200; }
    location /no { return 401; }
--- request eval
['GET /one', 'GET /none']
--- error_code eval
[200, 401]



=== TEST 8: a body that is large is not waited for
--- config
    location / { auth_request /auth; content_by_lua_block { ngx.say("in") } }
    location /auth { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/bytes/3000000; }
    location /small { auth_request /auth2; content_by_lua_block { ngx.say("in") } }
    location /auth2 { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/chunked-bytes/3000; }
--- request eval
['GET /', 'GET /small']
--- response_body eval
["in\n", "in\n"]



=== TEST 9: nobody answers
--- config
    location / { auth_request /auth; content_by_lua_block { ngx.say("in") } }
    location /auth { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- request
GET /
--- error_code: 500
--- error_log
auth request unexpected status: 502



=== TEST 10: a client that leaves takes it along
--- config
    location / { auth_request /auth; access_log logs/access.log; content_by_lua_block { ngx.say("in") } }
    location /auth { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/hang; }
--- request
GET /
--- abort: origin
--- ignore_response
--- access_log
"GET / HTTP/1.1" 499



=== TEST 11: variables before, and in locations without it
--- config
    auth_request_set $user $upstream_http_x_user;
    location / { return 200 "[$user]\n"; }
--- request
GET /
--- response_body
[]
--- no_error_log
uninitialized



=== TEST 12: what is no URI
--- config
    auth_request auth;
--- must_die
--- error_log
invalid value "auth" in



=== TEST 13: limits count the client's request, not the subrequest
--- http_config
    limit_req_zone $server_name zone=requests:1m rate=1r/m;
    limit_conn_zone $server_name zone=connections:1m;
--- config
    limit_req zone=requests;
    limit_conn connections 1;
    location / { auth_request /auth; content_by_lua_block { ngx.say("in ", ngx.var.limit_req_status, " ", ngx.var.limit_conn_status) } }
    location /auth { content_by_lua_block { ngx.exit(200) } }
--- request eval
['GET /', 'GET /']
--- error_code eval
[200, 503]
--- response_body_like eval
[qr/^in PASSED PASSED$/, qr/503/]
--- error_log
limiting requests



=== TEST 14: $request_method and $request_id are the client's, the method of the subrequest is its own
--- config
    location / {
        auth_request /auth;
        auth_request_set $auth_id $upstream_http_x_id;
        content_by_lua_block { ngx.say(ngx.var.auth_id == ngx.var.request_id, " ", #ngx.var.request_id, " ", ngx.var.auth_saw) }
    }
    location = /auth {
        internal;
        set_by_lua_block $auth_saw { return ngx.req.get_method() .. " " .. ngx.var.request_method }
        proxy_set_header X-Method $request_method;
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/raw?data=HTTP%2f1.1%20200%20OK%0d%0aX-Id:%20$request_id%0d%0aContent-Length:%200%0d%0a%0d%0a;
    }
--- request
POST /in
hello
--- response_body
true 32 GET POST
--- origin_like eval
qr{^GET /raw\S* HTTP/1\.1\r\n(?=.*^X-Method: POST\r$)}ms
