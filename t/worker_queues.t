# Connections that wait in a worker's listening socket: whatever becomes of the worker, they are served. And what a dead worker leaves to
# the next one.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Http;
use Test::Sluice::Load;
use Test::Sluice::Process qw(wait_until process_title);
use Test::Sluice::Server;

my $kClients = 24;    # the kernel spreads them by hash: every worker's socket gets some

my $kHttp = '
    lua_shared_dict kept 1m;
    init_by_lua_block { if ngx.shared.kept:get("poison") then error("poisoned") end }';
my $kConfig = '
    location / { return 200 "hello\n"; }
    location /count { content_by_lua_block { ngx.say((ngx.shared.kept:incr("hits", 1, 0))) } }
    location /set { content_by_lua_block { ngx.shared.kept:set(ngx.var.arg_name, 1) } }
    location /workers { content_by_lua_block { ngx.say(ngx.worker.count()) } }
    location /hang { content_by_lua_block { while true do end } }';

sub server {
    return Test::Sluice::Server->new(http_config => $kHttp, config => $kConfig, main_config => 'worker_watchdog 0;', log_level => 'notice', @_);
}

# waiting: clients that have sent a request while their worker may be stopped.
sub waiting {
    my ($s) = @_;
    my @clients = map { $s->connection } 1 .. $kClients;
    $_->write(Test::Sluice::Http::build_request('GET', '/')) for @clients;
    return @clients;
}

# all_served: how many of CLIENTS get their response.
sub all_served {
    my $served = 0;
    for my $client (@_) {
        my $response = $client->read_response;
        $served++ if $response->status eq '200' && $response->body eq "hello\n";
        $client->close;
    }
    return $served;
}

subtest 'a worker that is killed: its queue is served by the next one, dictionaries are as they were' => sub {
    my $s = server(workers => 2)->start;
    is $s->get('/count')->body, "$_\n", "hit $_" for 1 .. 3;
    my @workers = $s->worker_pids;
    kill 'STOP', @workers;
    my @clients = waiting($s);
    kill 'KILL', $workers[0];
    ok $s->wait_for_workers(2, $workers[0]), 'another one runs';
    kill 'CONT', $workers[1];
    is all_served(@clients), $kClients, 'every client is served';
    is $s->get('/count')->body, "4\n", 'the dictionary is as it was';
    is_deeply [grep { $_ == $workers[1] } $s->worker_pids], [$workers[1]], 'the other worker is the same';
    $s->stop(allowed => [qr/exited on signal 9/]);
};

subtest 'all workers killed at once: every queue is served, dictionaries are as they were' => sub {
    my $s = server(workers => 3)->start;
    is $s->get('/count')->body, "1\n", 'a hit';
    my @workers = $s->worker_pids;
    kill 'STOP', @workers;
    my @clients = waiting($s);
    kill 'KILL', @workers;
    ok $s->wait_for_workers(3, @workers), 'others run';
    is all_served(@clients), $kClients, 'every client is served';
    is $s->get('/count')->body, "2\n", 'the dictionary is as it was';
    $s->stop(allowed => [qr/exited on signal 9/]);
};

subtest 'an endless loop in Lua: the worker is replaced, its obituary names the request, the others in its queue are served' => sub {
    my $s = server(workers => 1, main_config => 'worker_watchdog 1s;')->start;
    my ($worker) = $s->worker_pids;
    my $guilty = $s->connection;
    $guilty->write(Test::Sluice::Http::build_request('GET', '/hang?why=1'));
    ok $guilty->wait_consumed(5), 'it hangs';
    my @clients = waiting($s);
    ok $s->wait_for_workers(1, $worker), 'another one runs';
    is all_served(@clients), $kClients, 'every client is served';
    ok $s->wait_for_log(qr/worker process $worker has been hung for \d+ ms and is killed/), 'the log says so';
    ok $s->wait_for_log(qr/worker process $worker died .*for request "GET \/hang\?why=1 HTTP\/1\.1"/), 'and what it did';
    $s->stop(allowed => [qr/has been hung/, qr/exited on signal/, qr/worker process \d+ died/]);
};

subtest 'fewer workers: the queue of one that leaves is served' => sub {
    my $s = server(workers => 3)->start;
    my @workers = $s->worker_pids;
    kill 'STOP', @workers[1, 2];
    my @clients = waiting($s);
    $s->write_config(workers => 1);
    is $s->reload, 0, 'one worker';
    kill 'CONT', @workers[1, 2];
    is all_served(@clients), $kClients, 'every client is served';
    ok wait_until { my @now = $s->worker_pids; "@now" eq $workers[0] }, 'one worker stays';
    is $s->get('/workers')->body, "1\n", 'ngx.worker.count knows';
    $s->stop;
};

subtest 'the end: what queues when QUIT comes is served, then nobody listens' => sub {
    my $s = server(workers => 2)->start;
    my @workers = $s->worker_pids;
    kill 'STOP', @workers;
    my @clients = waiting($s);
    $s->signal('QUIT');
    ok wait_until { $s->log =~ /\(SIGQUIT\) received/ }, 'the master is told';
    kill 'CONT', @workers;
    is all_served(@clients), $kClients, 'every client is served';
    $s->stop;
};

subtest 'a connection that drains does not keep the address' => sub {
    my $s    = server(workers => 2)->start;
    my $slow = $s->connection;
    $slow->write("GET / HTTP/1.1\r\n");
    ok $slow->wait_consumed(5), 'a request has begun';
    $s->signal('QUIT');
    ok wait_until { !$s->listens }, 'nobody listens any more';
    $slow->write("Host: localhost\r\n\r\n");
    is $slow->read_response->body, "hello\n", 'it is answered all the same';
    $s->stop;
};

subtest 'workers come and go under load: no request fails' => sub {
    my $s    = server(workers => 1)->start;
    my $load = Test::Sluice::Load->start(port => $s->port, targets => ['/']);
    for my $workers (3, 1, 2, 4, 1, 3, 2, 1) {
        $s->write_config(workers => $workers);
        is $s->reload, 0, "$workers workers";
        is $s->get('/workers')->body, "$workers\n", 'ngx.worker.count knows';
    }
    my $done = $load->stop;
    is $done->{failures}, 0, "of $done->{requests}" or diag $done->{first};
    ok wait_until { my @now = $s->worker_pids; @now == 1 }, 'one worker is left';
    $s->stop;
};

subtest 'a reload that would have brought workers fails: no client waited for them' => sub {
    my $s = server(workers => 1)->start;
    is $s->get('/set?name=poison')->status, 200, 'init_by_lua will fail in the control process, when the sockets are open';
    my $load = Test::Sluice::Load->start(port => $s->port, targets => ['/']);
    for (1 .. 5) {
        $s->write_config(workers => 4);
        is $s->reload, 1, 'it fails';
        like $s->reload_output, qr/poisoned/, 'for that reason';
    }
    my $done = $load->stop;
    is $done->{failures}, 0, "of $done->{requests}" or diag $done->{first};
    $s->stop(allowed => [qr/poisoned/]);
};

done_testing;
