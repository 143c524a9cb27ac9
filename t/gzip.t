# gzip: what is compressed for whom, and how it leaves.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: a page is compressed, and comes back
--- config
    gzip on;
    default_type text/html;
    location / { return 200 "0123456789 0123456789 0123456789\n"; }
--- request
GET /
--- more_headers
Accept-Encoding: gzip
--- gunzip
--- response_headers
Content-Encoding: gzip
Transfer-Encoding: chunked
!Content-Length
!Vary
--- response_body
0123456789 0123456789 0123456789



=== TEST 2: who does not accept it gets the page as it is, with its length
--- config
    gzip on;
    gzip_vary on;
    default_type text/html;
    location / { return 200 "0123456789 0123456789 0123456789\n"; }
--- request eval
[("GET /") x 6]
--- more_headers eval
["", "Accept-Encoding: identity", "Accept-Encoding: gzip;q=0", "Accept-Encoding: *", "Accept-Encoding: gzip;q=0.2, identity;q=0.9", "Accept-Encoding: br"]
--- response_headers eval
[("Content-Length: 33\n!Content-Encoding\nVary: Accept-Encoding") x 6]



=== TEST 3: types
--- config
    gzip on;
    gzip_types text/x-mine application/json;
    location /html { default_type text/html; return 200 "0123456789 0123456789 0123456789\n"; }
    location /mine { default_type text/x-mine; return 200 "0123456789 0123456789 0123456789\n"; }
    location /json { default_type "Application/JSON; charset=utf-8"; return 200 "0123456789 0123456789 0123456789\n"; }
    location /plain { default_type text/plain; return 200 "0123456789 0123456789 0123456789\n"; }
    location /all { gzip_types *; default_type text/plain; return 200 "0123456789 0123456789 0123456789\n"; }
--- request eval
[map {"GET /$_"} qw(html mine json plain all)]
--- more_headers
Accept-Encoding: gzip
--- gunzip
--- response_headers eval
[("Content-Encoding: gzip") x 3, "!Content-Encoding", "Content-Encoding: gzip"]
--- response_body eval
[("0123456789 0123456789 0123456789\n") x 5]



=== TEST 4: statuses, HEAD, short ones
--- config
    gzip on;
    gzip_vary on;
    gzip_min_length 10;
    default_type text/html;
    location / { return 200 "0123456789"; }
    location /short { return 200 "012345678"; }
    location /403 { return 403 "0123456789"; }
    location /404 { return 404; }
    location /201 { return 201 "0123456789"; }
    location /500 { return 500 "0123456789"; }
    location /204 { return 204; }
--- request eval
["GET /", "HEAD /", map {"GET /$_"} qw(short 403 404 201 500 204)]
--- more_headers
Accept-Encoding: gzip
--- error_code eval
[200, 200, 200, 403, 404, 201, 500, 204]
--- gunzip
--- response_headers eval
["Content-Encoding: gzip\nVary: Accept-Encoding", "Content-Encoding: gzip\n!Content-Length\nVary: Accept-Encoding", "!Content-Encoding\nContent-Length: 9\n!Vary", ("Content-Encoding: gzip") x 2,
 ("!Content-Encoding\n!Vary") x 3]



=== TEST 5: an upstream's response, its ETag weak
--- config
    gzip on;
    gzip_types *;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["GET /bytes/100000", "GET /chunked?n=50", "GET /raw?data=HTTP/1.1%20200%20OK%0d%0aContent-Type:%20text/html%0d%0aETag:%20%22a%22%0d%0aAccept-Ranges:%20bytes%0d%0aContent-Length:%2030%0d%0a%0d%0a012345678901234567890123456789"]
--- more_headers
Accept-Encoding: gzip
--- gunzip
--- response_headers eval
[("Content-Encoding: gzip\n!Content-Length") x 2, "ETag: W/\"a\"\n!Accept-Ranges"]
--- response_body_like eval
[qr/\A(?:.{50000}){2}\z/s, qr/\A(?:chunk \d+\n){50}\z/, qr/\A(?:0123456789){3}\z/]



=== TEST 6: what is encoded already, or must not be changed, passes
--- config
    gzip on;
    gzip_types *;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/raw; }
--- request eval
[map {"GET /?data=HTTP/1.1%20200%20OK%0d%0aContent-Type:%20text/html%0d%0a$_%0d%0aContent-Length:%2030%0d%0a%0d%0a012345678901234567890123456789"} "Content-Encoding:%20br", "Cache-Control:%20private,%20no-transform"]
--- more_headers
Accept-Encoding: gzip
--- response_headers eval
["Content-Encoding: br\nContent-Length: 30", "!Content-Encoding\nContent-Length: 30"]
--- response_body eval
[("012345678901234567890123456789") x 2]



=== TEST 7: HTTP/1.0, and clients by name
--- config
    gzip on;
    default_type text/html;
    gzip_disable msie6 "Ancient/[12]";
    location / { return 200 "0123456789 0123456789 0123456789\n"; }
    location /10 { gzip_http_version 1.0; return 200 "0123456789 0123456789 0123456789\n"; }
--- request eval
["GET / HTTP/1.0", "GET /10 HTTP/1.0", ("GET /") x 4]
--- more_headers eval
["Accept-Encoding: gzip", "Accept-Encoding: gzip", map {"Accept-Encoding: gzip\nUser-Agent: $_"} "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)",
 "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", "ancient/1.0", "Ancient/3.0"]
--- gunzip
--- response_headers eval
["!Content-Encoding", "Content-Encoding: gzip", "!Content-Encoding", "Content-Encoding: gzip", "!Content-Encoding", "Content-Encoding: gzip"]
--- response_body eval
[("0123456789 0123456789 0123456789\n") x 6]



=== TEST 8: requests that came through a proxy
--- config
    gzip on;
    default_type text/html;
    location /off { return 200 "0123456789 0123456789\n"; }
    location /any { gzip_proxied any; return 200 "0123456789 0123456789\n"; }
    location /private { gzip_proxied private; add_header Cache-Control "max-age=0, private"; return 200 "0123456789 0123456789\n"; }
    location /no-store { gzip_proxied private; add_header Cache-Control no-store; return 200 "0123456789 0123456789\n"; }
    location /expired { gzip_proxied expired; expires -1; return 200 "0123456789 0123456789\n"; }
    location /fresh { gzip_proxied expired; expires 1h; return 200 "0123456789 0123456789\n"; }
    location /etag { gzip_proxied no_etag; add_header ETag '"a"'; return 200 "0123456789 0123456789\n"; }
    location /no-etag { gzip_proxied no_etag; return 200 "0123456789 0123456789\n"; }
    location /auth { gzip_proxied auth; expires 1h; return 200 "0123456789 0123456789\n"; }
--- request eval
[map {"GET /$_"} qw(off any private no-store expired fresh etag no-etag auth auth)]
--- more_headers eval
[("Accept-Encoding: gzip\nVia: 1.1 x") x 9, "Accept-Encoding: gzip\nVia: 1.1 x\nAuthorization: Basic YTpi"]
--- response_headers eval
["!Content-Encoding", "Content-Encoding: gzip", "Content-Encoding: gzip", "!Content-Encoding", "Content-Encoding: gzip", "!Content-Encoding", "!Content-Encoding",
 "Content-Encoding: gzip", "!Content-Encoding", "Content-Encoding: gzip"]



=== TEST 9: a file that is compressed has no ranges, one that is not has
--- config
    gzip on;
    location / { root $TEST_SLUICE_HTML_DIR; }
--- user_files
>>> a.html
0123456789012345678901234567890123456789
--- request eval
[("GET /a.html") x 2]
--- more_headers eval
["Accept-Encoding: gzip\nRange: bytes=0-4", "Range: bytes=0-4"]
--- error_code eval
[200, 206]
--- gunzip
--- response_headers eval
["Content-Encoding: gzip\n!Content-Range\n!Accept-Ranges", "Content-Range: bytes 0-4/41"]
--- response_headers_like eval
['ETag: W/".*"', 'ETag: ".*"']
--- response_body eval
["0123456789012345678901234567890123456789\n", "01234"]



=== TEST 10: $gzip_ratio
--- http_config
    log_format ratio '$uri ratio=$gzip_ratio';
--- config
    gzip on;
    default_type text/html;
    access_log logs/access.log ratio;
    location /yes { return 200 "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"; }
    location /no { return 200 "short"; }
--- request eval
["GET /yes", "GET /no"]
--- more_headers
Accept-Encoding: gzip
--- access_log eval
[qr{^/yes ratio=[2-5]\.\d\d$}m, qr{^/no ratio=-$}m]



=== TEST 11: after Lua's body filter, whatever loads first
--- config
    gzip on;
    default_type text/html;
    location / {
        body_filter_by_lua_block { ngx.arg[1] = string.upper(ngx.arg[1]) }
        header_filter_by_lua_block { ngx.header.content_length = nil }
        return 200 "abcdefghij abcdefghij abcdefghij\n";
    }
--- request
GET /
--- more_headers
Accept-Encoding: gzip
--- gunzip
--- response_body
ABCDEFGHIJ ABCDEFGHIJ ABCDEFGHIJ



=== TEST 12: off by default and by location
--- config
    default_type text/html;
    location / { return 200 "0123456789 0123456789 0123456789\n"; }
    location /on { gzip on; return 200 "0123456789 0123456789 0123456789\n"; }
    location /on/off { gzip off; return 200 "0123456789 0123456789 0123456789\n"; }
--- request eval
["GET /", "GET /on", "GET /on/off"]
--- more_headers
Accept-Encoding: gzip
--- response_headers eval
["!Content-Encoding", "Content-Encoding: gzip", "!Content-Encoding"]



=== TEST 13: values
--- config
    gzip_comp_level 10;
    gzip_http_version 2.0;
    gzip_proxied sometimes;
    gzip_static maybe;
--- must_die
--- error_log
value must be between 1 and 9
invalid value "2.0"
invalid value "sometimes"
invalid value "maybe"



=== TEST 14: gzip_static
--- config
    root $TEST_SLUICE_HTML_DIR;
    location /on/ { gzip_static on; gzip_vary on; }
    location /always/ { gzip_static always; }
    location /off/ { }
--- user_files
>>> on/a.html
plain on
>>> on/a.html.gz
packed on
>>> on/b.html
only plain
>>> always/a.html
plain always
>>> always/a.html.gz
packed always
>>> off/a.html
plain off
>>> off/a.html.gz
packed off
--- request eval
["GET /on/a.html", "GET /on/a.html", "GET /on/b.html", "GET /always/a.html", "GET /off/a.html", "GET /on/a.html"]
--- more_headers eval
["Accept-Encoding: gzip", "", "Accept-Encoding: gzip", "", "Accept-Encoding: gzip", "Accept-Encoding: gzip\nRange: bytes=0-1"]
--- response_headers eval
["Content-Encoding: gzip\nContent-Length: 10\nContent-Type: text/html\nVary: Accept-Encoding", "!Content-Encoding\nVary: Accept-Encoding", "!Content-Encoding\n!Vary",
 "Content-Encoding: gzip", "!Content-Encoding", "Content-Encoding: gzip\n!Content-Range"]
--- response_body eval
["packed on\n", "plain on\n", "only plain\n", "packed always\n", "plain off\n", "packed on\n"]
