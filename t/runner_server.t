# The runner's own tests: the helpers for scenarios (Test::Sluice::Server and its clients).
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Server;
use Test::Sluice::Process qw(wait_until);

my $origin = Test::Sluice::Origin->start;
my $server = Test::Sluice::Server->new(
    workers => 2,
    vars    => { ORIGIN_PORT => $origin->port },
    config  => <<'END');
    location / { return 200 "one\n"; }
    location /log { content_by_lua_block { ngx.log(ngx.WARN, "noted ", ngx.var.arg_n) ngx.say("ok") } }
    location /up/ {
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
        proxy_buffering off;
    }
END

subtest 'start' => sub {
    $server->start;
    ok $server->running, 'runs';
    is $server->daemon_pid, $server->master_pid, 'the pid file names the master';
    is scalar(my @workers = $server->worker_pids), 2, 'two workers';
    is $server->get('/')->body, "one\n", 'answers';
};

subtest 'keep-alive connection' => sub {
    my $c = $server->connection;
    is $c->request(GET => '/')->status, 200, "request $_" for 1 .. 3;
    my $post = $c->request(POST => '/up/echo', body => 'abc', headers => ['X-A: b']);
    like $post->body, qr/^POST \/echo .*X-A: b.*\n\nabc\z/s, 'a body goes up';
    is $c->request(HEAD => '/up/bytes/10')->header('Content-Length'), 10, 'HEAD has no body';
    is length $c->request(GET => '/up/bytes/300000')->body, 300_000, 'a long body';
    is length $c->request(GET => '/up/chunked-bytes/300000')->body, 300_000, 'a long chunked body';
    $c->close;
};

subtest 'websocket' => sub {
    my $ws = $server->websocket(target => '/up/ws', protocol => 'chat');
    ok $ws->usable, 'accepted';
    is $ws->response->header('Sec-WebSocket-Protocol'), 'chat', 'protocol';
    is $ws->echo($_ x 3), $_ x 3, "echo $_" for qw(a b);
    is length $ws->echo('x' x 70_000), 70_000, 'a long message';
    $ws->ping('p');
    is $ws->recv->{payload}, 'p', 'pong';
    $ws->send_close;
    is $ws->recv->{opcode}, 8, 'close is answered';
    ok $ws->at_eof, 'and the connection ends';
};

subtest 'event stream' => sub {
    my ($c, $response) = $server->sse('/up/sse?n=2&id=s');
    is $response->header('Content-Type'), 'text/event-stream', 'head before any event';
    for my $i (1 .. 2) {
        $origin->trigger('s');
        is $c->next_event($response)->{data}, "event $i", "event $i when it is triggered";
    }
    is $c->next_event($response), undef, 'the end';
};

subtest 'log' => sub {
    my $mark = $server->log_mark;
    $server->get('/log?n=7');
    ok $server->wait_for_log(qr/\[warn\].*noted 7/, $mark), 'a line that was logged';
    ok !$server->wait_for_log(qr/noted 8/, $mark, 0.05), 'a line that was not';
};

subtest 'killed worker' => sub {
    my ($victim, $other) = $server->worker_pids;
    kill 'KILL', $victim;
    ok $server->wait_for_workers(2, $victim), 'is replaced';
    ok scalar(grep { $_ == $other } $server->worker_pids), 'the other one stays';
    is $server->get('/')->body, "one\n", 'answers';
};

subtest 'reload' => sub {
    $server->write_config(config => 'location / { return 200 "two\n"; }');
    is $server->reload, 0, 'a good one takes effect';
    is $server->get('/')->body, "two\n", 'new answer';
    $server->write_config(config => 'lokation / { return 200 "three\n"; }');
    isnt $server->reload, 0, 'a bad one is refused';
    like $server->reload_output, qr/unknown directive "lokation"/, 'with the reason';
    is $server->get('/')->body, "two\n", 'and changes nothing';
};

subtest 'command line' => sub {
    my $bad = $server->command('-t');
    is $bad->{status}, 1, 'status';
    like $bad->{stderr}, qr{\[emerg\] .*unknown directive "lokation" in \S+proxy\.conf:\d+}, 'message';
};

$server->stop(allowed => [qr/unknown directive "lokation"/, qr/exited on signal 9|died|killed/]);
ok !-e $server->prefix, 'its directory is gone';

my $refused = Test::Sluice::Server->new(config => 'nonsense;');
ok !eval { $refused->start; 1 }, 'a server that does not start is an error';
like $@, qr/ended with status 1.*unknown directive "nonsense"/s, 'that shows the log';

my $daemon = Test::Sluice::Server->new(daemon => 'on', config => 'location / { return 200 "daemon\n"; }');
is $daemon->start_daemon->{status}, 0, 'a daemon\'s parent ends with 0';
is $daemon->get('/')->body, "daemon\n", 'when the daemon already answers';
$daemon->stop(name => 'the daemon ended cleanly');

$origin->stop;
done_testing;
