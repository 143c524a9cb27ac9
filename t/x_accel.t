# Fields of a response that steer the proxy: X-Accel-*, and error pages in place of responses (proxy_intercept_errors).
use lib 't/lib';
use Test::Sluice 'no_plan';

add_block_preprocessor(sub {
    my ($block) = @_;
    return if defined $block->must_die;
    # What stands in < > is the head of the peer's response, its lines separated by |.
    my ($head) = $block->name =~ /<([^>]*)>/;
    my ($status, @fields) = split /\|/, $head;
    $block->set_value('tcp_listen', '$TEST_SLUICE_RAND_PORT_1');
    $block->set_value('tcp_reply', join "\r\n", "HTTP/1.1 $status", 'Content-Length: 5', 'Connection: close', @fields, '', 'peer!');
    $block->set_value('request', 'GET /p') unless defined $block->request;
});

run_tests();

__DATA__

=== TEST 1: X-Accel-Redirect goes on in an internal location: <200 OK|X-Accel-Redirect: /files/a%20b?c=d>
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location /files/ { internal; return 200 "$uri $args"; }
--- response_body chomp
/files/a b c=d
--- response_headers
!X-Accel-Redirect

=== TEST 2: to a file, with the type, the cookies and the caching of the peer: <200 OK|X-Accel-Redirect: /files/one.txt|Content-Type: text/x-peer|Set-Cookie: a=b|Cache-Control: no-store|Content-Disposition: inline|X-Other: no|ETag: "peer">
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location /files/ { internal; alias $TEST_SLUICE_HTML_DIR/; }
--- user_files
>>> one.txt
the file
--- response_body
the file
--- response_headers
Content-Type: text/x-peer
Set-Cookie: a=b
Cache-Control: no-store
Content-Disposition: inline
!X-Other

=== TEST 3: to a named location, which sees the first URI: <200 OK|X-Accel-Redirect: @named>
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location @named { return 200 "named $uri"; }
--- response_body chomp
named /p

=== TEST 4: a POST becomes a GET: <200 OK|X-Accel-Redirect: /files/a>
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location /files/ { internal; return 200 "$request_method"; }
--- request
POST /p
body
--- response_body chomp
GET

=== TEST 5: to another proxied location, whose own type counts: <200 OK|X-Accel-Redirect: /echo|Content-Type: text/x-peer>
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location /echo { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- response_body_like: ^GET /echo HTTP/1.1
--- response_headers
Content-Type: text/plain

=== TEST 6: not out of the root: <200 OK|X-Accel-Redirect: /files/../../etc/passwd>
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location / { return 200 "no\n"; }
--- error_code: 404
--- error_log
unsafe URI "/files/../../etc/passwd" was detected

=== TEST 7: not by an encoded way either: <200 OK|X-Accel-Redirect: /files/%2e%2e/%2e%2e/etc/passwd>
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location / { return 200 "no\n"; }
--- error_code: 404
--- error_log
unsafe URI

=== TEST 8: two peers that send each other on end: <200 OK|X-Accel-Redirect: /p>
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- error_code: 500
--- error_log
rewrite or internal redirection cycle

=== TEST 9: a named location that there is not: <200 OK|X-Accel-Redirect: @nowhere>
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- error_code: 500
--- error_log
could not find named location "@nowhere"

=== TEST 10: ignored, it has no power and stays hidden: <200 OK|X-Accel-Redirect: /files/a>
--- config
    location /p { proxy_ignore_headers X-Accel-Redirect; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_body chomp
peer!
--- response_headers
!X-Accel-Redirect

=== TEST 11: ignored and passed on: <200 OK|X-Accel-Redirect: /files/a|X-Accel-Expires: 5>
--- config
    location /p { proxy_ignore_headers X-Accel-Redirect; proxy_pass_header X-Accel-Redirect; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
X-Accel-Redirect: /files/a
!X-Accel-Expires

=== TEST 12: the others are hidden, those that nobody knows are not: <200 OK|X-Accel-Expires: 1|X-Accel-Limit-Rate: 0|X-Accel-Buffering: no|X-Accel-Charset: x|X-Pad: y|X-Accel-Mine: z>
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_body chomp
peer!
--- response_headers
!X-Accel-Expires
!X-Accel-Limit-Rate
!X-Accel-Buffering
!X-Accel-Charset
!X-Pad
X-Accel-Mine: z

=== TEST 13: and can be passed: <200 OK|X-Accel-Charset: x|X-Pad: y|Date: Thu, 01 Jan 1970 00:00:00 GMT>
--- config
    location /p { proxy_pass_header X-Accel-Charset; proxy_pass_header X-Pad; proxy_pass_header Date; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
X-Accel-Charset: x
X-Pad: y
Date: Thu, 01 Jan 1970 00:00:00 GMT

=== TEST 14: proxy_ignore_headers knows its fields
--- config
    location / { proxy_ignore_headers X-Accel-Nothing; }
--- must_die
--- error_log
invalid value "X-Accel-Nothing"

=== TEST 15: an error of the peer is passed on by default: <404 Not Found>
--- config
    location /p { error_page 404 /page; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location /page { return 200 "page\n"; }
--- error_code: 404
--- response_body chomp
peer!

=== TEST 16: proxy_intercept_errors answers with the page: <404 Not Found|X-Other: no>
--- config
    location /p { proxy_intercept_errors on; error_page 404 /page; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location /page { return 200 "page\n"; }
--- error_code: 404
--- response_body
page
--- response_headers
!X-Other

=== TEST 17: with another status: <503 Busy>
--- config
    location /p { proxy_intercept_errors on; error_page 503 =200 /page; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location /page { return 200 "page\n"; }
--- response_body
page

=== TEST 18: only where there is a page: <404 Not Found>
--- config
    location /p { proxy_intercept_errors on; error_page 500 /page; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- error_code: 404
--- response_body chomp
peer!

=== TEST 19: redirects, too: <302 Found|Location: /x>
--- config
    location /p { proxy_intercept_errors on; error_page 302 = @here; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location @here { return 200 "instead of $upstream_http_location\n"; }
--- response_body
instead of /x

=== TEST 20: never below 300: <201 Created>
--- config
    location /p { proxy_intercept_errors on; error_page 500 /page; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- error_code: 201
--- response_body chomp
peer!

=== TEST 21: a 401 keeps its challenge: <401 Unauthorized|WWW-Authenticate: Basic realm="peer">
--- config
    location /p { proxy_intercept_errors on; error_page 401 /page; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
    location /page { return 200 "page\n"; }
--- error_code: 401
--- response_body
page
--- response_headers
WWW-Authenticate: Basic realm="peer"

=== TEST 22: X-Accel-Limit-Rate sets the pace: <200 OK|X-Accel-Limit-Rate: 3000>
--- config
    location /p { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; log_by_lua_block { ngx.log(ngx.WARN, "the rate is ", ngx.var.limit_rate) } }
--- response_body chomp
peer!
--- error_log
the rate is 3000

=== TEST 23: unless it is ignored: <200 OK|X-Accel-Limit-Rate: 3000>
--- config
    location /p { proxy_ignore_headers X-Accel-Limit-Rate; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; log_by_lua_block { ngx.log(ngx.WARN, "the rate is ", ngx.var.limit_rate) } }
--- response_body chomp
peer!
--- error_log
the rate is 0
