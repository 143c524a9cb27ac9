# The access log's formats, and the form of the error log's lines.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: combined is the default
--- config
    location / { return 200 "hello\n"; }
--- request
GET /a?b=c
--- more_headers
Referer: http://from.example/
User-Agent: tester/1
--- access_log eval
qr{^127\.0\.0\.1 - - \[\d\d/\w\w\w/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET /a\?b=c HTTP/1\.1" 200 6 "http://from\.example/" "tester/1"$}m



=== TEST 2: what is missing is a dash
--- config
    location / { return 204; }
--- raw_request eval
"GET / HTTP/1.0\r\n\r\n"
--- error_code: 204
--- access_log
"GET / HTTP/1.0" 204 0 "-" "-"



=== TEST 3: a format of one's own, in several parts
--- http_config
    log_format mine '$request_method $status '
                    '$body_bytes_sent of $bytes_sent, $http_x, $arg_a, $request_time $connection_requests';
--- config
    access_log logs/access.log mine;
    location / { return 200 "hello\n"; }
--- request
GET /?a=b
--- more_headers
X: y
--- access_log eval
qr/^GET 200 6 of \d{3}, y, b, \d\.\d{3} 1$/m



=== TEST 4: a client cannot forge a line
--- http_config
    log_format mine '[$http_x] [$uri] [$arg_a]';
--- config
    access_log logs/access.log mine;
    location / { return 204; }
--- request eval
"GET /a%22b%5cc%1b?a=\"\\"
--- more_headers eval
"X: a\"b\\c\xc3\xa9\td"
--- error_code: 204
--- access_log eval
'[a\x22b\x5Cc\xC3\xA9\x09d] [/a\x22b\x5Cc\x1B] [\x22\x5C]'



=== TEST 5: JSON
--- http_config
    log_format json escape=json '{"x":"$http_x","uri":"$uri","missing":"$http_missing"}';
--- config
    access_log logs/access.log json;
    location / { return 204; }
--- request eval
"GET /a%22b%5cc%1b%09"
--- more_headers eval
"X: a\"b\\c"
--- error_code: 204
--- access_log eval
'{"x":"a\"b\\\\c","uri":"/a\"b\\\\c\u001B\t","missing":""}'



=== TEST 6: off, and a condition
--- config
    set $wanted $arg_log;
    location /off { access_log off; return 204; }
    location /if { access_log logs/access.log combined if=$wanted; return 204; }
    location /end { return 204; }
--- request eval
["GET /off?1", "GET /if?log=0", "GET /if?log=", "GET /if?log=1", "GET /end"]
--- error_code eval
[(204) x 5]
--- access_log
GET /if?log=1
GET /end
--- no_access_log
GET /off
GET /if?log=0
GET /if?log= HTTP



=== TEST 7: a location's log replaces the server's
--- http_config
    log_format one 'one $uri';
    log_format two 'two $uri';
--- config
    access_log logs/access.log one;
    location / { return 204; }
    location /two { access_log logs/access.log two; return 204; }
    location /both { access_log logs/access.log two; access_log logs/access.log one; return 204; }
--- request eval
["GET /", "GET /two", "GET /both"]
--- error_code eval
[(204) x 3]
--- access_log
one /
two /two
one /both
two /both
--- no_access_log
one /two



=== TEST 8: a refused request is logged, too
--- config
    location / { return 200; }
--- raw_request eval
"GET / HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n"
--- error_code: 400
--- access_log
"GET / HTTP/1.1" 400



=== TEST 9: an error's line says who asked whom for what
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- request
GET /a?b=c
--- more_headers
Host: some.example
Referer: http://from.example/
--- error_code: 502
--- error_log eval
qr{^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[error\] \d+#\d+: \*\d+ .*Connection refused.* while connecting to upstream, client: 127\.0\.0\.1, server: localhost, request: "GET /a\?b=c HTTP/1\.1", upstream: "http://127\.0\.0\.1:\d+/a(?:\?b=c)?", host: "some\.example", referrer: "http://from\.example/"$}m



=== TEST 10: the line is there before the response has ended
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location /check { return 204; }
--- request
GET /
--- error_code: 502
--- error_log
Connection refused



=== TEST 11: error_log of a location, at its own level
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location /quiet { error_log logs/error.log crit; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- request eval
["GET /quiet", "GET /loud"]
--- error_code eval
[502, 502]
--- error_log
GET /loud
--- no_error_log
GET /quiet



=== TEST 12: variables of the upstream
--- http_config
    log_format up '$upstream_addr|$upstream_status|$upstream_http_x_origin_request|$upstream_response_length|$upstream_bytes_sent|$upstream_connect_time|$upstream_header_time|$upstream_response_time|$proxy_host|$sent_http_content_type';
--- config
    access_log logs/access.log up;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location /none { return 204; }
--- request eval
["GET /bytes/20", "GET /none"]
--- error_code eval
[200, 204]
--- access_log eval
[qr{^127\.0\.0\.1:\d+\|200\|1\|20\|\d+\|\d\.\d{3}\|\d\.\d{3}\|\d\.\d{3}\|127\.0\.0\.1:\d+\|application/octet-stream$}m, qr{^-\|-\|-\|-\|-\|-\|-\|-\|-\|}m]



=== TEST 13: a buffered log is written at the end
--- config
    access_log logs/access.log combined buffer=64k flush=1h;
    location / { return 204; }
--- request
GET /buffered
--- error_code: 204
--- no_error_log
[error]
--- access_log
GET /buffered



=== TEST 14: texts of any length stand between variables
--- http_config
    log_format long 'a text that is longer than sixteen bytes [$status] sixteen bytes so $status exactly sixteen,end';
--- config
    location / { access_log logs/access.log long; return 204; }
--- request
GET /
--- error_code: 204
--- access_log
a text that is longer than sixteen bytes [204] sixteen bytes so 204 exactly sixteen,end



=== TEST 14: variables of modules of which nothing else is used
--- http_config
    log_format all 'ratio=$gzip_ratio requests=$limit_req_status connections=$limit_conn_status';
--- config
    access_log logs/access.log all;
    location / { return 204; }
--- request
GET /
--- error_code: 204
--- access_log
ratio=- requests=- connections=-
