# `map`: variables whose values follow from those of others.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: texts in any case, the default, an empty source, an escaped word
--- http_config
    map $arg_x $y {
        default other;
        one     1;
        Two     2;
        ""      nothing;
        \default escaped;
        \~tilde wave;
    }
--- config
    location / { return 200 "$y\n"; }
--- request eval
[map { "GET /?x=$_" } qw(one ONE two three default ~tilde), '']
--- response_body eval
["1\n", "1\n", "2\n", "other\n", "escaped\n", "wave\n", "nothing\n"]



=== TEST 2: without a default the value is empty
--- http_config
    map $arg_x $y { one 1; }
--- config
    location / { return 200 "[$y]\n"; }
--- request
GET /?x=two
--- response_body
[]



=== TEST 3: patterns in their order, with captures; a text goes before a pattern
--- http_config
    map $uri $y {
        /exact      text;
        ~^/(?<word>[a-z]+)/(\d+)$  "$word-$2";
        ~*^/UPPER   upper;
        ~^/exact    pattern;
        default     none;
    }
--- config
    location / { return 200 "$y\n"; }
--- request eval
["GET /abc/12", "GET /upper", "GET /exact", "GET /exactly", "GET /x"]
--- response_body eval
["abc-12\n", "upper\n", "text\n", "pattern\n", "none\n"]



=== TEST 4: combined sources and variables in values
--- http_config
    map "$arg_a:$arg_b" $y {
        "1:2"   "both $arg_c";
        default $arg_a;
    }
--- config
    location / { return 200 "$y\n"; }
--- request eval
["GET /?a=1&b=2&c=3", "GET /?a=7"]
--- response_body eval
["both 3\n", "7\n"]



=== TEST 5: hostnames: exact, then the longest behind a star, then the longest in front of one, then patterns
--- http_config
    map $http_host $y {
        hostnames;
        default            none;
        a.example.com      exact;
        *.example.com      behind;
        *.deep.example.com deep;
        .dot.example       dot;
        www.front.*        front;
        www.*              short;
        ~sandbox           pattern;
    }
--- config
    location / { return 200 "$y\n"; }
--- request eval
[("GET /") x 11]
--- more_headers eval
[map { "Host: $_" } qw(a.example.com b.example.com x.deep.example.com example.com dot.example x.dot.example www.front.org www.org
    A.Example.Com. my.sandbox com)]
--- response_body eval
[map { "$_\n" } qw(exact behind deep none dot dot front short exact pattern none)]



=== TEST 6: a value is found once for a request; a volatile one each time
--- http_config
    map $arg_x $kept { default $arg_x; }
    map $arg_x $fresh { volatile; default $arg_x; }
--- config
    location / {
        set $before "$kept $fresh";
        set $args "x=new";
        return 200 "$before, $kept $fresh\n";
    }
--- request
GET /?x=old
--- response_body
old old, old new



=== TEST 7: what `set` writes stays
--- http_config
    map $arg_x $y { default mapped; }
--- config
    location /set { set $y written; return 200 "$y\n"; }
    location / { return 200 "$y\n"; }
--- request eval
["GET /set", "GET /"]
--- response_body eval
["written\n", "mapped\n"]



=== TEST 8: maps of maps, in any order
--- http_config
    map $y $z { 1 one; default many; }
    map $arg_x $y { a 1; default 2; }
--- config
    location / { return 200 "$z\n"; }
--- request eval
["GET /?x=a", "GET /?x=b"]
--- response_body eval
["one\n", "many\n"]



=== TEST 9: a cycle ends
--- http_config
    map $b $a { default "a$b"; }
    map $a $b { default "b$a"; }
--- config
    location / { return 200 "[$a]\n"; }
--- request
GET /
--- response_body
[ab]
--- error_log
cycle while evaluating variable "a"



=== TEST 10: include, as in a block of directives
--- http_config
    map $arg_x $y { default none; include $TEST_SLUICE_HTML_DIR/entries; }
--- user_files
>>> entries
a 1;
"with blank" 2;
--- config
    location / { return 200 "$y\n"; }
--- request eval
["GET /?x=a", "GET /?x=b"]
--- response_body eval
["1\n", "none\n"]



=== TEST 11: the idiom of WebSockets
--- http_config
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
--- config
    location / { return 200 "$connection_upgrade\n"; }
--- request eval
["GET /", "GET /"]
--- more_headers eval
["", "Upgrade: websocket"]
--- response_body eval
["close\n", "upgrade\n"]



=== TEST 12: sizes of nginx's tables are accepted
--- http_config
    map_hash_max_size 4096;
    map_hash_bucket_size 128;
    map $arg_x $y { default 1; }
--- config
    location / { return 200 "$y\n"; }
--- request
GET /
--- response_body
1



=== TEST 13: a key twice
--- http_config
    map $arg_x $y { a 1; A 2; }
--- config
    location / { return 200 "$y\n"; }
--- must_die
--- error_log
conflicting parameter "A" in



=== TEST 14: a default twice
--- http_config
    map $arg_x $y { default 1; default 2; }
--- config
    location / { return 200 "$y\n"; }
--- must_die
--- error_log
duplicate default map parameter in



=== TEST 15: a line with too many words
--- http_config
    map $arg_x $y { a b c; }
--- config
    location / { return 200 "$y\n"; }
--- must_die
--- error_log
invalid number of the map parameters in



=== TEST 16: a name without a dollar
--- http_config
    map $arg_x y { a b; }
--- config
    location / { return 200 "1\n"; }
--- must_die
--- error_log
invalid variable name "y" in



=== TEST 17: a wildcard that is none
--- http_config
    map $arg_x $y { hostnames; a*b.example 1; }
--- config
    location / { return 200 "$y\n"; }
--- must_die
--- error_log
invalid hostname or wildcard "a*b.example" in



=== TEST 18: a built-in variable
--- http_config
    map $arg_x $uri { a 1; }
--- config
    location / { return 200 "1\n"; }
--- must_die
--- error_log
the duplicate "uri" variable in



=== TEST 19: a broken pattern
--- http_config
    map $arg_x $y { ~( 1; }
--- config
    location / { return 200 "$y\n"; }
--- must_die
--- error_log
pcre2_compile() failed



=== TEST 20: a block in a block
--- http_config
    map $arg_x $y { a { b c; } }
--- config
    location / { return 200 "$y\n"; }
--- must_die
--- error_log
unexpected "{"



=== TEST 21: an unknown variable in a value
--- http_config
    map $arg_x $y { a $nowhere; }
--- config
    location / { return 200 "$y\n"; }
--- must_die
--- error_log
unknown "nowhere" variable
