# `split_clients`: shares of a hash, the same as nginx's.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: the parts in their order
--- http_config
    split_clients "$arg_x" $half { 50% first; * second; }
    split_clients "$arg_x" $all { 100% all; }
--- config
    location / { return 200 "$half $all\n"; }
--- request eval
[map { "GET /?x=$_" } '', 'a', 'ab', 'abc', 'abcd', 'abcde', 'abcdefgh']
--- response_body eval
# MurmurHash2 with seed 0: the upper half of the 32 bits is "second".
sub murmur {
    my @b = unpack 'C*', shift;
    use integer;
    my $m = 0x5bd1e995;
    my $mul = sub { ($_[0] * $m) & 0xffffffff };
    my $h = @b;
    while (@b >= 4) {
        my $k = $b[0] | $b[1] << 8 | $b[2] << 16 | $b[3] << 24;
        splice @b, 0, 4;
        $k = $mul->($k);
        $k ^= $k >> 24;
        $k = $mul->($k);
        $h = $mul->($h) ^ $k;
    }
    $h ^= $b[$_] << 8 * $_ for 0 .. $#b;
    $h = $mul->($h) if @b;
    $h ^= $h >> 13;
    $h = $mul->($h);
    return $h ^ $h >> 15;
}
[map { (murmur($_) < 0x7fffffff ? 'first' : 'second') . " all\n" } '', 'a', 'ab', 'abc', 'abcd', 'abcde', 'abcdefgh']



=== TEST 2: what no part takes is empty
--- http_config
    split_clients $arg_x $y { 0.01% one; }
--- config
    location / { return 200 "[$y]\n"; }
--- request
GET /?x=abc
--- response_body
[]



=== TEST 3: an invalid share
--- http_config
    split_clients $arg_x $y { 0% one; }
--- config
    location / { return 200 "[$y]\n"; }
--- must_die
--- error_log
invalid percent value "0%" in



=== TEST 4: more than everything
--- http_config
    split_clients $arg_x $y { 60% one; 40.01% two; }
--- config
    location / { return 200 "[$y]\n"; }
--- must_die
--- error_log
percent total is greater than 100% in



=== TEST 5: cycles end, of one and of two
--- http_config
    split_clients "$arg_x$own" $own { 50% a; * a; }
    split_clients "$arg_x$b" $a { 50% c; * c; }
    split_clients "$arg_x$a" $b { * d; }
    split_clients "$arg_x$part" $part { 0.01% one; }
--- config
    location / { return 200 "[$own$a$b$part]\n"; }
--- request eval
["GET /?x=1", "GET /?x=2"]
--- response_body eval
["[acd]\n", "[acd]\n"]
--- error_log eval
[qr/cycle while evaluating variable "own"/, qr/cycle while evaluating variable "a"/, qr/cycle while evaluating variable "part"/]
