# Bytes pass as they come, in both directions, and no faster than the other side takes them.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;
use Test::Sluice::TcpScript;

my $origin = Test::Sluice::Origin->start;
my $early  = Test::Sluice::TcpScript->start(keep_open => 1, replies => [
    "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"]);
my $server = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port, EARLY_PORT => $early->port }, config => <<'END');
        client_max_body_size 0;
        proxy_request_buffering off;
        location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /early { proxy_pass http://127.0.0.1:$TEST_SLUICE_EARLY_PORT; }
        location /buffered/ { proxy_buffering on; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /slow-client/ { proxy_buffering off; send_timeout 300ms; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
END
$server->start;

for my $path ('/', '/buffered/') {
    subtest "events arrive as they are sent: $path" => sub {
        my ($c, $response) = $server->sse("${path}sse?n=3&id=x");
        is $response->status, 200, 'the head is there before any event';
        is $response->header('Transfer-Encoding'), 'chunked', 'chunked';
        for my $i (1 .. 3) {
            $origin->trigger('x');
            is $c->next_event($response)->{data}, "event $i", "event $i before the next is sent";
        }
        is $c->next_event($response), undef, 'then it ends';
        $c->close;
    };
}

subtest 'a client that leaves an event stream' => sub {
    $origin->reset;
    my ($c, $response) = $server->sse('/sse?n=2&id=leave&stay=1');
    $origin->trigger('leave');
    is $c->next_event($response)->{data}, 'event 1', 'after the first event';
    $c->close;
    ok wait_until { !$origin->state->[0]{open} }, 'the upstream connection is closed although nothing more is sent';
    ok wait_until { $server->access_log =~ m{"GET /sse\?n=2&id=leave&stay=1 HTTP/1\.1" (?:200|499) } }, 'and the request is logged';
};

subtest 'a client that does not read holds the upstream back' => sub {
    my $mebibytes = 60;
    my $rss = sub { my $kb = 0; for my $pid ($server->worker_pids) { $kb += $1 if Test::Sluice::Process::slurp("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m } $kb };
    my $before = $rss->();
    my $c = $server->connection(timeout => 30);
    $c->write("GET /bytes/" . $mebibytes * 1_048_576 . " HTTP/1.1\r\nHost: a\r\n\r\n");
    my $head = $c->read_head;
    is $head->status, 200, 'the response begins';
    my $during = $server->connection;
    is $during->request(GET => '/bytes/3')->body, '012', 'others are served meanwhile';
    cmp_ok $rss->() - $before, '<', 8_192, 'the worker keeps less than 8 MB of the 60';
    my $size = 0;
    my $wrong = 0;
    while (defined(my $bytes = $c->read_body($head))) {
        last unless length $bytes;
        $wrong++ if substr($bytes, 0, 10) ne substr('0123456789' x 2, $size % 10, 10) && length $bytes >= 10;
        $size += length $bytes;
    }
    is $size, $mebibytes * 1_048_576, 'then all of it arrives';
    is $wrong, 0, 'each byte in its place';
    is $head->error, '', 'without an error';
};

subtest 'a client that never reads is given up after send_timeout' => sub {
    $origin->reset;
    my $c = $server->connection;
    $c->write("GET /slow-client/bytes/50000000 HTTP/1.1\r\nHost: a\r\n\r\n");
    ok wait_until { $server->access_log =~ m{"GET /slow-client/bytes/50000000 } }, 'the request ends';
    ok wait_until { !grep { $_->{open} } @{ $origin->state } }, 'and the upstream connection, too';
    $c->close;
};

subtest 'an upload reaches the origin while it is sent' => sub {
    $origin->reset;
    my $c = $server->connection;
    $c->write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n");
    for my $piece (qw(ab cd ef)) {
        $c->write($piece);
        ok wait_until { $origin->raw =~ /$piece\z/ }, "\"$piece\" before the next is sent";
    }
    like $c->read_response->body, qr/\n\nabcdef\z/, 'then the answer';
};

subtest 'a chunked upload, too' => sub {
    $origin->reset;
    my $c = $server->connection;
    $c->write("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for my $piece (qw(ab cd ef)) {
        $c->write("2\r\n$piece\r\n");
        ok wait_until { $origin->raw =~ /$piece\r\n\z/ }, "\"$piece\" before the next is sent";
    }
    $c->write("0\r\n\r\n");
    like $c->read_response->body, qr/\nabcdef\z/, 'then the answer';
};

subtest 'an origin that does not read holds the client back' => sub {
    $origin->reset;
    my $size = 30_000_000;
    my $c = $server->connection(timeout => 30);
    my $socket = $c->socket;
    $c->write("POST /slow-read?id=upload HTTP/1.1\r\nHost: a\r\nContent-Length: $size\r\n\r\n");
    my ($sent, $stuck) = (0, 0);
    my $block = 'u' x 65_536;
    while ($sent < $size && !$stuck) {
        my $n = syswrite $socket, $block, $size - $sent < 65_536 ? $size - $sent : 65_536;
        if (defined $n) { $sent += $n } else { $stuck = !IO::Select->new($socket)->can_write(0.3) }
    }
    ok $stuck, 'the client cannot send all of it';
    cmp_ok $sent, '<', $size, "only a part of $size bytes" or diag $sent;
    $origin->trigger('upload');
    $c->write('u' x ($size - $sent));
    my $response = $c->read_response;
    is $response->status, 200, 'once the origin reads, it arrives';
    like $response->body, qr/^Content-Length: $size$/m, 'with its length';
    is length($response->body) - index($response->body, "\n\n") - 2, $size, 'completely';
};

subtest 'an answer before the upload is complete' => sub {
    my $c = $server->connection;
    $c->write("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" . 'u' x 1000);
    my $response = $c->read_response;
    is $response->status, 403, 'arrives before the upload has ended';
    is $response->body, 'no', 'completely';
    $c->write('u' x 999_000);
    is $c->request(GET => '/early')->body, 'yes', 'what is left of the upload is no request';
    is scalar(my @queries = $early->queries), 2, 'and the upstream connection, which lacks it, is not used again';
};

$server->stop;
$_->stop for $origin, $early;
done_testing;
