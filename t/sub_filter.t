# sub_filter: what is replaced where.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: once, in any case; the length is another
--- config
    default_type text/html;
    location / { sub_filter hello bye; return 200 "Hello, hello\n"; }
--- request
GET /
--- response_headers
!Content-Length
Transfer-Encoding: chunked
--- response_body
bye, hello



=== TEST 2: always, several, with variables
--- config
    default_type text/html;
    location / {
        sub_filter_once off;
        sub_filter $arg_from "[$arg_to]";
        sub_filter b "<$host>";
        return 200 "abc abc\n";
    }
--- request eval
["GET /?from=A&to=x", "GET /?from=&to=x"]
--- more_headers
Host: some.example
--- response_body eval
["[x]<some.example>c [x]<some.example>c\n", "a<some.example>c a<some.example>c\n"]



=== TEST 3: types
--- config
    sub_filter a b;
    location /plain { default_type text/plain; return 200 "a\n"; }
    location /listed { default_type text/plain; sub_filter_types text/plain; return 200 "a\n"; }
    location /all { default_type x/y; sub_filter_types *; return 200 "a\n"; }
    location /html { default_type "text/html; charset=utf-8"; return 200 "a\n"; }
--- request eval
[map {"GET /$_"} qw(plain listed all html)]
--- response_body eval
["a\n", "b\n", "b\n", "b\n"]



=== TEST 4: across the pieces of an upstream's response
--- config
    location / {
        sub_filter_once off; sub_filter_types *;
        sub_filter "chunk 2\nchunk 3" "two and three";
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
    }
--- request
GET /chunked?n=4
--- response_body
chunk 1
two and three
chunk 4



=== TEST 5: large bodies
--- config
    location / {
        sub_filter_once off; sub_filter_types *;
        sub_filter 0 "zero"; sub_filter 9 "";
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
    }
--- request
GET /bytes/1000000
--- response_body eval
"zero12345678" x 100000



=== TEST 6: the beginning of a match at the end is no match
--- config
    default_type text/html;
    location / { sub_filter "</body>" x; return 200 "text </bod"; }
--- request
GET /
--- response_body: text </bod



=== TEST 7: Last-Modified and ETag
--- config
    sub_filter_types *;
    sub_filter 1 2;
    location /off { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/raw; }
    location /on { sub_filter_last_modified on; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/raw; }
--- request eval
[map {"GET /$_?data=HTTP/1.1%20200%20OK%0d%0aContent-Type:%20text/html%0d%0aLast-Modified:%20Fri,%2020%20Nov%202026%2012:00:00%20GMT%0d%0aETag:%20%22a%22%0d%0aContent-Length:%201%0d%0a%0d%0a1"} qw(off on)]
--- response_headers eval
["!Last-Modified\n!ETag", "Last-Modified: Fri, 20 Nov 2026 12:00:00 GMT\nETag: W/\"a\""]
--- response_body eval
["2", "2"]



=== TEST 8: coded bodies and parts of bodies pass
--- config
    sub_filter_types *;
    sub_filter 1 2;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/raw; }
--- request eval
["GET /?data=HTTP/1.1%20200%20OK%0d%0aContent-Type:%20text/html%0d%0aContent-Encoding:%20br%0d%0aContent-Length:%201%0d%0a%0d%0a1",
 "GET /?data=HTTP/1.1%20206%20Partial%20Content%0d%0aContent-Type:%20text/html%0d%0aContent-Range:%20bytes%201-1/3%0d%0aContent-Length:%201%0d%0a%0d%0a1"]
--- error_code eval
[200, 206]
--- response_headers
Content-Length: 1
--- response_body eval
["1", "1"]



=== TEST 9: a file in which is replaced has no ranges
--- config
    location / { root $TEST_SLUICE_HTML_DIR; sub_filter 1 one; }
--- user_files
>>> a.html
0123
--- request
GET /a.html
--- more_headers
Range: bytes=0-1
--- response_headers
!Content-Range
!Accept-Ranges
!ETag
!Last-Modified
--- response_body
0one23



=== TEST 10: a level with its own has none of the levels around it
--- config
    default_type text/html;
    sub_filter a 1;
    location / { return 200 "ab\n"; }
    location /own { sub_filter b 2; return 200 "ab\n"; }
--- request eval
["GET /", "GET /own"]
--- response_body eval
["1b\n", "a2\n"]



=== TEST 11: HEAD has no length, HTTP/1.0 ends with the connection
--- config
    default_type text/html;
    location / { sub_filter a 1; return 200 "ab\n"; }
--- request eval
["HEAD /", "GET / HTTP/1.0"]
--- response_headers
!Content-Length
--- response_body eval
["", "1b\n"]



=== TEST 12: nothing to find
--- config
    sub_filter "" x;
--- must_die
--- error_log
empty search pattern
