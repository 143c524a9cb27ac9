# expires: every form of it.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: constants, zero and the past
--- config
    location /epoch { expires epoch; return 200; }
    location /max { expires max; return 200; }
    location /off { expires off; return 200; }
    location /0 { expires 0; return 200; }
    location /past { expires -1h; return 200; }
    location /1h { expires 1h; return 200; }
    location /sum { expires "1d 12h"; return 200; }
--- request eval
[map {"GET /$_"} qw(epoch max off 0 past 1h sum)]
--- response_headers eval
["Expires: Thu, 01 Jan 1970 00:00:01 GMT\nCache-Control: no-cache", "Expires: Thu, 31 Dec 2037 23:55:55 GMT\nCache-Control: max-age=315360000",
 "!Expires\n!Cache-Control", "Cache-Control: max-age=0", "Cache-Control: no-cache", "Cache-Control: max-age=3600", "Cache-Control: max-age=129600"]



=== TEST 2: Expires is Date and the time
--- config
    location / { expires 1h; add_header Date "Fri, 20 Nov 2026 12:00:00 GMT"; return 200; }
--- request
GET /
--- response_headers_like
Expires: \w\w\w, \d\d \w\w\w \d{4} \d\d:\d\d:\d\d GMT



=== TEST 3: modified counts from Last-Modified
--- config
    location /long { expires modified 1d; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/raw; }
    location /none { expires modified 1h; return 200; }
    location /0 { expires modified 0; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/raw; }
--- request eval
[(map {"GET /$_?data=HTTP/1.1%20200%20OK%0d%0aLast-Modified:%20Fri,%2002%20Jan%202015%2012:00:00%20GMT%0d%0aContent-Length:%200%0d%0a%0d%0a"} qw(long 0)), "GET /none"]
--- response_headers eval
["Expires: Sat, 03 Jan 2015 12:00:00 GMT\nCache-Control: no-cache", "Cache-Control: max-age=0", "Cache-Control: max-age=3600"]



=== TEST 4: a time of day
--- config
    location / { expires @15h30m; return 200; }
--- request
GET /
--- response_headers_like
Expires: .*:30:00 GMT
Cache-Control: max-age=\d+



=== TEST 5: variables; what is no time means off
--- config
    location / { expires $arg_e; return 200; }
--- request eval
[map {"GET /?e=$_"} qw(30s max off junk @10h), ""]
--- response_headers_like eval
["Cache-Control: max-age=30", "Cache-Control: max-age=315360000", "", "", "Cache-Control: max-age=\\d+", ""]
--- response_headers eval
["", "", "!Expires", "!Expires", "", "!Expires"]



=== TEST 6: an upstream's fields are replaced
--- config
    location / { expires 1h; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/raw; }
--- request
GET /?data=HTTP/1.1%20200%20OK%0d%0aCache-Control:%20a%0d%0aCache-Control:%20b%0d%0aExpires:%20x%0d%0aContent-Length:%200%0d%0a%0d%0a
--- response_headers
Cache-Control: max-age=3600
--- response_headers_like
Expires: \w\w\w, .* GMT



=== TEST 7: statuses, and inheritance
--- config
    expires 1h;
    location /200 { return 200; }
    location /301 { return 301 /x; }
    location /404 { return 404; }
    location /off { expires off; return 200; }
--- request eval
[map {"GET /$_"} qw(200 301 404 off)]
--- error_code eval
[200, 301, 404, 200]
--- response_headers eval
["Cache-Control: max-age=3600", "Cache-Control: max-age=3600", "!Cache-Control", "!Cache-Control"]



=== TEST 8: not a time
--- config
    expires soon;
--- must_die
--- error_log
"expires" directive invalid value



=== TEST 9: a day has 24 hours
--- config
    expires @25h;
--- must_die
--- error_log
"expires" directive daily time value must be less than 24 hours



=== TEST 10: no time of day from the last change
--- config
    expires modified @1h;
--- must_die
--- error_log
"expires" directive daily time cannot be used with "modified" parameter



=== TEST 11: the first of two is "modified"
--- config
    expires created 1h;
--- must_die
--- error_log
"expires" directive invalid value
