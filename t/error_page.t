# error_page in all its forms. `TEST_SLUICE_PEER=nginx prove t/error_page.t` asks nginx; the blocks named "sluice" differ on purpose.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: statuses: kept, replaced, taken from the page
--- config
    location /kept { error_page 404 /page; return 404; }
    location /replaced { error_page 404 =204 /page; return 404; }
    location /taken { error_page 404 = /page; return 404; }
    location /teapot { error_page 404 = /418; return 404; }
    location /named { error_page 404 =401 @named; return 404; }
    location /url { error_page 404 =303 http://x.example/; return 404; }
    location /url200 { error_page 404 =200 http://x.example/; return 404; }
    location /page { return 200 "page\n"; }
    location /418 { return 418 "teapot\n"; }
    location @named { return 200 "named\n"; }
--- request eval
[map { "GET $_" } qw(/kept /replaced /taken /teapot /named /url /url200)]
--- error_code eval
[404, 204, 200, 418, 401, 303, 302]



=== TEST 2: variables in targets
--- config
    error_page 404 /pages/$status$uri?from=$request_uri;
    error_page 403 https://$host$request_uri;
    error_page 402 $target;
    set $target @named;
    location /pages { return 200 "$uri $args\n"; }
    location /403 { return 403; }
    location /402 { return 402; }
    location / { return 404; }
    location @named { return 200 "named\n"; }
--- request eval
["GET /x?a=1", "GET /403?a=1", "GET /402"]
--- error_code eval
[404, 302, 402]
--- response_body_like eval
[qr{^/pages/404/x from=/x\?a=1$}, qr/302/, qr/named/]
--- response_headers eval
["!Location", "Location: https://localhost/403?a=1", "!Location"]



=== TEST 3: the first line that names the status counts
--- config
    error_page 404 /first;
    error_page 404 /second;
    location /first { return 200 "first\n"; }
    location /second { return 200 "second\n"; }
    location / { return 404; }
--- request
GET /
--- error_code: 404
--- response_body
first



=== TEST 4: the page is a GET, of a HEAD a HEAD; a named location has the method
--- config
    error_page 404 /page;
    error_page 403 @named;
    location /404 { return 404; }
    location /403 { return 403; }
    location /page { return 200 "$request_method $request_uri\n"; }
    location @named { return 200 "$request_method $uri $args\n"; }
--- request eval
["POST /404\nabc", "HEAD /404", "DELETE /403?a=1", "POST /403\nabc"]
--- error_code eval
[404, 404, 403, 403]
--- response_body eval
["GET /404\n", "", "DELETE /403 a=1\n", "POST /403 \n"]



=== TEST 5: recursive_error_pages
--- config
    error_page 404 /a;
    error_page 403 /b;
    location /on { recursive_error_pages on; error_page 404 /a; error_page 403 /b; return 404; }
    location /off { return 404; }
    location /a { return 403; }
    location /b { return 200 "b\n"; }
--- request eval
["GET /on", "GET /off"]
--- error_code eval
[403, 403]
--- response_body_like eval
[qr/^b$/, qr/403 Forbidden/]



=== TEST 6: recursion: a named location that fails, too
--- config
    location / { recursive_error_pages on; error_page 404 = @one; return 404; }
    location @one { recursive_error_pages on; error_page 403 = @two; return 403; }
    location @two { return 200 "two\n"; }
--- request
GET /
--- response_body
two



=== TEST 7: redirects and successes have pages, too, if they are asked for
--- config
    location /302 { error_page 302 =200 /page; return 302 http://x.example/; }
    location /201 { error_page 404 /page; return 201 "created\n"; }
    location /page { return 200 "page $sent_http_location\n"; }
--- request eval
["GET /302", "GET /201"]
--- error_code eval
[200, 201]
--- response_body eval
["page http://x.example/\n", "created\n"]



=== TEST 8: sluice: what the failed handler left does not describe the page
--- config
    location / { root html; error_page 416 =200 /page; }
    location /page { return 200 "page\n"; }
--- user_files
>>> file
0123456789
--- request
GET /file
--- more_headers
Range: bytes=100-200
--- response_headers
!ETag
!Last-Modified
--- response_body
page



=== TEST 9: try_files: its status, its page, its named location
--- config
    location /code { try_files $uri =410; error_page 410 /page; }
    location /page { return 200 "page\n"; }
    location /named { try_files $uri @named; error_page 404 /page; }
    location @named { error_page 403 =200 /page; return 403; }
    location /uri { try_files $uri /missing; }
    location /missing { return 404; }
    error_page 404 /page;
--- request eval
["GET /code", "GET /named", "GET /uri"]
--- error_code eval
[410, 200, 404]
--- response_body eval
[("page\n") x 3]



=== TEST 10: a body that is too large
--- config
    client_max_body_size 10;
    error_page 413 =200 /page;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location /page { return 200 "$request_method page\n"; }
--- request eval
"POST /\n" . 'x' x 100
--- response_body
GET page
--- error_log
client intended to send too large body



=== TEST 11: sluice: no page for a request that could not be read
--- config
    error_page 400 /page;
    location /page { return 200 "page\n"; }
--- raw_request eval
"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
--- error_code: 400
--- response_body_like: 400 Bad Request



=== TEST 12: internal locations: reached by pages, named ones and try_files, never by clients, nor are locations in them
--- config
    error_page 404 /in/page;
    location /in/ { internal; return 200 "in $uri\n"; location /in/nested { return 200 "nested\n"; } }
    location /try { try_files /none /in/try; }
    location / { return 404; }
--- request eval
["GET /x", "GET /in/page", "GET /try", "GET /in/nested"]
--- error_code eval
[404, 404, 200, 404]
--- response_body eval
["in /in/page\n", "in /in/page\n", "in /in/try\n", "in /in/page\n"]



=== TEST 13: $status is that of the error while its page is made, and so is the reason
--- config
    location /own { error_page 404 /page; return 404; }
    location = /page { return 200 "$status\n"; }
    location /named { error_page 404 =410 @other; return 404; }
    location @other { return 200 "$status\n"; }
    location /proxied { error_page 404 /fetched; return 404; }
    location /fetched { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/status/200; add_header X-Status $status always; }
--- request eval
["GET /own", "GET /named", "GET /proxied"]
--- error_code eval
[404, 410, 404]
--- response_body_like eval
[qr/\A404\n\z/, qr/\A410\n\z/, qr/./]
--- raw_response_headers_like eval
[qr/404 Not Found/, qr/410 Gone/, qr/\AHTTP\/1\.1 404 Not Found\r\n.*^X-Status: 404\r$/ms]
