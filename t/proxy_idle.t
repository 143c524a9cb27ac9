# Idle upstream connections: what happens to one is known before the next request, so that even a POST is safe.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until slurp);
use Test::Sluice::Server;

my $origin = Test::Sluice::Origin->start;
my $server = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port }, http_config => <<'END2', config => <<'END');
    upstream impatient { server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; keepalive_timeout 100ms; }
    upstream two       { server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; keepalive 2; }
END2
        location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /impatient/ { proxy_pass http://impatient/; }
        location /two/ { proxy_pass http://two/; }
END
$server->start;

# open_to_origin: how many sockets of anybody are connected to the origin, ours or half closed.
sub open_to_origin { my $port = sprintf '%04X', $origin->port; return scalar grep { /^ *\d+: \w+:\w+ \w+:$port 0[1-58-B] / } split /\n/, slurp("/proc/net/tcp") }

sub forget { $origin->reset; wait_until { !open_to_origin() } or die 'a connection stays' }

subtest 'the upstream closes an idle connection' => sub {
    is $server->get('/bytes/1')->status, 200, 'a request';
    is open_to_origin(), 1, 'leaves one';
    $origin->ask('close_all');
    ok wait_until { !open_to_origin() }, 'which is given up at once';
    is $server->request(POST => '/echo', body => 'abc')->status, 200, 'so a POST gets a new one';
    forget();
};

subtest 'keepalive_timeout' => sub {
    is $server->get('/impatient/bytes/1')->status, 200, 'a request';
    ok wait_until { !open_to_origin() }, 'and its connection is closed after the time';
    forget();
};

subtest 'keepalive 2' => sub {
    my @busy = map { $server->connection } 1 .. 4;
    $_->write("GET /two/slow-trigger?id=four HTTP/1.1\r\nHost: a\r\n\r\n") for @busy;
    ok wait_until { $origin->connections == 4 }, 'four requests at once need four connections';
    $origin->trigger('four', 4);
    is $_->read_response->status, 200, 'answered' for @busy;
    ok wait_until { open_to_origin() == 2 }, 'two of which are kept';
    is $server->get('/two/bytes/1')->status, 200, 'a request' for 1 .. 3;
    is $origin->connections, 4, 'and used';
    forget();
};

subtest 'a drain closes them' => sub {
    is $server->get('/bytes/1')->status, 200, 'a request';
    ok $server->stop, 'then the end';
    ok wait_until { !open_to_origin() }, 'nothing is left';
};

$origin->stop;
done_testing;
