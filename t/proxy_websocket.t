# WebSockets through the proxy, and everything that must not become a tunnel.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;
use Test::Sluice::TcpScript;
use Test::Sluice::WebSocket qw(encode_frame OP_TEXT OP_CLOSE);

my $origin = Test::Sluice::Origin->start;
my $script = Test::Sluice::TcpScript->start(keep_open => 1, replies => [
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" . encode_frame(OP_TEXT, 'early')]);
my $server = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port, SCRIPT_PORT => $script->port }, config => <<'END');
        location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /script { proxy_pass http://127.0.0.1:$TEST_SLUICE_SCRIPT_PORT; }
        location /idle/ { proxy_read_timeout 200ms; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /nginx/ {
            proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
        }
END
$server->start;

my $handshake = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

for my $path ('/ws', '/nginx/ws') {
    subtest "messages pass: $path" => sub {
        my $ws = $server->websocket(target => $path, protocol => 'chat', headers => ['Origin: http://a']);
        ok $ws->usable, 'accepted';
        is $ws->response->header('Upgrade'), 'websocket', 'with Upgrade';
        is lc $ws->response->header('Connection'), 'upgrade', 'and Connection';
        is $ws->response->header('Sec-WebSocket-Protocol'), 'chat', 'and the origin\'s own fields';
        is $ws->response->header('Content-Length'), undef, 'and no length';
        is $ws->echo("message $_"), "message $_", "echo $_" for 1 .. 3;
        for my $size (125, 126, 65_535, 65_536, 1_000_000) { is $ws->echo('x' x $size), 'x' x $size, "$size bytes" or last }
        $ws->ping('p');
        is $ws->recv->{payload}, 'p', 'pong';
        $ws->send_close;
        is $ws->recv->{opcode}, OP_CLOSE, 'close is answered';
        ok $ws->at_eof, 'and the connection ends';
    };
}

subtest 'the origin closes' => sub {
    my $ws = $server->websocket;
    $ws->send_text('close');
    is $ws->recv->{opcode}, OP_CLOSE, 'its close arrives';
    $ws->send_close;
    ok $ws->at_eof, 'and the connection ends';
};

subtest 'the client goes away' => sub {
    $origin->reset;
    my $ws = $server->websocket;
    is $ws->echo('a'), 'a', 'after a message';
    $ws->close;
    ok wait_until { !grep { $_->{open} } @{ $origin->state } }, 'the upstream connection is closed';
    ok wait_until { $server->access_log =~ m{"GET /ws HTTP/1\.1" 101 } }, 'and the request is logged with 101';
};

subtest 'the client resets' => sub {
    $origin->reset;
    my $ws = $server->websocket;
    is $ws->echo('a'), 'a', 'after a message';
    $ws->http->reset;
    ok wait_until { !grep { $_->{open} } @{ $origin->state } }, 'the upstream connection is closed';
};

subtest 'the client half-closes' => sub {
    my $ws = $server->websocket;
    $ws->send_text('last words');
    $ws->http->shutdown_write;
    is $ws->recv->{payload}, 'last words', 'what was sent before is answered';
    ok $ws->at_eof, 'then the connection ends';
};

subtest 'bytes right behind the 101 of the upstream' => sub {
    my $c = $server->connection;
    $c->write("GET /script HTTP/1.1\r\nHost: a\r\n$handshake\r\n");
    is $c->read_head->status, 101, 'accepted';
    is $c->read_bytes(length encode_frame(OP_TEXT, 'early')), encode_frame(OP_TEXT, 'early'), 'are not lost';
};

subtest 'bytes right behind the request' => sub {
    $origin->reset;
    my $c = $server->connection;
    my $frame = encode_frame(OP_TEXT, 'hasty', mask => "abcd");
    $c->write("GET /ws HTTP/1.1\r\nHost: a\r\n$handshake\r\n$frame");
    is $c->read_head->status, 101, 'accepted';
    is $c->read_bytes(7), encode_frame(OP_TEXT, 'hasty'), 'reach the origin once the tunnel stands';
};

subtest 'a WebSocket on which nothing happens' => sub {
    my $ws = $server->websocket(target => '/idle/ws');
    ok $ws->usable, 'accepted';
    is $ws->echo('a'), 'a', 'used';
    ok $ws->at_eof, 'ends after proxy_read_timeout';
};

# Anything but a 101 keeps the connection a connection of HTTP.
subtest 'refused upgrades' => sub {
    for my $case (['426', "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 426],
                  ['200', "GET /bytes/3 HTTP/1.1\r\nHost: a\r\n$handshake\r\n", 200],
                  ['404', "GET /status/404 HTTP/1.1\r\nHost: a\r\n$handshake\r\n", 404]) {
        my ($name, $bytes, $status) = @$case;
        $origin->reset;
        my $c = $server->connection;
        $c->write($bytes);
        is $c->read_response->status, $status, "$name is passed on";
        $c->write("GET /internal HTTP/1.1\r\nHost: a\r\n\r\n");
        is $c->read_response->status, 200, "$name - and the next bytes are a request";
        is_deeply [map { $_->{target} } $origin->requests], [($bytes =~ /^GET (\S+)/)[0], '/internal'], "$name - which goes through the proxy like any other";
        like(($origin->requests)[1]{head}, qr/^Host: 127\.0\.0\.1/m, "$name - with the proxy's own fields");
    }
};

# What is sent before the answer is meant for the other protocol: it must not become a request when there is none.
for my $case (['in one piece', 0], ['a moment later', 1]) {
    my ($name, $later) = @$case;
    subtest "hasty bytes behind an upgrade that is refused: $name" => sub {
        my $target = $later ? "/slow-trigger?id=hasty$later" : '/bytes/3';
        my $hasty = "GET /internal HTTP/1.1\r\nHost: a\r\n\r\n";
        $origin->reset;
        my $c = $server->connection;
        $c->write("GET $target HTTP/1.1\r\nHost: a\r\n$handshake\r\n" . ($later ? '' : $hasty));
        if ($later) {
            wait_until { scalar $origin->requests };
            $c->write($hasty);
            $origin->trigger("hasty$later");
        }
        my $response = $c->read_response;
        is $response->status, 200, 'the answer arrives';
        is $response->header('Connection'), 'close', 'says that it is the last';
        ok $c->at_eof, 'and the connection ends';
        is scalar($origin->requests), 1, 'the origin has heard of nothing else';
    };
}

subtest 'very many hasty bytes' => sub {
    $origin->reset;
    my $c = $server->connection;
    my $frame = encode_frame(OP_TEXT, 'x' x 300_000, mask => 'abcd');
    $c->write("GET /ws HTTP/1.1\r\nHost: a\r\n$handshake\r\n$frame");
    is $c->read_head->status, 101, 'accepted';
    my $echoed = encode_frame(OP_TEXT, 'x' x 300_000);
    is $c->read_bytes(length $echoed), $echoed, 'wait in the socket and reach the origin, all of them';
};

# A 101 that nobody asked for is no tunnel.
for my $case (['no upgrade asked', '', "Upgrade: websocket\r\nConnection: Upgrade\r\n"],
              ['another protocol', $handshake, "Upgrade: h2c\r\nConnection: Upgrade\r\n"],
              ['no protocol', $handshake, "Connection: Upgrade\r\n"],
              ['two protocols', $handshake, "Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n"]) {
    my ($name, $asked, $answered) = @$case;
    subtest "a 101 that is none: $name" => sub {
        my $c = $server->connection;
        (my $data = "HTTP/1.1 101 Switching Protocols\r\n$answered\r\n") =~ s/([^\w.\/])/sprintf '%%%02x', ord $1/ge;
        $c->write("GET /raw?close=1&data=$data HTTP/1.1\r\nHost: a\r\n$asked\r\n");
        my $response = $c->read_response;
        is $response->status, 502, 'is an error of the upstream';
        unlike $response->raw_head, qr/^Upgrade/mi, 'without Upgrade';
        is $c->request(GET => '/bytes/3')->body, '012', 'and the connection goes on';
    };
}

# What is no WebSocket loses its Upgrade, and stays HTTP.
for my $case (['h2c', "GET", "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"],
              ['another protocol', 'GET', "Upgrade: foo/2\r\nConnection: upgrade\r\n"],
              ['several protocols', 'GET', "Upgrade: h2c, websocket\r\nConnection: upgrade\r\n"],
              ['no Connection', 'GET', "Upgrade: websocket\r\n"],
              ['no Upgrade', 'GET', "Connection: upgrade\r\n"],
              ['POST', 'POST', "Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 0\r\n"],
              ['a body', 'GET', "Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 3\r\n", 'abc'],
              ['TLS', 'GET', "Upgrade: TLS/1.0\r\nConnection: upgrade\r\n"]) {
    my ($name, $method, $fields, $body) = @$case;
    subtest "an upgrade that is none: $name" => sub {
        $origin->reset;
        my $c = $server->connection;
        $c->write("$method /echo HTTP/1.1\r\nHost: a\r\n$fields\r\n" . ($body || ''));
        is $c->read_response->status, 200, 'is an ordinary request';
        unlike $origin->raw, qr/^Upgrade:/mi, 'without Upgrade';
        unlike $origin->raw, qr/^Connection:.*upgrade/mi, 'nor Connection: upgrade';
        unlike $origin->raw, qr/^HTTP2-Settings/mi, 'nor what was listed there';
        is $c->request(GET => '/bytes/3')->body, '012', 'and the connection goes on';
    };
}

subtest 'an upgrade in HTTP/1.0' => sub {
    $origin->reset;
    my $c = $server->connection;
    $c->write("GET /echo HTTP/1.0\r\n$handshake\r\n");
    is $c->read_response->status, 200, 'is an ordinary request';
    unlike $origin->raw, qr/^Upgrade:/mi, 'without Upgrade';
};

$server->stop;
$origin->stop;
$script->stop;
done_testing;
