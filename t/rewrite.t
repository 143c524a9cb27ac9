# rewrite and break: nginx's rules. `TEST_SLUICE_PEER=nginx prove t/rewrite.t` asks nginx; the blocks named "sluice" differ on purpose.
use lib 't/lib';
use Test::Sluice 'no_plan';

log_level('notice');
run_tests();

__DATA__

=== TEST 1: a rewrite without a flag, last, break
--- config
    location /a { rewrite ^/a/(.*)$ /b/$1; rewrite ^/b/(.*)$ /target/$1-two; }
    location /last { rewrite ^/last/(.*)$ /target/$1 last; return 200 "not this\n"; }
    location /break { root html; rewrite ^/break/(.*)$ /target/$1 break; return 200 "not this\n"; }
    location /return { rewrite ^ /x; return 200 "$uri $request_uri\n"; }
    location /no { rewrite ^/never /x last; return 200 "$uri\n"; }
    location /target { return 200 "target $uri\n"; }
    location /b { return 200 "not this\n"; }
--- user_files
>>> target/file
a file
--- request eval
[map { "GET $_" } qw(/a/x /last/x /break/file /return /no)]
--- response_body eval
["target /target/x-two\n", "target /target/x\n", "a file\n", "/x /return\n", "/no\n"]



=== TEST 2: rules of a server run before the location is known, again after an internal redirect, not after last
--- config
    rewrite ^/one$ /two;
    rewrite ^/two$ /three last;
    rewrite ^/three$ /four;
    rewrite ^/out$ /outside break;
    rewrite ^/outside$ /x;
    error_page 404 /one;
    location /three { rewrite ^ /two last; }
    location /two { return 200 "two\n"; }
    location /outside { return 200 "outside\n"; }
    location /missing { return 404; }
    location / { return 200 "root $uri\n"; }
--- request eval
[map { "GET $_" } qw(/one /out /missing)]
--- error_code eval
[200, 200, 404]
--- response_body eval
["two\n", "outside\n", "two\n"]



=== TEST 3: arguments: added, replaced, dropped
--- config
    location /keep { rewrite ^ /t last; }
    location /add { rewrite ^ /t?a=1 last; }
    location /drop { rewrite ^ /t? last; }
    location /replace { rewrite ^ /t?a=1? last; }
    location /t { return 200 "$uri|$args\n"; }
--- request eval
[map { "GET $_" } qw(/keep?o=1 /add?o=1 /add /drop?o=1 /replace?o=1)]
--- response_body eval
["/t|o=1\n", "/t|a=1&o=1\n", "/t|a=1\n", "/t|\n", "/t|a=1\n"]



=== TEST 4: groups are encoded in arguments and redirects, not in the path
--- config
    location /path { rewrite ^/path/(.*)$ /t/$1 last; }
    location /args { rewrite ^/args/(.*)$ /t?q=$1 last; }
    location /named { rewrite ^/named/(?<rest>.*)$ /t?q=$rest last; }
    location /redirect { rewrite ^/redirect/(.*)$ http://x/$1?z=$1; }
    location /t { return 200 "$uri|$args\n"; }
--- request eval
[map { "GET $_" } qw(/path/a%20b%3F /args/a%26b%3F%20c /args/a+b /named/x%26y /redirect/a%26%25%3f%20%d0%b0?o=2)]
--- error_code eval
[200, 200, 200, 200, 302]
--- response_body eval
["/t/a b?|\n", "/t|q=a%26b%3F%20c\n", "/t|q=a%2Bb\n", "/t|q=x&y\n", qr/302/]
--- response_headers eval
[("!Location") x 4, "Location: http://x/a&%25?%20%D0%B0?z=a%26%25%3F%20%D0%B0&o=2"]



=== TEST 5: sluice: an & that the client did not encode does not become another argument
--- config
    location / { rewrite ^/(.*)$ /t?q=$1 last; }
    location /t { return 200 "$args $arg_q\n"; }
--- request
GET /a&b
--- response_body
q=a%26b a%26b



=== TEST 6: redirects
--- config
    location /302 { rewrite ^ /there redirect; }
    location /301 { rewrite ^ /there permanent; }
    location /http { rewrite ^ http://x.example/y; }
    location /https { rewrite ^ https://x.example/y permanent; }
    location /scheme { rewrite ^ $scheme://x.example$uri last; }
    location /args { rewrite ^ http://x.example/y?a=1; }
    location /drop { rewrite ^ http://x.example/y?; }
    location /relative { absolute_redirect off; rewrite ^ /there redirect; }
    location /first { rewrite ^ http://x.example/first; rewrite ^ http://x.example/second; }
--- request eval
[map { "GET $_?o=1" } qw(/302 /301 /http /https /scheme /args /drop /relative /first)]
--- error_code eval
[302, 301, 302, 301, 302, 302, 302, 302, 302]
--- response_headers eval
["Location: http://localhost:\$TEST_SLUICE_PORT/there?o=1", "Location: http://localhost:\$TEST_SLUICE_PORT/there?o=1",
 "Location: http://x.example/y?o=1", "Location: https://x.example/y?o=1", "Location: http://x.example/scheme?o=1",
 "Location: http://x.example/y?a=1&o=1", "Location: http://x.example/y", "Location: /there?o=1", "Location: http://x.example/first?o=1"]



=== TEST 7: a cycle ends
--- config
    location / { rewrite ^/(.*)$ /$1x last; }
--- request
GET /
--- error_code: 500
--- error_log
rewrite or internal redirection cycle while processing "/xxxxxxxxxxx"



=== TEST 8: ten times is not a cycle
--- config
    location / { rewrite "^/(x{0,9})$" /x$1 last; return 200 "$uri\n"; }
--- request
GET /
--- response_body
/xxxxxxxxxx



=== TEST 9: an empty path
--- config
    location / { rewrite ^ ? last; }
    location /group { rewrite ^/group(.*)$ $1 break; }
--- request eval
["GET /", "GET /group"]
--- error_code eval
[500, 500]
--- error_log
the rewritten URI has a zero length



=== TEST 10: sluice: a path that begins without a slash, or climbs
--- config
    location /slash { rewrite ^/slash/(.*)$ $1 break; }
    location /climb { rewrite ^ /files/$arg_name break; }
    location /dots { rewrite ^ /t/$arg_name last; }
    location /t { return 200 "$uri\n"; }
--- request eval
["GET /slash/x", "GET /climb?name=../secret", "GET /climb?name=..", "GET /dots?name=a..b/...", "GET /dots?name=a/.."]
--- error_code eval
[500, 400, 400, 200, 400]
--- error_log
the rewritten URI "x" does not begin with "/"
the rewritten URI "/files/../secret" has a ".." segment



=== TEST 11: after break the URI part of proxy_pass replaces nothing
--- config
    location /plain/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/base/; }
    location /break/ { rewrite ^/break/(.*)$ /x/$1 break; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/base/; }
    location /word/ { rewrite ^/word/(.*)$ /x/$1; break; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/base/; }
    location /only/ { break; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/base/; }
    location /args/ { rewrite ^/args/(.*)$ /x?r=$1 break; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location /space/ { rewrite ^/space/(.*)$ /x/$1 break; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
--- request eval
[map { "GET $_" } qw(/plain/a /break/a?q=1 /word/a /only/a /args/a?q=1 /space/a%20b)]
--- response_body_like eval
[map { qr/\AGET \Q$_\E HTTP/ } qw(/base/a /x/a?q=1 /x/a /base/a /x?r=a&q=1 /x/a%20b)]



=== TEST 12: break skips the scripts that are left, at its level
--- config
    set $a 1;
    if ($arg_stop) { break; }
    set $a 2;
    location / { set $b 1; break; set $b 2; }
    location /show { set $b 1; if ($arg_b) { break; set $b 3; } set $b 2; content_by_lua_block { ngx.say(ngx.var.a, ngx.var.b) } }
--- request eval
["GET /show", "GET /show?stop=1", "GET /show?b=1"]
--- response_body eval
["22\n", "12\n", "21\n"]



=== TEST 13: rewrite_log
--- config
    rewrite_log on;
    location /a { rewrite ^/a/(.*)$ /t?x=$1 last; }
    location /r { rewrite ^ http://x/y redirect; }
    location /t { if ($arg_x ~ never) { return 404; } return 200 ok; }
    location /quiet { rewrite_log off; rewrite ^/quiet-match / last; return 200; }
--- request eval
["GET /a/1", "GET /r", "GET /quiet"]
--- error_code eval
[200, 302, 200]
--- error_log eval
['"^/a/(.*)$" matches "/a/1"', 'rewritten data: "/t", args: "x=1"', '"never" does not match "1"', 'rewritten redirect: "http://x/y"']
--- no_error_log
quiet-match



=== TEST 14: groups: of the last expression that was tried
--- config
    location ~ ^/(\w)(\w) {
        set $before "$1$2";
        if ($arg_q ~ ^(.)) { return 200 "$before $1$2\n"; }
        if ($arg_r ~ x) { return 200 "$before [$1]\n"; }
        return 200 "$before [$1]\n";
    }
--- request eval
["GET /ab?q=z", "GET /ab?r=x", "GET /ab"]
--- response_body eval
["ab z\n", "ab []\n", "ab []\n"]



=== TEST 15: named groups become variables
--- config
    location /x { rewrite ^/x/(?<first>\w+)/(?P<second>\w+)$ /t last; }
    location /t { return 200 "$second $first\n"; }
--- request
GET /x/one/two
--- response_body
two one



=== TEST 16: an internal location may be reached by rewrite
--- config
    location /in { internal; return 200 "inside\n"; }
    location / { rewrite ^/go$ /in last; return 200 "root\n"; }
--- request eval
["GET /in", "GET /go"]
--- error_code eval
[404, 200]
--- response_body eval
[qr/404/, "inside\n"]



=== TEST 17: rewrite_by_lua does not run in a location that was left, nor after a redirect
--- config
    location /a { rewrite ^ /b; rewrite_by_lua_block { ngx.log(ngx.NOTICE, "in a") } }
    location /c { rewrite ^ /x break; rewrite_by_lua_block { ngx.say("lua after break ", ngx.var.uri) } }
    location /b { return 200 "b\n"; }
--- request eval
["GET /a", "GET /c"]
--- response_body eval
["b\n", "lua after break /x\n"]
--- no_error_log
in a



=== TEST 18: sluice: a decoded line feed cannot get into a redirect, an encoded one stays encoded
--- config
    location / { rewrite ^/(.*)$ http://x/$1? redirect; }
--- request eval
["GET /a%0d%0aSet-Cookie:x=y", "GET /a%20b"]
--- error_code eval
[400, 302]
--- response_headers eval
["!Set-Cookie", "Location: http://x/a%20b"]



=== TEST 19: error_page for the status of a redirect
--- config
    location / { error_page 301 =200 /page; rewrite ^ /x permanent; }
    location /page { return 200 "page\n"; }
--- request
GET /
--- response_body
page
