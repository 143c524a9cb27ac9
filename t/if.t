# if: conditions, and the blocks of servers and locations. `TEST_SLUICE_PEER=nginx prove t/if.t` asks nginx; the blocks named "sluice"
# differ on purpose.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: a variable alone
--- config
    location / { if ($arg_a) { return 200 "true\n"; } return 200 "false\n"; }
--- request eval
["GET /", "GET /?a=", "GET /?a=0", "GET /?a=1", "GET /?a=00", "GET /?a=x"]
--- response_body eval
["false\n", "false\n", "false\n", "true\n", "true\n", "true\n"]



=== TEST 2: = and !=
--- config
    location / {
        set $r "";
        if ($arg_a = x) { set $r "$r =x"; }
        if ($arg_a != x) { set $r "$r !=x"; }
        if ($arg_a = $arg_b) { set $r "$r =b"; }
        if ( $arg_a = "" ) { set $r "$r empty"; }
        return 200 "$r\n";
    }
--- request eval
["GET /?a=x", "GET /?a=X&b=X", "GET /"]
--- response_body eval
[" =x\n", " !=x =b\n", " !=x =b empty\n"]



=== TEST 3: regular expressions
--- config
    location / {
        set $r "";
        if ($arg_a ~ ^a(.)) { set $r "$r ~$1"; }
        if ($arg_a ~* ^a(?<name>.)) { set $r "$r ~*$name"; }
        if ($arg_a !~ ^a) { set $r "$r !~"; }
        if ($arg_a !~* ^a) { set $r "$r !~*"; }
        if ($arg_a ~ "^.{3}$") { set $r "$r three"; }
        return 200 "$r\n";
    }
--- request eval
["GET /?a=ax", "GET /?a=AX", "GET /?a=bbb"]
--- response_body eval
[" ~x ~*x\n", " ~*X !~\n", " !~ !~* three\n"]



=== TEST 4: files
--- config
    location / {
        set $r "";
        set $p $TEST_SLUICE_HTML_DIR/$arg_n;
        if (-f $p) { set $r "${r}f"; }
        if (!-f $p) { set $r "${r}F"; }
        if (-d $p) { set $r "${r}d"; }
        if (!-d $p) { set $r "${r}D"; }
        if (-e $p) { set $r "${r}e"; }
        if ( !-e "$p" ) { set $r "${r}E"; }
        if (-x $p) { set $r "${r}x"; }
        if (!-x $p) { set $r "${r}X"; }
        return 200 "$r\n";
    }
--- user_files
>>> file
x
>>> folder/file
x
--- request eval
["GET /?n=file", "GET /?n=folder", "GET /?n=nothing", "GET /?n=file/below"]
--- response_body eval
["fDeX\n", "Fdex\n", "FDEX\n", "FDEX\n"]



=== TEST 5: in a server: scripts in their turn
--- config
    set $a 1;
    if ($arg_a) { set $a "$a in"; rewrite ^/moved /target last; return 200 "$a\n"; }
    set $a "$a after";
    location /target { return 200 "target $a\n"; }
    location / { return 200 "$a\n"; }
--- request eval
["GET /", "GET /?a=1", "GET /moved?a=1"]
--- response_body eval
["1 after\n", "1 in\n", "target 1 in\n"]



=== TEST 6: in a location: scripts in their turn, values from then on
--- config
    location / {
        set $a 1;
        if ($arg_a) { set $a "$a in"; error_page 404 /inside; }
        set $a "$a after";
        if ($arg_stop) { return 404; }
        error_page 404 /outside;
        return 404;
    }
    location /inside { return 200 "inside $a\n"; }
    location /outside { return 200 "outside $a\n"; }
--- request eval
["GET /", "GET /?a=1", "GET /?a=1&stop=1"]
--- error_code eval
[404, 404, 404]
--- response_body eval
["outside 1 after\n", "inside 1 in after\n", "outside 1 in after\n"]



=== TEST 7: the last true block counts
--- config
    location / {
        root html/none;
        if ($arg_a) { root html/a; }
        if ($arg_b) { root html/b; }
    }
--- user_files
>>> a/file
a
>>> b/file
b
--- request eval
["GET /file?a=1", "GET /file?b=1", "GET /file?a=1&b=1", "GET /file"]
--- error_code eval
[200, 200, 200, 404]
--- response_body eval
["a\n", "b\n", "b\n", qr/404/]



=== TEST 8: a block has the values of its location that stand behind it
--- config
    location / {
        if ($arg_a) { set $x 1; }
        return 404;
        error_page 404 /page;
    }
    location /page { return 200 "page\n"; }
--- request
GET /?a=1
--- error_code: 404
--- response_body
page



=== TEST 9: a block has its location's proxy_pass, and its own values for it
--- config
    location /a { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; if ($arg_x) { set $y 1; } }
    location /other { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; if ($arg_x) { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; } }
    location /static { if ($arg_x) { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; } }
    location /base/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/new/; if ($arg_x) { set $y 1; } }
--- request eval
[map { "GET $_?x=1" } qw(/a /other /static /base/z)]
--- response_body_like eval
[map { qr/\AGET \Q$_\E\?x=1 HTTP/ } qw(/a /other /static /new/z)]



=== TEST 10: content_by_lua in a block, in its location, in both
--- config
    location /inner { return 404; if ($arg_x) { set $y 1; } content_by_lua_block { ngx.say("never") } }
    location /outer { if ($arg_x) { set $y 1; } content_by_lua_block { ngx.say("outer ", ngx.var.y) } }
    location /both { if ($arg_x) { content_by_lua_block { ngx.say("inner") } } content_by_lua_block { ngx.say("outer") } }
    location /proxy { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; if ($arg_x) { content_by_lua_block { ngx.say("lua") } } }
    location /lua { content_by_lua_block { ngx.say("lua") } if ($arg_x) { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; } }
--- request eval
["GET /inner?x=1", "GET /outer?x=1", "GET /both?x=1", "GET /both", "GET /proxy?x=1", "GET /lua?x=1", "GET /lua"]
--- error_code eval
[404, 200, 200, 200, 200, 200, 200]
--- response_body_like eval
[qr/404/, qr/^outer 1$/, qr/^inner$/, qr/^outer$/, qr/^lua$/, qr/^GET \/lua/, qr/^lua$/]



=== TEST 11: set_by_lua and rewrite_by_lua in a block
--- config
    location / {
        set $a 1;
        if ($arg_x) {
            set_by_lua_block $a { return ngx.var.a .. "-by lua" }
            rewrite_by_lua_block { ngx.var.a = ngx.var.a .. "-inner" }
        }
        rewrite_by_lua_block { ngx.var.a = ngx.var.a .. "-outer" }
        content_by_lua_block { ngx.say(ngx.var.a) }
    }
--- request eval
["GET /", "GET /?x=1"]
--- response_body eval
["1-outer\n", "1-by lua-inner\n"]



=== TEST 12: rewrite last out of a block
--- config
    location / { if ($arg_x) { rewrite ^ /t last; } return 200 "root\n"; }
    location /t { return 200 "t\n"; }
    location /flag { if ($arg_x) { rewrite ^ /t; } set $a 1; rewrite_by_lua_block { ngx.log(ngx.ERR, "never") } }
--- request eval
["GET /?x=1", "GET /", "GET /flag?x=1"]
--- response_body eval
["t\n", "root\n", "t\n"]
--- no_error_log
never



=== TEST 13: access_log in a block
--- config
    access_log logs/access.log;
    location / { if ($arg_quiet) { access_log off; } return 200; }
    location /late { set $a 1; if ($arg_quiet) { access_log off; } return 200; }
--- request eval
["GET /?quiet=1", "GET /late?quiet=1", "GET /loud"]
--- access_log
GET /loud
--- no_access_log
quiet



=== TEST 14: sluice: try_files and alias go on inside of a block
--- config
    location /try { try_files $uri /fallback; if ($arg_x) { set $y 1; } }
    location /fallback { return 200 "fallback\n"; }
    location /alias/ { alias html/; if ($arg_x) { set $y 1; } }
--- user_files
>>> file
a file
--- request eval
["GET /try/missing?x=1", "GET /alias/file?x=1"]
--- response_body eval
["fallback\n", "a file\n"]



=== TEST 15: in a named location and a nested one
--- config
    location / { error_page 404 = @named; return 404; location /deep { if ($arg_x) { return 200 "deep\n"; } return 404; } }
    location @named { if ($arg_x) { return 200 "named x\n"; } return 200 "named\n"; }
--- request eval
["GET /", "GET /?x=1", "GET /deep?x=1", "GET /deep"]
--- response_body eval
["named\n", "named x\n", "deep\n", "named\n"]



=== TEST 16: blocks in a row, with scripts around them
--- config
    location / {
        set $r a;
        if ($arg_1) { set $r "${r}1"; set $r "${r}1"; }
        if ($arg_2) { set $r "${r}2"; }
        set $r "${r}b";
        if ($arg_3) { }
        if ($arg_4) { set $r "${r}4"; break; }
        set $r "${r}c";
        if ($arg_5) { return 200 "${r}5\n"; }
        if ($arg_never) { return 200; }
        content_by_lua_block { ngx.say(ngx.var.r) }
    }
--- request eval
[map { "GET /?$_" } "", qw(1=1 2=1 1=1&2=1 3=1&5=1 4=1&5=1 1=1&3=1)]
--- response_body eval
["abc\n", "a11bc\n", "a2bc\n", "a112bc\n", "abc5\n", "ab4\n", "a11bc\n"]



=== TEST 17: uninitialized_variable_warn
--- config
    location /loud { if ($unset_one) { return 404; } return 200; }
    location /quiet { uninitialized_variable_warn off; if ($unset_two) { return 404; } return 200; }
    location /set { set $unset_one 1; set $unset_two 1; return 200; }
--- request eval
["GET /loud", "GET /quiet"]
--- error_log
using uninitialized "unset_one" variable
--- no_error_log
unset_two



=== TEST 18: add_header of a block takes the place of the location's
--- config
    location / {
        add_header X-A outer;
        if ($arg_x) { add_header X-B inner; }
        if ($arg_y) { set $z 1; }
        return 200;
    }
--- request eval
["GET /", "GET /?x=1", "GET /?y=1"]
--- response_headers eval
["X-A: outer\n!X-B", "!X-A\nX-B: inner", "X-A: outer"]
