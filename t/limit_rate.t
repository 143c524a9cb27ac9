# limit_rate: what leaves at once, that others are served meanwhile, and that everything arrives. How fast is not measured: a response that
# would take minutes must not be there when everything else is.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my $origin = Test::Sluice::Origin->start;
my $server = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port }, config => <<'END');
        root $TEST_SLUICE_HTML_DIR;
        location /free { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/bytes/100000; }
        location /slow/ { limit_rate 1k; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /after/ { limit_rate 1k; limit_rate_after 300k; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /variable/ { limit_rate $arg_rate; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /set/ { limit_rate 1k; set $limit_rate $arg_rate; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /shown { limit_rate 2k; return 200 "$limit_rate\n"; }
        location /itself { limit_rate $limit_rate; return 200 "$limit_rate\n"; }
        location /files/ { alias $TEST_SLUICE_HTML_DIR/; sendfile on; limit_rate 1k; limit_rate_after 100k; }
        location /quick/ { limit_rate 40k; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
END
$server->write_files('large' => 'x' x 1_000_000);
$server->start;

# at_once: what of a response arrives before it stops, at least `least` bytes; then another request is answered.
sub at_once {
    my ($target, $least) = @_;
    my $c = $server->connection(timeout => 20);
    $c->write("GET $target HTTP/1.1\r\nHost: a\r\n\r\n");
    my $head = $c->read_head;
    is $head->status, 200, "$target: the head is there";
    my $size = 0;
    while ($size < $least) {
        my $bytes = $c->read_body($head);
        return fail "$target: the body" unless defined $bytes && length $bytes;
        $size += length $bytes;
    }
    is length $server->get('/free')->body, 100_000, 'others are served';
    ok !$head->{done}, "$target: it has not ended";
    $c->close;
    return $size;
}

at_once('/slow/bytes/1000000', 500);
cmp_ok at_once('/after/bytes/10000000', 300 * 1024), '<', 400 * 1024, 'limit_rate_after: so much leaves at once, and little more';
cmp_ok at_once('/files/large', 100 * 1024), '<', 200 * 1024, 'files, too, though sendfile is on';
at_once('/variable/bytes/1000000?rate=1k', 500);
at_once('/set/bytes/1000000?rate=2k', 500);

is length $server->get('/variable/bytes/1000000?rate=0')->body, 1_000_000, '0: no limit';
is length $server->get('/variable/bytes/1000000?rate=junk')->body, 1_000_000, 'neither with what is no number';
is length $server->get('/set/bytes/1000000?rate=0')->body, 1_000_000, 'set $limit_rate 0';
is length $server->get('/slow/bytes/700')->body, 700, 'what fits into the first second is not delayed';
is $server->get('/itself')->body, "0\n", 'a limit that asks for itself is none';
is $server->get('/shown')->body, "2048\n", '$limit_rate';

subtest 'a paced response arrives as it is' => sub {
    my $body = $server->connection(timeout => 30)->request(GET => '/quick/bytes/80000')->body;
    is $body, substr('0123456789' x 8_000, 0, 80_000), 'every byte';
};

subtest 'a client that leaves while its response waits' => sub {
    my $c = $server->connection;
    $c->write("GET /slow/bytes/1000000?left HTTP/1.1\r\nHost: a\r\n\r\n");
    is $c->read_head->status, 200, 'it began';
    $c->close;
    ok wait_until { $server->access_log =~ m{/slow/bytes/1000000\?left} }, 'the request ends';
};

$server->stop;
done_testing;
