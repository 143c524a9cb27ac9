# set and return: what they answer.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: a status, with and without a text
--- config
    location /204 { return 204; }
    location /200 { return 200; }
    location /text { return 200 "text\n"; }
    location /404 { return 404; }
    location /404-text { return 404 "missing\n"; }
    location /599 { return 599 "odd\n"; }
--- request eval
[map { "GET $_" } qw(/204 /200 /text /404 /404-text /599)]
--- error_code eval
[204, 200, 200, 404, 404, 599]
--- response_body eval
["", "", "text\n", qr/404 Not Found/, "missing\n", "odd\n"]
--- response_headers eval
["!Content-Length", "Content-Length: 0", "Content-Type: text/plain", "Content-Type: text/html", "Content-Type: text/plain", "Content-Length: 4"]



=== TEST 2: redirects are absolute unless absolute_redirect says otherwise
--- config
    location /301 { return 301 /there; }
    location /302 { return 302 /there?a=$arg_a; }
    location /303 { return 303 http://other.example/; }
    location /307 { return 307 https://$host/x; }
    location /308 { absolute_redirect off; return 308 /there; }
    location /url { return http://other.example/; }
    location /scheme { return $scheme://$host/; }
--- request eval
[map { "GET $_" } qw(/301 /302?a=b /303 /307 /308 /url /scheme)]
--- error_code eval
[301, 302, 303, 307, 308, 302, 302]
--- response_headers eval
["Location: http://localhost:\$TEST_SLUICE_PORT/there", "Location: http://localhost:\$TEST_SLUICE_PORT/there?a=b", "Location: http://other.example/",
 "Location: https://localhost/x", "Location: /there", "Location: http://other.example/", "Location: http://localhost/"]



=== TEST 3: port_in_redirect and server_name_in_redirect
--- config
    location /port { port_in_redirect off; return 301 /there; }
    location /name { server_name_in_redirect on; port_in_redirect off; return 301 /there; }
--- request eval
["GET /port", "GET /name"]
--- more_headers
Host: asked.example
--- error_code eval
[301, 301]
--- response_headers eval
["Location: http://asked.example/there", "Location: http://localhost/there"]



=== TEST 4: 444 closes without a response
--- config
    location / { return 444; }
--- request
GET /
--- error_code:
--- access_log
"GET / HTTP/1.1" 444 0



=== TEST 5: the first return counts, those of the server before any location
--- config
    location / { return 200 "first\n"; return 201 "second\n"; }
--- http_config
    server { listen 127.0.0.1:$TEST_SLUICE_PORT; server_name whole; return 200 "server's\n"; location / { return 200 "location's\n"; } }
--- request eval
["GET /", "GET /"]
--- more_headers eval
["Host: localhost", "Host: whole"]
--- response_body eval
["first\n", "server's\n"]



=== TEST 6: set, in the order of the file, across levels
--- config
    set $a server;
    set $b "$a of $host";
    location / {
        set $a location;
        set $c "${a}s, $b";
        return 200 "$a | $b | $c\n";
    }
--- request
GET /
--- response_body
location | server of localhost | locations, server of localhost



=== TEST 7: a variable that was never set is empty
--- config
    location /set { set $later x; return 200 "$later\n"; }
    location / { return 200 "[$later]\n"; }
--- request eval
["GET /", "GET /set"]
--- response_body eval
["[]\n", "x\n"]



=== TEST 8: set survives an internal redirect
--- config
    error_page 404 /page;
    location / { set $seen $uri; return 404; }
    location /page { return 200 "$seen\n"; }
--- request
GET /first
--- error_code: 404
--- response_body
/first



=== TEST 9: variables of the request
--- config
    location / { return 200 "$request_method|$scheme|$host|$http_host|$uri|$request_uri|$args|$is_args|$query_string|$arg_a|$arg_B|$http_x_y|$cookie_c|$server_protocol|$server_name|$server_port|$remote_addr|$content_length|$content_type\n"; }
--- request
POST /a%20b?a=1&b=%20
xyz
--- more_headers
Host: Some.Example:8080
X-Y: z
Cookie: b=1; c=2; d=3
Content-Type: text/x
--- response_body
POST|http|some.example|Some.Example:8080|/a b|/a%20b?a=1&b=%20|a=1&b=%20|?|a=1&b=%20|1|%20|z|2|HTTP/1.1|localhost|$TEST_SLUICE_PORT|127.0.0.1|3|text/x



=== TEST 10: a client cannot put a second header into a redirect
--- config
    location / { return 302 http://other.example/$arg_to; }
    location /decoded { return 302 http://other.example$uri; }
--- request eval
["GET /?to=%0d%0aSet-Cookie:a=b", "GET /decoded%20a"]
--- error_code eval
[302, 302]
--- response_headers eval
["!Set-Cookie\nLocation: http://other.example/%0d%0aSet-Cookie:a=b", "Location: http://other.example/decoded a"]



=== TEST 11: a HEAD request gets the head alone
--- config
    location /text { return 200 "text\n"; }
    location /404 { return 404; }
--- pipelined_requests eval
["HEAD /text", "HEAD /404", "GET /text"]
--- error_code eval
[200, 404, 200]
--- response_headers eval
["Content-Length: 5", "Content-Type: text/html", "Content-Length: 5"]
--- response_body eval
["", "", "text\n"]



=== TEST 12: default_type and server_tokens
--- config
    default_type application/json;
    location /on { return 200 "{}"; }
    location /off { server_tokens off; return 200 "{}"; }
--- request eval
["GET /on", "GET /off"]
--- response_headers eval
["Content-Type: application/json", "Server: sluice"]
--- response_headers_like eval
["Server: sluice/[0-9.]+", "Date: \\w\\w\\w, \\d\\d \\w\\w\\w \\d{4} \\d\\d:\\d\\d:\\d\\d GMT"]
