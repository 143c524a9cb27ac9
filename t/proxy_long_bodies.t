# Long bodies of known length pass through the kernel without being looked at. Nothing else about them is different.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;
use Test::Sluice::TcpScript;

my $kLength = 3_000_001;
my $kHead   = "HTTP/1.1 200 OK\r\nContent-Length: $kLength\r\n\r\n";
my $kBody   = substr '0123456789' x (1 + $kLength / 10), 0, $kLength;

my $origin = Test::Sluice::Origin->start;
my $long   = Test::Sluice::TcpScript->start(keep_open => 1, replies => ["$kHead${kBody}more", $kHead . $kBody]);
my $short  = Test::Sluice::TcpScript->start(replies => [$kHead . substr $kBody, 0, 2_000_000]);
my $stuck  = Test::Sluice::TcpScript->start(keep_open => 1, replies => [$kHead . substr $kBody, 0, 2_000_000]);
my $early  = Test::Sluice::TcpScript->start(keep_open => 1, query_bytes => 300_000, replies => ["HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"]);
my $gone   = Test::Sluice::TcpScript->start(query_bytes => 300_000, replies => ['']);
my $ended  = Test::Sluice::TcpScript->start(replies => ["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: $kLength\r\n\r\n$kBody"]);
my $server = Test::Sluice::Server->new(vars => {
    EARLY_PORT => $early->port, GONE_PORT => $gone->port, ENDED_PORT => $ended->port,
    ORIGIN_PORT => $origin->port, LONG_PORT => $long->port, SHORT_PORT => $short->port, STUCK_PORT => $stuck->port,
}, http_config => <<'END2', config => <<'END');
    log_format counts "$uri $status $body_bytes_sent $upstream_response_length $upstream_bytes_sent";
    access_log logs/counts.log counts;
    proxy_read_timeout 700ms;
END2
        client_max_body_size 0;
        proxy_request_buffering off;
        location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /long { proxy_pass http://127.0.0.1:$TEST_SLUICE_LONG_PORT; }
        location /short { proxy_pass http://127.0.0.1:$TEST_SLUICE_SHORT_PORT; }
        location /early { proxy_pass http://127.0.0.1:$TEST_SLUICE_EARLY_PORT; }
        location /gone { proxy_pass http://127.0.0.1:$TEST_SLUICE_GONE_PORT; }
        location /ended { proxy_pass http://127.0.0.1:$TEST_SLUICE_ENDED_PORT; }
        location /stuck { proxy_pass http://127.0.0.1:$TEST_SLUICE_STUCK_PORT; }
END
$server->start;

sub counts { return Test::Sluice::Process::slurp($server->prefix . '/logs/counts.log') }

subtest 'a long response' => sub {
    my $c = $server->connection(timeout => 30);
    my $first = $c->request(GET => "/bytes/$kLength");
    ok $first->body eq $kBody, 'arrives byte for byte' or diag length $first->body;
    my $second = $c->request(GET => "/bytes/$kLength");
    ok $second->body eq $kBody, 'and another one on the same connection';
    is $second->header('X-Origin-Connection'), $first->header('X-Origin-Connection'), 'from the same connection to the peer';
    is $c->request(GET => '/bytes/5')->body, '01234', 'and then a short one';
    ok wait_until { counts() =~ m{^/bytes/$kLength 200 $kLength $kLength \d+$}m }, 'the log has its length on both sides' or diag counts();
    is $c->request(HEAD => "/bytes/$kLength")->body, '', 'HEAD has none';
};

subtest 'to a client of HTTP/1.0' => sub {
    my $response = $server->connection->request(GET => "/bytes/$kLength", version => '1.0');
    ok $response->body eq $kBody, 'it is the same';
};

subtest 'bytes behind the announced length' => sub {
    my $mark = $server->log_mark;
    ok $server->get('/long')->body eq $kBody, 'do not reach the client';
    ok $server->get('/long')->body eq $kBody, 'nor the next one';
    is scalar(my @queries = $long->queries), 2, 'the connection is not used again';
};

subtest 'a long body that ends too early' => sub {
    my $mark = $server->log_mark;
    my $response = $server->connection->request(GET => '/short');
    is $response->status, 200, 'its head was there';
    like $response->error, qr/^(?:truncated body|reset)$/, 'cannot be taken for a whole one';
    ok $server->wait_for_log(qr/\[error\] .*upstream prematurely closed connection while reading upstream/, $mark), 'the log says why';
    ok wait_until { counts() =~ m{^/short 200 2000000 2000000 }m }, 'and how much there was' or diag counts();
};

subtest 'a long body that stops' => sub {
    my $mark = $server->log_mark;
    my $response = $server->connection->request(GET => '/stuck');
    like $response->error, qr/^(?:truncated body|reset)$/, 'ends after proxy_read_timeout';
    ok $server->wait_for_log(qr/\[error\] .*upstream timed out \(110: Connection timed out\) while reading upstream/, $mark), 'the log says why';
};

subtest 'a client that leaves in the middle' => sub {
    $origin->reset;
    my $c = $server->connection;
    $c->write("GET /bytes/300000000 HTTP/1.1\r\nHost: a\r\n\r\n");
    $c->read_bytes(200_000);
    $c->reset;
    ok wait_until { !$origin->state->[0]{open} }, 'ends the response of the upstream';
    ok wait_until { counts() =~ m{^/bytes/300000000 200 (\d+) (\d+) }m && $1 >= 200_000 && $1 < 300_000_000 && $1 <= $2 }, 'the log has what it took'
        or diag counts();
};

subtest 'a long upload' => sub {
    my $response = $server->connection(timeout => 30)->request(POST => '/echo', body => $kBody);
    is $response->status, 200, 'is answered';
    ok $response->body =~ /\n\n(.*)\z/s && $1 eq $kBody, 'with what was sent';
    ok wait_until { counts() =~ m{^/echo 200 \d+ \d+ (\d+)$}m && $1 > $kLength }, 'and counted';
};

subtest 'a long upload that the client breaks off' => sub {
    $origin->reset;
    my $mark = $server->log_mark;
    my $c = $server->connection;
    $c->write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: $kLength\r\n\r\n" . substr $kBody, 0, 1_000_000);
    ok wait_until { length $origin->raw > 1_000_000 }, 'a part has come';
    $c->close;
    ok wait_until { !$origin->state->[0]{open} }, 'the upstream learns it';
    ok !(grep { $_->{complete} } $origin->requests), 'and has no whole request';
};

for my $case (['/early', 413, 'an early answer'], ['/gone', 502, 'an upstream that goes away']) {
    my ($path, $status, $what) = @$case;
    subtest "$what during a long upload" => sub {
        my $c = $server->connection(timeout => 10);
        $c->write("POST $path HTTP/1.1\r\nHost: a\r\nContent-Length: $kLength\r\n\r\n" . substr $kBody, 0, 400_000);
        is $c->read_response->status, $status, 'its status';
        # The second request begins exactly behind the first one's body, or nowhere.
        $c->write(substr($kBody, 400_000) . "GET /bytes/5 HTTP/1.1\r\nHost: a\r\n\r\n");
        is $c->read_response->body, '01234', 'the connection goes on behind the whole body';
    };
}

subtest 'a long response that ends with its connection' => sub {
    my $mark = $server->log_mark;
    ok $server->get('/ended')->body eq $kBody, 'arrives';
    unlike substr(Test::Sluice::Process::slurp($server->prefix . "/logs/error.log"), $mark), qr/more data/, 'and its end is no data';
};

subtest 'one that waits for 100-continue' => sub {
    my $c = $server->connection(timeout => 30);
    $c->write("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: $kLength\r\n\r\n");
    like $c->read_until("\r\n\r\n"), qr{^HTTP/1\.1 100 }, 'is told to go on';
    $c->write($kBody);
    my $response = $c->read_response;
    ok $response->body =~ /\n\n(.*)\z/s && $1 eq $kBody, 'and arrives';
};

ok $server->stop, 'a clean end';
$_->stop for $origin, $long, $short, $stuck, $early, $gone, $ended;
done_testing;
