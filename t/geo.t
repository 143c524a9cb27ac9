# `geo`: variables whose values follow from addresses.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: the most specific block, whatever the order
--- http_config
    geo $arg_a $y {
        default        none;
        10.1.1.0/24    narrow;
        10.0.0.0/8     broad;
        10.1.0.0/16    middle;
        10.1.1.7       one;
        2001:db8::/32  six;
        ::1            loop;
        255.255.255.255 nobody;
    }
--- config
    location / { return 200 "$y\n"; }
--- request eval
[map { "GET /?a=$_" } qw(10.1.1.1 10.9.9.9 10.1.2.3 10.1.1.7 11.0.0.1 2001:db8::5 ::1 ::2 ::ffff:10.1.1.7 nonsense 10.1.1.7:80), '']
--- response_body eval
[map { "$_\n" } qw(narrow broad middle one none six loop none one nobody nobody nobody)]



=== TEST 2: the client's own address; without a default the value is empty; a literal dollar
--- http_config
    geo $here { 127.0.0.0/8 "is here"; }
    geo $there { 10.0.0.0/8 there; }
    geo $dollar { default "$"; }
    geo $literal { default "$here"; }
--- config
    location / { return 200 "[$here][$there][$dollar][$literal]\n"; }
--- request
GET /
--- response_body
[is here][][$][$here]



=== TEST 3: ranges: the last one counts
--- http_config
    geo $arg_a $y {
        ranges;
        default none;
        10.0.0.0-10.0.0.255 first;
        10.0.0.100-10.0.1.50 second;
        10.0.0.120 one;
        2001:db8::1-2001:db8::9 six;
        10.5.0.0-10.5.0.9 gone;
        delete 10.5.0.0-10.5.0.9;
    }
--- config
    location / { return 200 "$y\n"; }
--- request eval
[map { "GET /?a=$_" } qw(10.0.0.99 10.0.0.100 10.0.1.50 10.0.1.51 10.0.0.120 10.0.0.121 2001:db8::9 2001:db8::a 10.5.0.5)]
--- response_body eval
[map { "$_\n" } qw(first second second none one second six none none)]



=== TEST 4: include, delete, duplicates
--- http_config
    geo $arg_a $y {
        include $TEST_SLUICE_PREFIX/html/networks.conf;
        delete 10.2.0.0/16;
        delete 10.3.0.0/16;
        10.1.0.0/16 b;
        10.4.4.4/16 low;
    }
--- user_files
>>> networks.conf
10.1.0.0/16 a;
10.2.0.0/16 c;
10.0.0.0/8 d;
--- config
    location / { return 200 "$y\n"; }
--- request eval
[map { "GET /?a=$_" } qw(10.1.1.1 10.2.1.1 10.4.1.1)]
--- response_body eval
["b\n", "d\n", "low\n"]



=== TEST 5: behind a proxy
--- http_config
    geo $last { default other; proxy 127.0.0.1; 10.0.0.0/8 ten; 192.168.0.0/16 inner; 127.0.0.1 proxy; }
    geo $far { default other; proxy 127.0.0.0/8; proxy 192.168.0.0/16; proxy_recursive; 10.0.0.0/8 ten; 192.168.0.0/16 inner; 127.0.0.1 proxy; }
    geo $none { default other; proxy 10.0.0.1; 10.0.0.0/8 ten; 127.0.0.1 proxy; }
--- config
    location / { return 200 "$last $far $none\n"; }
--- request eval
[('GET /') x 4]
--- more_headers eval
['', 'X-Forwarded-For: 10.1.1.1, 192.168.0.1', "X-Forwarded-For: 10.1.1.1\nX-Forwarded-For: 192.168.0.1", 'X-Forwarded-For: x']
--- response_body eval
["proxy proxy proxy\n", "inner ten proxy\n", "inner ten proxy\n", "proxy proxy proxy\n"]



=== TEST 6: what was set stays
--- http_config
    geo $y { default a; }
--- config
    location / { set $y b; return 200 "$y\n"; }
    location /not { return 200 "$y\n"; }
--- request eval
['GET /', 'GET /not']
--- response_body eval
["b\n", "a\n"]



=== TEST 7: a cycle of variables that need each other ends
--- http_config
    map "$b" $a { default x; }
    geo $a $b { default y; }
--- config
    location / { return 200 "$a $b\n"; }
--- request
GET /
--- response_body
x y
--- error_log
cycle while evaluating variable "a"



=== TEST 8: no network
--- http_config
    geo $y { 10.0.0.256 a; }
--- config
--- must_die
--- error_log
invalid network "10.0.0.256" in



=== TEST 9: a range that ends before it begins
--- http_config
    geo $y { ranges; 10.0.0.2-10.0.0.1 a; }
--- config
--- must_die
--- error_log
invalid network "10.0.0.2-10.0.0.1" in



=== TEST 10: ranges come first
--- http_config
    geo $y { default a; ranges; }
--- config
--- must_die
--- error_log
the "ranges" directive must be the first directive inside "geo" block in



=== TEST 11: too many words, too few
--- http_config
    geo $y { 10.0.0.0/8 a b; }
    geo $z { nothing; }
--- config
--- must_die
--- error_log eval
[qr/invalid number of the geo parameters in \S+:\d+/]



=== TEST 12: names that are built in
--- http_config
    geo $uri { default a; }
    geo $http_x { default a; }
    geo y { default a; }
--- config
--- must_die
--- error_log
the duplicate "uri" variable in
the variable "http_x" cannot be defined, all names that begin with "http_" are built in in
invalid variable name "y" in



=== TEST 13: a hundred thousand networks
--- http_config eval
my $lines = join '', map { my ($a, $b) = ($_ >> 8 & 255, $_ & 255); "$a.$b." . ($_ >> 16) * 16 . ".0/20 n$_;\n" } 256 .. 100_255;
"geo \$arg_a \$y { default none; $lines }"
--- config
    location / { return 200 "$y\n"; }
--- request eval
[map { "GET /?a=$_" } qw(1.0.0.1 1.0.16.1 1.0.15.255 255.255.15.9 0.5.3.4)]
--- response_body eval
["n256\n", "n65792\n", "n256\n", "n65535\n", "none\n"]
