# An idle keep-alive connection costs a worker at most 1 KB, an idle WebSocket 3 KB.
use strict;
use warnings;
use lib 't/lib';
use POSIX ();
use Test::More;
use Test::Sluice::Footprint qw(memory_of descriptors_of);
use Test::Sluice::Http;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

plan skip_all => 'sanitizers have memory of their own' if qx{'${\Test::Sluice::Server::binary()}' -V 2>&1} =~ /sanitizer=(?!none)/;

my $kBytesEach = 1024;
my $kSpare     = 200;      # descriptors of the test itself
my $limit      = POSIX::sysconf(POSIX::_SC_OPEN_MAX());
my $count      = $limit < 10_000 + $kSpare ? $limit - $kSpare : 10_000;
my $kFewest    = 5_000;    # where the hard limit allows them
chomp(my $hard = qx{sh -c 'ulimit -Hn'});
my $allowed = $hard eq 'unlimited' || $hard >= $kFewest + $kSpare;
my $too_few = "only $limit descriptors: too few to measure";
if ($allowed && $count < $kFewest) {
    fail "$too_few, the hard limit is $hard: run `ulimit -n $hard` before";
    done_testing;
    exit;
}
plan skip_all => $too_few if $count < 500;
diag "$count connections, as $limit descriptors allow" if $count < 10_000;

my $origin = Test::Sluice::Origin->start;
my $server = Test::Sluice::Server->new(
    connections => 20_000, log_level => 'warn', vars => { ORIGIN => $origin->port },
    config      => <<'END');
        keepalive_timeout 600s;
        location / { access_log off; return 200 "$request_uri\n"; }
        location /ws { access_log logs/access.log; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN; }
END
$server->start;

my ($worker) = $server->worker_pids;
my @open;

# idle: COUNT more connections, each of which has had a request answered. Gives how many answers were right.
sub idle {
    my ($more) = @_;
    my $right = 0;
    for my $n (1 .. $more) {
        my $connection = $server->connection;
        $right++ if $connection->request(GET => "/$n")->body eq "/$n\n";
        push @open, $connection;
    }
    return $right;
}

idle(100);    # what is made once, is made
my $before      = memory_of($worker, 'Private_Dirty');
my $descriptors = descriptors_of($worker);
is idle($count), $count, "$count connections are answered";
my $after = memory_of($worker, 'Private_Dirty');
is descriptors_of($worker) - $descriptors, $count, 'and stay open';

my $each = ($after - $before) / $count;
cmp_ok $each, '<=', $kBytesEach, sprintf '%.0f bytes each', $each;
cmp_ok $each, '>', 0, 'which is something';

is $open[-1]->request(GET => '/again')->body, "/again\n", 'the last one can ask again';
is $open[0]->request(GET => '/again')->body, "/again\n", 'the first one, too';
$_->close for @open;
ok wait_until { descriptors_of($worker) < $descriptors }, 'all of them are gone when their clients are';

# A pair of connections, and an exchange that sleeps until its log phase: awake it would be over 9 KB.
sub idle_websockets {
    my ($more) = @_;
    return map { my $ws = $server->websocket(target => "/ws?$_"); $ws->echo('abc') eq 'abc' or die 'no echo'; $ws } 1 .. $more;
}

subtest 'idle WebSockets' => sub {
    my $most  = 3 * 1024;
    my $count = 1000;
    kill KILL => $worker;
    ok $server->wait_for_workers(1, $worker), 'a worker without a past';
    ($worker) = $server->worker_pids;
    my @some        = idle_websockets(100);
    my $before      = memory_of($worker, 'Private_Dirty');
    my $descriptors = descriptors_of($worker);
    my @open        = idle_websockets($count);
    my $each        = (memory_of($worker, 'Private_Dirty') - $before) / $count;
    is descriptors_of($worker) - $descriptors, 2 * $count, "$count stay open, with two connections each";
    cmp_ok $each, '<=', $most, sprintf '%.0f bytes each', $each;
    cmp_ok $each, '>', 0, 'which is something';
    is $_->echo('again'), 'again', 'one that was idle echoes' for $open[0], $open[-1];
    $_->http->close for @some, @open;
    ok wait_until { descriptors_of($worker) < $descriptors }, 'all of them are gone when their clients are';
};

$server->stop(allowed => [qr/exited on signal 9/]);
$origin->stop;
done_testing;
