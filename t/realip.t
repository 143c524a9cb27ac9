# `set_real_ip_from`, `real_ip_header`, `real_ip_recursive`: the client's address as a trusted proxy tells it.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: a trusted proxy is believed, everywhere
--- http_config
    log_format who '$remote_addr $remote_port $realip_remote_addr "$http_x_real_ip"';
    access_log logs/access.log who;
    set_real_ip_from 127.0.0.0/8;
    geo $net { default other; 192.0.2.0/24 test; }
--- config
    location / {
        content_by_lua_block {
            ngx.say(ngx.var.remote_addr, " ", #ngx.var.binary_remote_addr, " ", ngx.var.net, " ", ngx.var.proxy_add_x_forwarded_for)
            ngx.log(ngx.ERR, "here")
        }
    }
--- request eval
[('GET /') x 3]
--- more_headers eval
['X-Real-IP: 192.0.2.7', 'X-Real-IP: [2001:db8::1]:8080', '']
--- response_body eval
["192.0.2.7 4 test 192.0.2.7\n", "2001:db8::1 16 other 2001:db8::1\n", "127.0.0.1 4 other 127.0.0.1\n"]
--- error_log
here, client: 192.0.2.7, server:
here, client: 2001:db8::1, server:
here, client: 127.0.0.1, server:
--- access_log eval
[qr/^192\.0\.2\.7  127\.0\.0\.1 "/m, qr/^2001:db8::1 8080 127\.0\.0\.1 "/m, qr/^127\.0\.0\.1 \d+ 127\.0\.0\.1 "/m]



=== TEST 2: who is not trusted is not believed
--- config
    set_real_ip_from 127.0.0.2;
    set_real_ip_from 10.0.0.0/8;
    set_real_ip_from ::/0;
    set_real_ip_from unix:;
    location / { return 200 "$remote_addr\n"; }
--- request
GET /
--- more_headers
X-Real-IP: 192.0.2.7
--- response_body
127.0.0.1



=== TEST 3: X-Forwarded-For: the last address of the last field
--- config
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
    location / { return 200 "$remote_addr,$remote_port,$proxy_add_x_forwarded_for\n"; }
--- request eval
[('GET /') x 9]
--- more_headers eval
['X-Forwarded-For: 192.0.2.1, 192.0.2.2',
 "X-Forwarded-For: 192.0.2.1\nX-Other: x\nx-forwarded-for: 192.0.2.3:99",
 'X-Forwarded-For: 192.0.2.1 ,, 192.0.2.4 , ',
 'X-Forwarded-For: 192.0.2.1, unknown',
 "X-Forwarded-For: 192.0.2.1\nX-Forwarded-For:",
 'X-Forwarded-For: 192.0.2.1, 192.0.2.2:0',
 'X-Forwarded-For: 192.0.2.1, [2001:db8::1',
 'X-Forwarded-For: 192.0.2.1, unix:/x',
 'X-Forwarded-For: 192.0.2.1, 2001:db8::2']
--- response_body_like eval
[qr/^192\.0\.2\.2,,192\.0\.2\.1, 192\.0\.2\.2, 192\.0\.2\.2$/, qr/^192\.0\.2\.3,99,/, qr/^192\.0\.2\.4,,/, (qr/^127\.0\.0\.1,\d+,/) x 5, qr/^2001:db8::2,,/]



=== TEST 4: recursive: the last one that is no trusted proxy
--- config
    set_real_ip_from 127.0.0.1;
    set_real_ip_from 10.0.0.0/8;
    set_real_ip_from 2001:db8::/32;
    real_ip_header X-Forwarded-For;
    real_ip_recursive on;
    location / { return 200 "$remote_addr\n"; }
--- request eval
[('GET /') x 7]
--- more_headers eval
['X-Forwarded-For: 1.1.1.1, 192.0.2.2, 10.0.0.1',
 "X-Forwarded-For: 1.1.1.1, 192.0.2.2\nX-Forwarded-For: 10.0.0.1, [2001:db8::5]:80",
 'X-Forwarded-For: 10.0.0.3, 10.0.0.2, 10.0.0.1',
 'X-Forwarded-For: 192.0.2.2, garbage, 10.0.0.1',
 'X-Forwarded-For: garbage',
 "X-Forwarded-For: 192.0.2.2\nX-Forwarded-For: ,\nX-Forwarded-For: 10.0.0.1",
 'X-Forwarded-For: 192.0.2.2, ::ffff:10.0.0.9']
--- response_body eval
["192.0.2.2\n", "192.0.2.2\n", "10.0.0.3\n", "10.0.0.1\n", "127.0.0.1\n", "10.0.0.1\n", "192.0.2.2\n"]



=== TEST 5: any field; several of it: the last
--- config
    set_real_ip_from 127.0.0.1;
    real_ip_header CF-Connecting-IP;
    location / { return 200 "$remote_addr\n"; }
--- request eval
['GET /', 'GET /', 'GET /']
--- more_headers eval
['cf-connecting-ip: 192.0.2.8', "CF-Connecting-IP: 1.1.1.1\nCF-Connecting-IP: 192.0.2.9", 'X-Real-IP: 192.0.2.8']
--- response_body eval
["192.0.2.8\n", "192.0.2.9\n", "127.0.0.1\n"]



=== TEST 6: rewrite rules and access rules see it; a location has its own values
--- config
    set_real_ip_from 127.0.0.1;
    set $seen $remote_addr;
    location / { return 200 "$seen $remote_addr\n"; }
    location /access { deny 192.0.2.0/24; content_by_lua_block { ngx.say("in") } }
    location /own {
        set_real_ip_from 127.0.0.1;
        real_ip_header X-Own;
        content_by_lua_block { ngx.say(ngx.var.seen, " ", ngx.var.remote_addr) }
        location /own/none { set_real_ip_from 10.0.0.1; content_by_lua_block { ngx.say(ngx.var.remote_addr) } }
    }
--- request eval
['GET /', 'GET /access', 'GET /access', 'GET /own', 'GET /own', 'GET /own/none']
--- more_headers eval
['X-Real-IP: 192.0.2.1', 'X-Real-IP: 192.0.2.1', 'X-Own: 192.0.2.1', 'X-Own: 192.0.2.2', "X-Real-IP: 192.0.2.1\nX-Own: 192.0.2.2", 'X-Own: 192.0.2.2']
--- error_code eval
[200, 403, 200, 200, 200, 200]
--- response_body_like eval
[qr/^192\.0\.2\.1 192\.0\.2\.1$/, qr/403/, qr/^in$/, qr/^127\.0\.0\.1 192\.0\.2\.2$/, qr/^192\.0\.2\.1 192\.0\.2\.1$/, qr/^127\.0\.0\.1$/]



=== TEST 7: each request of a connection says it anew
--- config
    set_real_ip_from 127.0.0.1;
    location / { return 200 "$remote_addr\n"; }
--- pipelined_requests eval
['GET /a', 'GET /b']
--- more_headers eval
['X-Real-IP: 192.0.2.1', '']
--- response_body eval
["192.0.2.1\n", "127.0.0.1\n"]



=== TEST 8: a proxy on a Unix socket
--- http_config
    server {
        listen unix:$TEST_SLUICE_PREFIX/realip.sock;
        set_real_ip_from unix:;
        location / { return 200 "$remote_addr $realip_remote_addr [$realip_remote_port]\n"; }
    }
--- config
    location / { proxy_pass http://unix:$TEST_SLUICE_PREFIX/realip.sock; proxy_set_header X-Real-IP 192.0.2.5; }
--- request
GET /
--- response_body
192.0.2.5 unix: []



=== TEST 9: ten thousand addresses
--- http_config
    large_client_header_buffers 8 256k;
--- config
    set_real_ip_from 127.0.0.1;
    set_real_ip_from 10.0.0.0/8;
    real_ip_header X-Forwarded-For;
    real_ip_recursive on;
    location / { return 200 "$remote_addr\n"; }
--- request
GET /
--- more_headers eval
'X-Forwarded-For: 192.0.2.1, ' . join ', ', map { '10.0.' . ($_ >> 8) . '.' . ($_ & 255) } 1 .. 10_000
--- response_body
192.0.2.1



=== TEST 10: what is no address
--- config
    set_real_ip_from 10.0.0.0/33;
--- must_die
--- error_log
invalid parameter "10.0.0.0/33" in



=== TEST 11: a name that nobody has
--- config
    set_real_ip_from nobody.invalid;
--- must_die
--- error_log
host not found in set_real_ip_from "nobody.invalid" in



=== TEST 12: what is no name of a field
--- config
    real_ip_header "a b";
--- must_die
--- error_log
invalid value "a b" in



=== TEST 13: an if of the server beside it asks what it says
--- http_config
    set_real_ip_from 127.0.0.1;
--- config
    set $granted 0;
    if ($http_x_key = secret) { set $granted 1; }
    if ($http_x_plain) { return 301 https://a/; }
    location / { if ($granted = 0) { return 403; } return 200 "granted $remote_addr\n"; }
--- request eval
["GET /", "GET /", "GET /"]
--- more_headers eval
["X-Real-IP: 192.0.2.1", "X-Real-IP: 192.0.2.1\nX-Key: secret", "X-Plain: 1"]
--- error_code eval
[403, 200, 301]
--- response_body_like eval
[qr/403 Forbidden/, qr/\Agranted 192\.0\.2\.1\n\z/, qr/301/]



=== TEST 14: and one of a location with its own
--- config
    location /px { set_real_ip_from 127.0.0.1; if ($request_method = POST) { return 405; } return 200 "got $remote_addr\n"; }
    location /adm { set_real_ip_from 127.0.0.1; allow 192.0.2.1; deny all; if ($http_x_m) { set $x 1; } try_files /none @ok; }
    location @ok { return 200 "ok\n"; }
--- request eval
["GET /px", "POST /px", "GET /adm", "GET /adm"]
--- more_headers eval
["X-Real-IP: 192.0.2.1", "X-Real-IP: 192.0.2.1", "X-M: 1\nX-Real-IP: 192.0.2.1", "X-M: 1"]
--- error_code eval
[200, 405, 200, 403]
