# Which server and which location: nginx's rules.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: exact names, then the longest wildcard in front, then the longest behind, then patterns in their order, then the default
--- http_config
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; return 200 "default\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name a.example; return 200 "exact\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name *.example; return 200 "*.example\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name *.b.example; return 200 "*.b.example\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name www.*; return 200 "www.*\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name www.long.*; return 200 "www.long.*\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name .dot; return 200 ".dot\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name ~^(?<port>\d+)-(?<id>[a-z0-9]+)\.sandbox$; return 200 "$port of $id, $1\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name ~sandbox$; return 200 "second pattern\n"; }
--- config
    return 200 "not this\n";
--- request eval
[("GET /") x 15]
--- more_headers eval
[map { "Host: $_" } qw(a.example A.Example a.example. a.example:80 c.example x.b.example b.example www.org www.long.org www.example
    dot x.y.dot 3000-abc123.sandbox other.sandbox nothing.org)]
--- response_body eval
["exact\n", "exact\n", "exact\n", "exact\n", "*.example\n", "*.b.example\n", "*.example\n", "www.*\n", "www.long.*\n", "*.example\n",
 ".dot\n", ".dot\n", "3000 of abc123, 3000\n", "second pattern\n", "default\n"]



=== TEST 2: default_server
--- http_config
    server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_1; server_name a; return 200 "a\n"; }
    server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_1 default_server; server_name b; return 200 "b\n"; }
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; proxy_set_header Host $host; }
--- request eval
[("GET /") x 3]
--- more_headers eval
["Host: a", "Host: b", "Host: c"]
--- response_body eval
["a\n", "b\n", "b\n"]



=== TEST 3: a request without a host
--- http_config
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name ""; return 200 "nameless\n"; }
--- config
    return 200 "named $server_name\n";
--- raw_request eval
"GET / HTTP/1.0\r\n\r\n"
--- response_body
nameless



=== TEST 4: exact, prefix, patterns, in nginx's order
--- config
    location = / { return 200 "= /\n"; }
    location / { return 200 "/\n"; }
    location /a { return 200 "/a\n"; }
    location /a/b { return 200 "/a/b\n"; }
    location = /a/b { return 200 "= /a/b\n"; }
    location ^~ /keep { return 200 "^~ /keep\n"; }
    location ~ \.php$ { return 200 "~ php\n"; }
    location ~* \.(GIF|png)$ { return 200 "~* $1\n"; }
    location ~ ^/a/(?<name>\w+)\.txt$ { return 200 "~ $name\n"; }
    location /A { return 200 "/A\n"; }
--- request eval
[map { "GET $_" } qw(/ /x /a /ax /a/b /a/bc /keep.php /a/x.php /x.PHP /x.gif /x.PnG /a/word.txt /A/x /a/b/../b /a//b /%61/b)]
--- response_body eval
["= /\n", "/\n", "/a\n", "/a\n", "= /a/b\n", "/a/b\n", "^~ /keep\n", "~ php\n", "/\n", "~* gif\n", "~* PnG\n", "~ word\n", "/A\n",
 "= /a/b\n", "= /a/b\n", "= /a/b\n"]



=== TEST 5: the modifier may be glued to the path
--- config
    location =/exact { return 200 "exact\n"; }
    location ~\.php$ { return 200 "php\n"; }
    location ^~/keep { return 200 "keep\n"; }
--- request eval
["GET /exact", "GET /x.php", "GET /keep/x.php"]
--- response_body eval
["exact\n", "php\n", "keep\n"]



=== TEST 6: locations within locations
--- config
    location / {
        return 200 "/\n";
    }
    location /outer {
        return 200 "outer\n";
    }
    location /in {
        location /in/ner { return 200 "inner\n"; }
        location = /in/exact { return 200 "inner exact\n"; }
        location ~ \.txt$ { return 200 "inner pattern\n"; }
        location /in/deep {
            location /in/deep/er { return 200 "deeper\n"; }
        }
    }
    location ~ \.txt$ { return 200 "outer pattern\n"; }
--- request eval
["GET /in/ner/x", "GET /in/exact", "GET /in/x.txt", "GET /in/deep/er", "GET /x.txt", "GET /in/nothing"]
--- error_code eval
[200, 200, 200, 200, 200, 404]
--- response_body eval
["inner\n", "inner exact\n", "inner pattern\n", "deeper\n", "outer pattern\n", qr/404 Not Found/]



=== TEST 7: merge_slashes off
--- config
    merge_slashes off;
    location /a/b { return 200 "merged\n"; }
    location / { return 200 "$uri\n"; }
--- request eval
["GET /a/b", "GET /a//b"]
--- response_body eval
["merged\n", "/a//b\n"]



=== TEST 8: an address that lacks the slash of its location
--- config
    location /app/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
--- request eval
["GET /app", "GET /app?a=1", "GET /app/x"]
--- error_code eval
[301, 301, 200]
--- response_headers eval
["Location: http://localhost:\$TEST_SLUICE_PORT/app/", "Location: http://localhost:\$TEST_SLUICE_PORT/app/?a=1", "!Location"]



=== TEST 9: an internal location
--- config
    error_page 403 /denied;
    location / { return 403; }
    location /denied { internal; return 200 "from within\n"; }
--- request eval
["GET /", "GET /denied"]
--- error_code eval
[403, 404]
--- response_body eval
["from within\n", qr/404 Not Found/]



=== TEST 10: error_page with another status, with the page's, with a URL and a named location
--- config
    location /as-is { error_page 404 /page; return 404; }
    location /other { error_page 404 =201 /page; return 404; }
    location /pages { error_page 404 = /teapot; return 404; }
    location /url { error_page 404 http://other.example/; return 404; }
    location /moved { error_page 404 =301 http://other.example/; return 404; }
    location /named { error_page 404 = @named; return 404; }
    location /several { error_page 403 404 500 /page; return 500; }
    location /args { error_page 404 /page?from=$uri; return 404; }
    location /page { return 200 "page $uri $args\n"; }
    location /teapot { return 418 "teapot\n"; }
    location @named { return 200 "named $uri\n"; }
--- request eval
[map { "GET $_" } qw(/as-is /other /pages /url /moved /named /several /args)]
--- error_code eval
[404, 201, 418, 302, 301, 200, 500, 404]
--- response_body eval
["page /page \n", "page /page \n", "teapot\n", qr/302/, qr/301/, "named /named\n", "page /page \n", "page /page from=/args\n"]
--- response_headers eval
[("!Location") x 3, ("Location: http://other.example/") x 2, ("!Location") x 3]



=== TEST 11: error_page is inherited unless the location has its own
--- http_config
    error_page 404 /http;
--- config
    location /http { return 200 "http's\n"; }
    location /location { return 200 "location's\n"; }
    location /a { return 404; }
    location /b { error_page 404 /location; return 404; }
    location /c { error_page 403 /location; return 404; }
--- request eval
["GET /a", "GET /b", "GET /c"]
--- error_code eval
[404, 404, 404]
--- response_body eval
["http's\n", "location's\n", qr/404 Not Found/]



=== TEST 12: an error page that fails has none of its own, unless the first error's location has recursive_error_pages
--- config
    error_page 404 /missing;
    error_page 403 /last;
    location /missing { return 403; }
    location /last { return 200 "last\n"; }
    location /a { return 404; }
    location /b { recursive_error_pages on; return 404; }
--- request eval
["GET /a", "GET /b"]
--- error_code eval
[403, 403]
--- response_body_like eval
[qr/403 Forbidden/, qr/^last$/]



=== TEST 13: error pages in a circle
--- config
    recursive_error_pages on;
    error_page 404 /missing;
    location / { return 404; }
--- request
GET /
--- error_code: 500
--- error_log
rewrite or internal redirection cycle



=== TEST 14: an error page of the proxy's own errors
--- config
    error_page 502 /sorry;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location = /sorry { internal; return 200 "come back later\n"; }
--- request eval
["GET /", "POST /\nabc"]
--- error_code eval
[502, 502]
--- response_body eval
["come back later\n", "come back later\n"]



=== TEST 15: an error page fetched from an upstream
--- config
    error_page 404 /bytes/10;
    location / { return 404; }
    location /bytes { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request
GET /
--- error_code: 404
--- response_body chomp
0123456789



=== TEST 16: an encoded path cannot slip past a location
--- config
    location /admin { return 403 "denied\n"; }
    location / { return 200 "$uri\n"; }
--- request eval
[map { "GET $_" } qw(/admin /%61dmin /x/../admin /x/%2e%2e/admin /x/.%2e/admin //admin /./admin /admin/x /x%2f..%2fadmin /%2561dmin)]
--- error_code eval
[(403) x 9, 200]



=== TEST 17: a named location that is not there
--- config
    error_page 404 = @missing;
    location / { return 404; }
--- request
GET /
--- error_code: 500
--- error_log
could not find named location "@missing"



=== TEST 18: an address without any location
--- config
    location /a { return 200 "a\n"; }
--- request
GET /b
--- error_code: 404



=== TEST 19: a named location keeps method and body; a path gets a GET
--- config
    location /named { error_page 502 = @fallback; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location /path { error_page 502 = /page; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location @fallback { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location /page { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["POST /named\nabc", "POST /path\nabc"]
--- response_body_like eval
[qr/\APOST \/named HTTP\/1\.1\n.*\n\nabc\z/s, qr/\AGET \/page HTTP\/1\.1\n/]
--- error_log
Connection refused



=== TEST 20: a body that has been passed on once cannot be sent again
--- config
    client_max_body_size 0;
    proxy_request_buffering off;
    location /named { error_page 502 = @fallback; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location /path { error_page 502 = /page; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location @fallback { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location /page { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- tcp_listen: $TEST_SLUICE_RAND_PORT_1
--- request eval
["POST /named\n" . ('x' x 1_000_000), "POST /path\n" . ('x' x 1_000_000)]
--- error_code eval
[502, 200]
--- response_body_like eval
[qr/502 Bad Gateway/, qr/\AGET \/page HTTP\/1\.1\nHost: [\d.:]+\n(?:Content-Length: 0\n)?\n\z/]
--- error_log
the request body cannot be sent again
