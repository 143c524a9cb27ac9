# Request bodies: their limit, Expect: 100-continue, and what happens to a body that nobody reads.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: a body below, at and above client_max_body_size
--- config
    client_max_body_size 10;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["POST /\n123456789", "POST /\n1234567890", "POST /\n12345678901"]
--- error_code eval
[200, 200, 413]
--- response_body_like eval
[qr/\n\n123456789$/, qr/\n\n1234567890$/, qr/413/]
--- origin_requests: 2
--- error_log
client intended to send too large body: 11 bytes



=== TEST 2: a chunked body below and at client_max_body_size
--- config
    client_max_body_size 10;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["POST /\n4\r\n1234\r\n5\r\n56789\r\n0\r\n\r\n", "POST /\n5\r\n12345\r\n5\r\n67890\r\n0\r\n\r\n"]
--- more_headers
Transfer-Encoding: chunked
--- response_body_like eval
[qr/\n123456789$/, qr/\n1234567890$/]



=== TEST 3: a chunked body above client_max_body_size is not passed on to its end
--- config
    client_max_body_size 10;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- raw_request eval
"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n6\r\n678901\r\n0\r\n\r\n"
--- error_code: 413
--- connection_closed
--- origin_unlike: \r\n0\r\n\r\n
--- error_log
client intended to send too large chunked body



=== TEST 4: no limit
--- config
    client_max_body_size 0;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
"POST /\n" . ('x' x 3_000_000)
--- response_body_like eval
qr/\n\nx{3000}/



=== TEST 5: the limit is one megabyte unless somebody says otherwise
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/status/201; }
--- request eval
["POST /\n" . ('x' x 1_048_576), "POST /\n" . ('x' x 1_048_577)]
--- error_code eval
[201, 413]



=== TEST 6: a location's limit counts, not the server's
--- config
    client_max_body_size 1;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location /more { client_max_body_size 5; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
["POST /\nabcde", "POST /more\nabcde"]
--- error_code eval
[413, 200]



=== TEST 7: a body that is too large is drained, so that the client can read why
--- config
    client_max_body_size 10;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
"POST /\n" . ('x' x 2_000_000)
--- error_code: 413
--- response_body_like: 413 Content Too Large
--- connection_closed



=== TEST 8: 100 Continue when somebody wants the body
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- raw_request eval
["POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", "abc"]
--- interim_codes: 100
--- response_body_like: \n\nabc$
--- origin_unlike: Expect



=== TEST 9: a body that comes at once needs no 100 Continue
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- raw_request eval
"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc"
--- interim_codes:
--- response_body_like: \n\nabc$



=== TEST 10: 100 Continue for a chunked body
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- raw_request eval
["POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n"]
--- interim_codes: 100
--- response_body_like: \nabc$



=== TEST 11: a refusal instead of 100 Continue closes, because nobody knows whether the body follows
--- config
    location / { return 403 "no\n"; }
--- raw_request eval
"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
--- error_code: 403
--- interim_codes:
--- response_headers
Connection: close
--- connection_closed



=== TEST 12: too large a body is refused before it is sent
--- config
    client_max_body_size 10;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- raw_request eval
"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n"
--- error_code: 413
--- interim_codes:
--- connection_closed



=== TEST 13: HTTP/1.0 does not know 100 Continue
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- raw_request eval
["POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", "abc"]
--- interim_codes:
--- response_body_like: \n\nabc$



=== TEST 14: a body that nobody reads is thrown away, and the next request is the one behind it
--- config
    location / { return 200 "$request_method $uri\n"; }
--- pipelined_requests eval
["POST /a\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n", "GET /b", "POST /c\n" . ('x' x 200_000), "GET /d"]
--- response_body eval
["POST /a\n", "GET /b\n", "POST /c\n", "GET /d\n"]



=== TEST 15: a chunked one, too
--- config
    location / { return 200 "$request_method $uri\n"; }
--- raw_request eval
"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\nX: 1\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- error_code eval
[200, 200]
--- response_body eval
["POST /a\n", "GET /b\n"]
--- connection_closed



=== TEST 16: a chunked one that is malformed ends the connection
--- config
    location / { return 200 "$request_method $uri\n"; }
--- raw_request eval
"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nabcde\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n"
--- response_body
POST /a
--- connection_closed



=== TEST 17: a thrown away body has the same limit as any other
--- config
    location / { client_max_body_size 10; return 200 "$request_method $uri\n"; }
--- raw_request eval
"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n"
--- response_body
POST /a
--- connection_closed



=== TEST 18: Content-Length: 0 is passed on for methods that expect a body
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- raw_request eval
"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
--- response_body_like: Content-Length: 0\n



=== TEST 19: the counter of bodies that were too large
--- config
    client_max_body_size 1;
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location /metrics { metrics; }
--- request eval
["POST /\nab", "POST /\nabc", "GET /metrics"]
--- error_code eval
[413, 413, 200]
--- response_body_like eval
[qr/413/, qr/413/, qr/^sluice_limit_hits_total\{limit="request_body"\} 2$/m]
