# A worker that is killed takes with it what it had in progress: its peers are as free afterwards as if the requests had ended.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my $origin = Test::Sluice::Origin->start;
my $other  = Test::Sluice::Origin->start;
my $server = Test::Sluice::Server->new(workers => 2, vars => { ONE => $origin->port, TWO => $other->port }, http_config => <<'END2', config => <<'END');
    upstream two_at_once { server 127.0.0.1:$TEST_SLUICE_ONE max_conns=2; }
    upstream least { least_conn; server 127.0.0.1:$TEST_SLUICE_ONE; server 127.0.0.1:$TEST_SLUICE_TWO; }
END2
        location / { proxy_pass http://two_at_once; }
        location /least/ { proxy_pass http://least/; }
        location /pid { return 200 "$pid"; }
END
$server->start;

# connection_to: one that the worker serves.
sub connection_to {
    my ($worker) = @_;
    for (1 .. 100) {
        my $c = $server->connection;
        return $c if $c->request(GET => '/pid')->body eq $worker;
    }
    die "no connection of 100 came to worker $worker";
}

# hold: a request over the connection that stays in progress until the connection is closed; gives the connection.
sub hold {
    my ($c, $target) = @_;
    my $before = $origin->requests + $other->requests;
    $c->write("GET $target HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until { $origin->requests + $other->requests > $before } or die 'the request did not arrive';
    return $c;
}

# kill_worker: when it is gone, and another one serves in its place.
sub kill_worker {
    my ($worker) = @_;
    my $mark = $server->log_mark;
    kill KILL => $worker;
    ok $server->wait_for_workers(2, $worker), 'a killed worker is replaced';
    return $server->wait_for_log(qr/worker process $worker exited on signal 9/, $mark);
}

subtest 'max_conns: only what the dead worker had in progress is forgotten' => sub {
    my ($victim, $survivor) = $server->worker_pids;
    my $lost = hold(connection_to($victim),   '/hang');
    my $kept = hold(connection_to($survivor), '/hang');
    is $server->get('/bytes/1')->status, 502, 'two are in progress: a third is refused';
    kill_worker($victim);
    is $server->get('/bytes/1')->status, 200, "request $_ is answered" for 1 .. 3;
    my $second = hold($server->connection, '/hang');
    is $server->get('/bytes/1')->status, 502, 'the survivor\'s and a new one: a third is refused';
    $_->close for $lost, $kept, $second;
    ok wait_until { $server->get('/bytes/1')->status == 200 }, 'their clients go: the peer is free';
};

subtest 'least_conn: the dead worker\'s peer gets its turns again' => sub {
    my ($victim) = $server->worker_pids;
    $_->reset for $origin, $other;
    my @held = map { hold(connection_to($victim), '/least/hang') } 1 .. 4;
    is_deeply [scalar $origin->requests, scalar $other->requests], [2, 2], 'two at each peer';
    kill_worker($victim);
    $_->reset for $origin, $other;
    my @next = map { hold($server->connection, '/least/hang') } 1 .. 4;
    is_deeply [scalar $origin->requests, scalar $other->requests], [2, 2], 'two at each peer again';
    $_->close for @held, @next;
};

$server->stop(allowed => [qr/exited on signal 9/, qr/no live upstreams/]);
$_->stop for $origin, $other;
done_testing;
