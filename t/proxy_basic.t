# proxy_pass: which bytes reach the upstream, and which come back.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: without a URI the request's own bytes are passed on
--- config
    location /a { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["GET /a", "GET /a/../a/%41%2fb//c?d=%20&e", "GET /a?", "GET /ab?x?y"]
--- response_body_like eval
[qr/^GET \/a HTTP\/1\.1\n/, qr/^GET \/a\/\.\.\/a\/%41%2fb\/\/c\?d=%20&e HTTP/, qr/^GET \/a\? HTTP/, qr/^GET \/ab\?x\?y HTTP/]



=== TEST 2: with a URI it replaces the location's part of the normalised path
--- config
    location /a/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/b/; }
    location /root/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
    location /whole { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/new; }
    location = /exact { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/e; }
    location ^~ /keep/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/k/; }
    location /query { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT?q=; }
--- request eval
[map { "GET $_" } qw(/a/x?y=z /a/ /a/./b/../c /a/%41%20%3f /root/x /whole/x /exact?a /keep/x /queryx)]
--- response_body_like eval
[map { my $t = quotemeta; qr/^GET $t HTTP/ } qw(/b/x?y=z /b/ /b/c /b/A%20%3F /x /new/x /e?a /k/x /?q=x)]



=== TEST 3: variables make the URI as they are
--- config
    location /v/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/w$uri?$args; }
    location /same/ { set $to 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; proxy_pass http://$to; }
--- request eval
["GET /v/x?y=z", "GET /same/%41?b"]
--- response_body_like eval
[qr/^GET \/w\/v\/x\?y=z HTTP/, qr/^GET \/same\/%41\?b HTTP/]



=== TEST 4: Host is that of proxy_pass, unless proxy_set_header says otherwise
--- config
    location /default { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location /host { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; proxy_set_header Host $host; }
    location /http_host { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; proxy_set_header Host $http_host; }
    location /name { proxy_pass http://backend; }
--- http_config
    upstream backend { server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
[map { "GET $_" } qw(/default /host /http_host /name)]
--- more_headers
Host: Some.Example:81
--- response_body_like eval
[qr/^Host: 127\.0\.0\.1:\$TEST_SLUICE_ORIGIN_PORT$/m =~ s/\\\$TEST_SLUICE_ORIGIN_PORT/\\d+/r, qr/^Host: some\.example$/m, qr/^Host: Some\.Example:81$/m, qr/^Host: backend$/m]



=== TEST 5: fields that belong to one connection are not passed on
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request
GET /
--- more_headers
Connection: close, X-Listed
Keep-Alive: timeout=5
Proxy-Connection: keep-alive
TE: trailers
Trailer: X
Upgrade: h2c
X-Listed: 1
X-Passed: 2
--- response_body_like: X-Passed: 2
--- origin_unlike eval
[map { qr/^$_/mi } qw(Keep-Alive Proxy-Connection TE: Trailer Upgrade X-Listed Connection:.close)]



=== TEST 6: Connection cannot take away what is not the client's to take
--- config
    location / {
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
        proxy_set_header X-Sandbox-Id $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
--- request
POST /
abc
--- more_headers
Host: sandbox
Connection: close, Host, Content-Length, X-Forwarded-For, Cookie, Authorization, X-Sandbox-Id
Cookie: a=b
Authorization: Basic x
X-Sandbox-Id: forged
--- origin_like eval
[qr/^Host: /m, qr/^Content-Length: 3\r$/m, qr/^Cookie: a=b\r$/m, qr/^Authorization: Basic x\r$/m, qr/^X-Sandbox-Id: sandbox\r$/m, qr/^X-Forwarded-For: 127\.0\.0\.1\r$/m]
--- origin_unlike: forged
--- response_body_like: abc$



=== TEST 7: X-Forwarded-For is appended to, X-Real-IP replaced
--- config
    location / {
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Real-IP $remote_addr;
    }
--- request
GET /
--- more_headers
X-Forwarded-For: 1.2.3.4
X-Forwarded-For: 5.6.7.8
X-Forwarded-Proto: https
X-Real-IP: 9.9.9.9
--- response_body_like eval
qr/^X-Forwarded-For: 1\.2\.3\.4, 5\.6\.7\.8, 127\.0\.0\.1\nX-Forwarded-Proto: http\nX-Real-IP: 127\.0\.0\.1$/m
--- origin_unlike eval
[qr/9\.9\.9\.9/, qr/https/]



=== TEST 8: proxy_set_header with an empty value removes a field, and is inherited only as a whole
--- config
    proxy_set_header X-A server;
    proxy_set_header Cookie "";
    location /inherited { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location /own { proxy_set_header X-B own; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["GET /inherited", "GET /own"]
--- more_headers
X-A: client
Cookie: c
--- response_body_like eval
[qr/\A(?!.*Cookie).*X-A: server\n(?!.*X-A)/s, qr/\A(?=.*Cookie: c\n)(?=.*X-A: client\n).*X-B: own\n/s]



=== TEST 9: the method may be changed, fields and body left out
--- config
    location /method { proxy_method PUT; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location /fields { proxy_pass_request_headers off; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location /body { proxy_pass_request_body off; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["POST /method\nabc", "POST /fields\nabc", "POST /body\nabc"]
--- more_headers
X-A: client
--- response_body_like eval
[qr/^PUT \/method .*\n\nabc$/s, qr/\A(?!.*X-A).*\n\nabc$/s, qr/X-A: client.*\n\n$/s]



=== TEST 10: HTTP/1.0 to the upstream
--- config
    location / { proxy_http_version 1.0; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["GET /echo", "GET /echo"]
--- response_body_like: ^GET /echo HTTP/1\.0\n
--- origin_connections: 2



=== TEST 11: status, reason and fields come back as they were
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- tcp_listen: $TEST_SLUICE_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 299 Very Well\r\nContent-Length: 2\r\nX-A: 1\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nKeep-Alive: x\r\nConnection: X-Listed\r\nX-Listed: 1\r\nServer: theirs\r\nDate: never\r\nX-Accel-Expires: 1\r\n\r\nok"
--- request
GET /
--- error_code: 299
--- raw_response_headers_like: ^HTTP/1\.1 299 Very Well\r\n
--- response_headers
X-A: 1
Set-Cookie: a=b, c=d
!Keep-Alive
!X-Listed
!X-Accel-Expires
--- response_headers_like
Server: sluice/.*
Date: \w\w\w, .* GMT
--- response_body chomp
ok



=== TEST 12: fields may be hidden, or shown after all
--- config
    location / {
        proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
        proxy_hide_header X-Secret;
        proxy_hide_header Set-Cookie;
        proxy_pass_header Server;
        proxy_pass_header Date;
    }
--- tcp_listen: $TEST_SLUICE_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Secret: 1\r\nSet-Cookie: a=b\r\nServer: theirs\r\nDate: never\r\n\r\n"
--- request
GET /
--- response_headers
!X-Secret
!Set-Cookie
Server: theirs
Date: never



=== TEST 13: HEAD keeps the length and has no body, whatever the framing
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- pipelined_requests eval
["HEAD /bytes/1000", "HEAD /chunked-bytes/10", "HEAD /status/204", "GET /bytes/3"]
--- error_code eval
[200, 200, 204, 200]
--- response_headers eval
["Content-Length: 1000", "!Content-Length", "!Content-Length", "Content-Length: 3"]
--- response_body eval
["", "", "", "012"]
--- origin_connections: 1



=== TEST 14: 204 and 304 have no body
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- pipelined_requests eval
["GET /status/204", "GET /status/304", "GET /bytes/3"]
--- error_code eval
[204, 304, 200]
--- response_headers eval
["!Content-Length", "!Transfer-Encoding", "Content-Length: 3"]
--- response_body eval
["", "", "012"]



=== TEST 15: large bodies, with a length and chunked
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["GET /bytes/5000000", "GET /chunked-bytes/5000000"]
--- response_body eval
[("0123456789" x 500_000) x 2]



=== TEST 16: a large body up
--- config
    client_max_body_size 0;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
"POST /\n" . ("abcdefghij" x 300_000)
--- response_body_like eval
qr/^Content-Length: 3000000\n.*\n(?:abcdefghij){300}/ms



=== TEST 17: a chunked response for a client of HTTP/1.0 ends with the connection
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- raw_request eval
"GET /chunked?n=3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
--- response_headers
!Transfer-Encoding
!Content-Length
Connection: close
--- response_body
chunk 1
chunk 2
chunk 3
--- connection_closed



=== TEST 18: a response that ends with the connection becomes chunked, and the client's connection stays
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- pipelined_requests eval
["GET /close", "GET /bytes/3"]
--- response_headers eval
["Transfer-Encoding: chunked", "Content-Length: 3"]
--- response_body eval
["until close\n", "012"]



=== TEST 19: a response in many small segments
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- tcp_listen: $TEST_SLUICE_RAND_PORT_1
--- tcp_reply eval
[split //, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n"]
--- request
GET /
--- response_headers
X-A: b
--- response_body chomp
abcde



=== TEST 20: interim responses pass, 100 does not
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- tcp_listen: $TEST_SLUICE_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- request
GET /
--- interim_codes: 103 103
--- response_body chomp
ok



=== TEST 21: an upstream on a Unix socket
--- config
    location / { proxy_pass http://unix:$TEST_SLUICE_PREFIX/logs/up.sock; }
    location /uri/ { proxy_pass http://unix:$TEST_SLUICE_PREFIX/logs/up.sock:/b/; }
--- tcp_listen: $TEST_SLUICE_PREFIX/logs/up.sock
--- tcp_reply eval
"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
--- request eval
["GET /a", "GET /uri/c"]
--- response_body eval
["ok", "ok"]
--- tcp_query eval
qr/^GET \/a HTTP\/1\.1\r\nHost: localhost\r\n/



=== TEST: bytes behind a response that is not passed on are no next response
--- config
    location /inner { return 200 "inner\n"; }
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["GET /raw?data=HTTP/1.1%20200%20OK%0d%0aX-Accel-Redirect:%20/inner%0d%0aContent-Length:%200%0d%0a%0d%0aX", "GET /bytes/1"]
--- response_body eval
["inner\n", "0"]
--- response_headers eval
["!X-Origin-Connection", "X-Origin-Connection: 2"]
