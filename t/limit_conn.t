# limit_conn: requests in progress are held open by an origin that answers when told to.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my $origin = Test::Sluice::Origin->start;
my %config = (vars => { ORIGIN_PORT => $origin->port }, workers => 2, http_config => <<'END', config => <<'END2');
    limit_conn_zone $arg_key zone=keys:1m;
    limit_conn_zone $server_name zone=server:1m;
    log_format verdict '$uri $arg_id $status $limit_conn_status';
END
        access_log logs/access.log verdict;
        location / { limit_conn keys 2; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /status429 { limit_conn_status 429; limit_conn_log_level notice; limit_conn keys 2; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /dry { limit_conn_dry_run on; limit_conn keys 2; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/echo; }
        location /both/ { limit_conn keys 10; limit_conn server 1; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /free { return 200 "free\n"; }
END2
my $server = Test::Sluice::Server->new(%config);
$server->start;

# hold: a request that is in progress until release.
sub hold {
    my ($path, $key, $id) = @_;
    my $c = $server->connection(timeout => 10);
    $c->write("GET $path/slow-trigger?key=$key&id=$id HTTP/1.1\r\nHost: a\r\n\r\n");
    ok wait_until { grep { ($_->{target} // '') =~ /id=$id\b/ } $origin->requests }, "$id is in progress";
    return $c;
}

sub release {
    my ($c, $id) = @_;
    $origin->trigger($id);
    is $c->read_response->status, 200, "$id is answered";
    $c->close;
}

sub status { my ($target) = @_; return $server->get($target)->status }

my $one = hold('', 'a', 'one');
is status('/echo?key=a'), 200, 'the second passes, and is over';
my $two = hold('', 'a', 'two');
is status('/echo?key=a'), 503, 'the third is refused';
is status('/echo?key=b'), 200, 'not for another key';
is status('/echo?key='), 200, 'an empty key is not counted';
is status('/free?key=a'), 200, 'nor is a location without the limit';
is status('/status429/echo?key=a'), 429, 'limit_conn_status';
is status('/dry?key=a'), 200, 'a dry run refuses nobody';
ok $server->wait_for_log(qr/\[error\] .*limiting connections by zone "keys", client:/), 'logged as an error';
ok $server->wait_for_log(qr/\[notice\] .*limiting connections by zone "keys"/), 'limit_conn_log_level';
ok $server->wait_for_log(qr/limiting connections, dry run, by zone "keys"/), 'the dry run, too';
ok wait_until { my $log = $server->access_log; !grep { $log !~ $_ } qr/ PASSED$/m, qr/503 REJECTED$/m, qr/ REJECTED_DRY_RUN$/m, qr{^/free - 200 -$}m }, '$limit_conn_status';

release($one, 'one');
ok wait_until { status('/echo?key=a') == 200 }, 'one less: the next passes';
release($two, 'two');

subtest 'several limits' => sub {
    my $held = hold('/both', 'x', 'three');
    is status('/both/echo?key=y'), 503, 'the server\'s';
    is status('/echo?key=y'), 200, 'which is not counted for the key';
    release($held, 'three');
};

subtest 'a client that leaves' => sub {
    my @held = (hold('', 'gone', 'four'), hold('', 'gone', 'five'));
    is status('/echo?key=gone'), 503, 'two in progress';
    $_->close for @held;
    ok wait_until { status('/echo?key=gone') == 200 }, 'they no longer count';
};

subtest 'a WebSocket' => sub {
    my $ws = $server->websocket(target => '/ws?key=ws');
    my $other = $server->websocket(target => '/ws?key=ws');
    is status('/echo?key=ws'), 503, 'two stand';
    is $_->echo('ping'), 'ping', 'it works' for $ws, $other;
    is status('/echo?key=ws'), 503, 'they still count';
    $_->close for $ws, $other;
    ok wait_until { status('/echo?key=ws') == 200 }, 'until they end';
};

subtest 'a worker that dies' => sub {
    my @held = (hold('', 'dead', 'six'), hold('', 'dead', 'seven'));
    is status('/echo?key=dead'), 503, 'two in progress';
    my @victims = $server->worker_pids;
    kill 'KILL', @victims;
    ok $server->wait_for_workers(2, @victims), 'others take their place';
    ok wait_until { status('/echo?key=dead') == 200 }, 'what the dead ones counted is gone';
    $_->close for @held;
};

subtest 'a reload' => sub {
    my @held = (hold('', 'kept', 'eight'), hold('', 'kept', 'nine'));
    is $server->reload, 0, 'takes effect';
    is status('/echo?key=kept'), 503, 'what is in progress still counts';
    release($held[0], 'eight');
    release($held[1], 'nine');
    ok wait_until { status('/echo?key=kept') == 200 }, 'and ends';
};

for my $bad (['limit_conn keys 0;', qr/invalid number of connections "0"/], ['limit_conn keys 70000;', qr/connection limit must be less 65536/],
    ['limit_conn nowhere 1;', qr/zero size shared memory zone "nowhere"/], ['limit_conn keys 1; limit_conn keys 2;', qr/"limit_conn" directive is duplicate/]) {
    $server->write_config(%config, config => $bad->[0]);
    isnt $server->reload, 0, $bad->[0];
    like $server->reload_output, $bad->[1], 'refused by name';
}

$server->stop(allowed => [qr/exited on signal 9/, qr/limiting connections/, qr/emerg/]);
done_testing;
