# `allow` and `deny`, and `satisfy`: who may pass.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: the first line that fits decides
--- config
    location /one { allow 127.0.0.1; deny all; return 402; content_by_lua_block { ngx.say("in") } }
    location /allowed { allow 127.0.0.1; deny all; content_by_lua_block { ngx.say("in") } }
    location /denied { deny 127.0.0.0/8; allow all; content_by_lua_block { ngx.say("in") } }
    location /narrow { deny 127.0.0.0/31; allow all; content_by_lua_block { ngx.say("in") } }
    location /beside { deny 127.0.0.2; deny 127.0.0.0/32; deny ::/0; deny unix:; content_by_lua_block { ngx.say("in") } }
    location /broad { allow 127.0.0.0/8; deny 127.0.0.1; content_by_lua_block { ngx.say("in") } }
--- request eval
[map { "GET $_" } qw(/one /allowed /denied /narrow /beside /broad)]
--- error_code eval
[402, 200, 403, 403, 200, 200]
--- grep_error_log eval
qr/access forbidden by rule, client: 127\.0\.0\.1, server: \S*, request: "GET \S+/
--- grep_error_log_out
access forbidden by rule, client: 127.0.0.1, server: localhost, request: "GET /denied
access forbidden by rule, client: 127.0.0.1, server: localhost, request: "GET /narrow



=== TEST 2: lines are inherited as a whole, or not at all
--- http_config
    deny all;
--- config
    location /inherits { content_by_lua_block { ngx.say("in") } }
    location /own { allow 10.0.0.0/8; content_by_lua_block { ngx.say("in") } }
    location /nested { deny 127.0.0.1;
        location /nested/inherits { content_by_lua_block { ngx.say("in") } }
        location /nested/own { deny 127.0.0.2; content_by_lua_block { ngx.say("in") } }
    }
--- request eval
[map { "GET $_" } qw(/inherits /own /nested/inherits /nested/own)]
--- error_code eval
[403, 200, 403, 200]



=== TEST 3: satisfy any: one that allows is enough, a refusal comes when all have been asked
--- http_config
    satisfy any;
--- config
    location /lua { deny all; access_by_lua_block { local x = 1 } content_by_lua_block { ngx.say("in") } }
    location /ok { deny all; access_by_lua_block { ngx.exit(ngx.OK) } content_by_lua_block { ngx.say("in") } }
    location /declined { deny all; access_by_lua_block { ngx.exit(ngx.DECLINED) } content_by_lua_block { ngx.say("in") } }
    location /both { deny all; access_by_lua_block { ngx.exit(403) } content_by_lua_block { ngx.say("in") } }
    location /skipped { allow all; access_by_lua_block { ngx.exit(403) } content_by_lua_block { ngx.say("in") } }
    location /other { deny all; access_by_lua_block { ngx.exit(410) } content_by_lua_block { ngx.say("in") } }
    location /slow { deny all; access_by_lua_block { ngx.sleep(0.001) } content_by_lua_block { ngx.say("in") } }
    location /alone { deny all; content_by_lua_block { ngx.say("in") } }
    location /nobody { content_by_lua_block { ngx.say("in") } }
--- request eval
[map { "GET $_" } qw(/lua /ok /declined /both /skipped /other /slow /alone /nobody)]
--- error_code eval
[200, 200, 403, 403, 200, 410, 200, 403, 200]
--- grep_error_log eval
qr/access forbidden by rule, client: 127\.0\.0\.1, server: \S*, request: "GET \S+/
--- grep_error_log_out
access forbidden by rule, client: 127.0.0.1, server: localhost, request: "GET /declined
access forbidden by rule, client: 127.0.0.1, server: localhost, request: "GET /both
access forbidden by rule, client: 127.0.0.1, server: localhost, request: "GET /alone



=== TEST 4: satisfy any: a refusal that another location follows is forgotten
--- config
    location / { satisfy any; deny all; access_by_lua_block { ngx.exec("/there") } }
    location /there { satisfy any; content_by_lua_block { ngx.say("in") } }
--- request
GET /
--- response_body
in



=== TEST 5: satisfy all: each one has to allow
--- config
    satisfy all;
    location /lua { allow all; access_by_lua_block { ngx.exit(403) } content_by_lua_block { ngx.say("in") } }
    location /deny { deny all; access_by_lua_block { ngx.log(ngx.ERR, "was asked") } content_by_lua_block { ngx.say("in") } }
    location /both { allow all; access_by_lua_block { ngx.exit(ngx.OK) } content_by_lua_block { ngx.say("in") } }
--- request eval
[map { "GET $_" } qw(/lua /deny /both)]
--- error_code eval
[403, 403, 200]
--- no_error_log
was asked



=== TEST 6: a refusal has its error page
--- config
    error_page 403 = @denied;
    location / { deny all; content_by_lua_block { ngx.say("in") } }
    location @denied { content_by_lua_block { ngx.say("no") } }
--- request
GET /
--- response_body
no



=== TEST 7: a client of a Unix socket
--- http_config
    server {
        listen unix:$TEST_SLUICE_PREFIX/access.sock;
        location /all { deny all; content_by_lua_block { ngx.say("in") } }
        location /unix { deny unix:; content_by_lua_block { ngx.say("in") } }
        location /first { allow unix:; deny all; content_by_lua_block { ngx.say("in") } }
        location /ip { deny 0.0.0.0/0; deny ::/0; content_by_lua_block { ngx.say("in") } }
    }
--- config
    location / { proxy_pass http://unix:$TEST_SLUICE_PREFIX/access.sock; }
--- request eval
[map { "GET $_" } qw(/all /unix /first /ip)]
--- error_code eval
[403, 403, 200, 200]



=== TEST 8: an address that is none
--- config
    location / { allow 127.0.0.256; }
--- must_die
--- error_log
invalid parameter "127.0.0.256" in



=== TEST 9: a host's name is no address
--- config
    location / { deny localhost; }
--- must_die
--- error_log
invalid parameter "localhost" in



=== TEST 10: a prefix that is too long
--- config
    location / { deny 10.0.0.0/33; }
--- must_die
--- error_log
invalid parameter "10.0.0.0/33" in



=== TEST 11: bits behind the prefix
--- config
    location / { allow 127.0.0.1/8; deny all; content_by_lua_block { ngx.say("in") } }
--- request
GET /
--- response_body
in



=== TEST 12: satisfy knows two words
--- config
    satisfy some;
--- must_die
--- error_log
invalid value "some" in
