# server_name in all its forms, and what is made of the Host field. `TEST_SLUICE_PEER=nginx prove t/server_names.t` asks nginx.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: forms of names
--- http_config
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name default; return 200 "default $host\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name one.example two.example; return 200 "several $server_name\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name .dot.example; return 200 "dot $server_name\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name *.star.example; return 200 "star $server_name\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name mail.*; return 200 "tail $server_name\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name ~^(www\.)?(?<domain>[^.]+)\.re$; return 200 "re $domain $server_name\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name "~^(?<word>\w{3})\.brace$"; return 200 "brace $word\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name UPPER.example; return 200 "upper $server_name $host\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name _; return 200 "underscore\n"; }
--- config
    return 200 "not this\n";
--- request eval
[("GET /") x 14]
--- more_headers eval
[map { "Host: $_" } qw(two.example dot.example a.b.dot.example x.star.example star.example mail.org mail.a.b www.word.re word.re abc.brace
    Upper.Example _ nothing.example ONE.example.)]
--- response_body eval
["several one.example\n", "dot dot.example\n", "dot dot.example\n", "star *.star.example\n", "default star.example\n", "tail mail.*\n",
 "tail mail.*\n", "re word ~^(www\\.)?(?<domain>[^.]+)\\.re\$\n", "re word ~^(www\\.)?(?<domain>[^.]+)\\.re\$\n", "brace abc\n",
 "upper upper.example upper.example\n", "underscore\n", "default nothing.example\n", "several one.example\n"]



=== TEST 2: order of kinds: exact, longest in front, longest behind, patterns in order
--- http_config
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name default; return 200 "default $host\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name ~^a; return 200 "pattern\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name a.*; return 200 "a.*\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name a.b.*; return 200 "a.b.*\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name *.c; return 200 "*.c\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name *.b.c; return 200 "*.b.c\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name a.b.c; return 200 "exact\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name ~^ab; return 200 "never\n"; }
--- config
    return 200 "not this\n";
--- request eval
[("GET /") x 6]
--- more_headers eval
[map { "Host: $_" } qw(a.b.c x.b.c x.c a.b.d a.d ab.d)]
--- response_body eval
["exact\n", "*.b.c\n", "*.c\n", "a.b.*\n", "a.*\n", "pattern\n"]



=== TEST 3: the name of the machine
--- http_config
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name default; return 200 "default $host\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name $hostname; return 200 "machine\n"; }
--- config
    return 200 "not this\n";
--- request
GET /
--- more_headers eval
use Sys::Hostname;
"Host: " . hostname()
--- response_body
machine



=== TEST 4: no name, an empty one
--- http_config
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name default; return 200 "default $host\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name ""; return 200 "nameless [$server_name] [$host]\n"; }
--- config
    return 200 "not this\n";
--- raw_request eval
"GET / HTTP/1.0\r\n\r\n"
--- response_body
nameless [] []



=== TEST 5: sluice: an absolute target names the host, whatever the Host field says (RFC 9112)
--- http_config
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name default; return 200 "default $host\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name target.example; return 200 "target $host $request_uri\n"; }
--- config
    return 200 "not this\n";
--- request
GET http://Target.example:1/x?a=1 HTTP/1.1
--- more_headers
Host: other.example
--- response_body
target target.example /x?a=1



=== TEST 6: sluice: merge_slashes is the chosen server's, not the default one's
--- http_config
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name other; merge_slashes off; return 200 "$uri\n"; }
--- config
    location / { return 200 "$uri\n"; }
--- request eval
["GET //a", "GET //a"]
--- more_headers eval
["Host: localhost", "Host: other"]
--- response_body eval
["/a\n", "//a\n"]



=== TEST 7: groups of the name are there until another expression is tried
--- http_config
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name default; return 200 "default $host\n"; }
    server {
        listen 127.0.0.1:$TEST_SLUICE_PORT;
        server_name ~^(\w+)\.(?<zone>\w+)$;
        location /plain { return 200 "$1 $2 $zone\n"; }
        location ~ ^/re { return 200 "[$1] $zone\n"; }
        location ~ ^/(g) { return 200 "[$1] $zone\n"; }
    }
--- config
    return 200 "not this\n";
--- request eval
["GET /plain", "GET /re", "GET /g"]
--- more_headers
Host: ab.cd
--- response_body eval
["ab cd cd\n", "[] cd\n", "[g] cd\n"]



=== TEST 8: underscores_in_headers of the default server
--- http_config
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; underscores_in_headers on; return 200 "[$http_a_b]\n"; }
--- config
    return 200 "not this\n";
--- request
GET /
--- more_headers
Host: default
A_B: x
--- response_body
[x]



=== TEST 9: server_name_in_redirect, port_in_redirect, absolute_redirect
--- config
    server_name first.example second.example;
    location /asked { return 301 /x; }
    location /name { server_name_in_redirect on; return 301 /x; }
    location /port { port_in_redirect off; return 301 /x; }
    location /relative { absolute_redirect off; return 301 /x; }
    location /slash/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location /off/ { absolute_redirect off; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location /url { server_name_in_redirect on; return 301 http://$host/x; }
--- request eval
[map { "GET $_" } qw(/asked /name /port /relative /slash /off?a=1 /url)]
--- more_headers
Host: second.example:99
--- error_code eval
[(301) x 7]
--- response_headers eval
["Location: http://second.example:\$TEST_SLUICE_PORT/x", "Location: http://localhost:\$TEST_SLUICE_PORT/x", "Location: http://second.example/x",
 "Location: /x", "Location: http://second.example:\$TEST_SLUICE_PORT/slash/", "Location: /off/?a=1", "Location: http://second.example/x"]



=== TEST 10: the auto redirect: an exact location, another prefix, an encoded path
--- config
    location /a/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location = /b { return 200 "exact\n"; }
    location /b/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location "/c d/" { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location /plain/ { return 200 "plain\n"; }
    location / { return 200 "root\n"; }
--- request eval
["GET /a", "POST /a?x=1\nabc", "GET /b", "GET /c%20d", "GET /plain", "GET /ab"]
--- error_code eval
[301, 301, 200, 301, 200, 200]
--- response_headers eval
["Location: http://localhost:\$TEST_SLUICE_PORT/a/", "Location: http://localhost:\$TEST_SLUICE_PORT/a/?x=1", "!Location",
 "Location: http://localhost:\$TEST_SLUICE_PORT/c%20d/", "!Location", "!Location"]
