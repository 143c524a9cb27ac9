# proxy_pass with variables: an upstream's name or an address. Names that are resolved are in resolver.t and proxy_pass_variables.t.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: the sandbox gateway: port and id from the host name
--- http_config
    server { listen 127.0.0.1:$TEST_SLUICE_PORT default_server; return 404 "no such sandbox\n"; }
    server {
        listen 127.0.0.1:$TEST_SLUICE_PORT;
        server_name ~^(?<port>\d+)-(?<id>[a-z0-9]+)\.sandbox\.example$;
        location / {
            proxy_pass http://127.0.0.1:$port;
            proxy_set_header Host $host;
            proxy_set_header X-Sandbox-Id $id;
        }
    }
--- config
    return 500 "not this\n";
--- request eval
["GET /x%20y?z", "GET /x"]
--- more_headers eval
["Host: \$TEST_SLUICE_ORIGIN_PORT-abc123.sandbox.example\nX-Sandbox-Id: forged", "Host: other.example"]
--- error_code eval
[200, 404]
--- response_body_like eval
[qr/\AGET \/x%20y\?z HTTP\/1\.1\nHost: \d+-abc123\.sandbox\.example\nX-Sandbox-Id: abc123\n(?!.*forged)/s, qr/^no such sandbox$/]



=== TEST 2: an upstream's name, with and without a URI
--- http_config
    upstream backend { server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- config
    location /plain { set $to backend; proxy_pass http://$to; }
    location /uri { set $to backend; proxy_pass http://$to/fixed; }
    location /all { set $to http://backend; proxy_pass $to$uri; }
--- request eval
["GET /plain?a", "GET /uri?a", "GET /all?a"]
--- response_body_like eval
[qr/^GET \/plain\?a HTTP\/1\.1\nHost: backend\n/, qr/^GET \/fixed HTTP/, qr/^GET \/all HTTP/]



=== TEST 3: an IPv4 address, with the port 80 unless there is another
--- config
    location /port { set $to 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; proxy_pass http://$to; }
    location /host { set $to 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; proxy_pass http://$to; proxy_set_header X-To $proxy_host:$proxy_port; }
--- request eval
["GET /port", "GET /host"]
--- response_body_like eval
[qr/^Host: 127\.0\.0\.1:\d+$/m, qr/^X-To: 127\.0\.0\.1:\d+:\d+$/m]



=== TEST 4: an IPv6 address
--- config
    location / { set $to [::1]:$TEST_SLUICE_RAND_PORT_1; proxy_pass http://$to; }
--- http_config
    server { listen [::1]:$TEST_SLUICE_RAND_PORT_1; return 200 "$http_host\n"; }
--- skip_eval: 1: !-e '/proc/net/if_inet6' || !length qx(cat /proc/net/if_inet6)
--- request
GET /
--- response_body
[::1]:$TEST_SLUICE_RAND_PORT_1



=== TEST 5: a Unix socket
--- config
    location /plain { set $to unix:$TEST_SLUICE_PREFIX/logs/up.sock; proxy_pass http://$to; }
    location /uri { set $to unix:$TEST_SLUICE_PREFIX/logs/up.sock; proxy_pass http://$to:/fixed; }
--- tcp_listen: $TEST_SLUICE_PREFIX/logs/up.sock
--- tcp_replies eval
[map { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n$_" } qw(a b)]
--- request eval
["GET /plain", "GET /uri"]
--- response_body eval
["a", "b"]
--- tcp_query eval
qr/^GET \/plain HTTP/



=== TEST 6: with resolver off a name that is no upstream is not looked up
--- config
    resolver off;
    location / { proxy_pass http://$arg_to; }
--- request eval
[map { "GET /?to=$_" } qw(localhost nobody.example 127.0.0.1.nip.example 1.2.3 localhost:80)]
--- error_code eval
[(502) x 5]
--- error_log
no resolver defined to resolve localhost
no resolver defined to resolve nobody.example



=== TEST 7: what is no address at all
--- config
    location /prefix { proxy_pass $arg_to; }
    location /host { proxy_pass http://$arg_to; }
--- request eval
["GET /prefix", "GET /prefix?to=ftp://a/", "GET /prefix?to=http://", "GET /prefix?to=https://127.0.0.1/", "GET /host", "GET /host?to=127.0.0.1:99999", "GET /host?to=127.0.0.1:x", "GET /host?to=[::1"]
--- error_code_like: ^50[02]$
--- error_log
invalid URL prefix in ""
no host in upstream
https upstreams are not supported



=== TEST 8: nothing that a variable holds becomes a second line upstream
--- config
    location / {
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/fixed$arg_path;
        proxy_set_header X-A $arg_value;
    }
    location /raw/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT$uri; }
--- request eval
["GET /?path=/a&value=b%0d%0aX-Evil:1", "GET /raw/a%20b"]
--- error_code eval
[200, 500]
--- origin_unlike: ^X-Evil
--- error_log
the request line for the upstream would hold a blank



=== TEST 9: a peer that refuses, named by variables
--- config
    location / { set $to 127.0.0.1:$TEST_SLUICE_RAND_PORT_1; proxy_pass http://$to; }
--- request
GET /
--- error_code: 502
--- error_log eval
qr/Connection refused.* while connecting to upstream, .*upstream: "http:\/\/127\.0\.0\.1:\d+\/"/
