# Request bodies that take their time or are too large, and methods that the upstream sees differently.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;
use Test::Sluice::TcpScript;

my $origin = Test::Sluice::Origin->start;
my $deaf   = Test::Sluice::TcpScript->start(keep_open => 1, deaf => 1, replies => ["HTTP/1.1 413 No\r\nContent-Length: 5\r\n\r\nstop\n"]);
my $server = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port, DEAF_PORT => $deaf->port }, http_config => <<'END2', config => <<'END');
    proxy_read_timeout 300ms;
    upstream two { server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT backup; }
END2
        proxy_request_buffering off;
        location / { proxy_pass http://two; }
        location /small/ {
            client_max_body_size 4;
            error_page 413 /too_big;
            proxy_pass http://two/;
        }
        location = /too_big { return 200 "smaller, please\n"; }
        location /proxied_page/ {
            client_max_body_size 4;
            error_page 413 = @elsewhere;
            proxy_pass http://two/;
        }
        location @elsewhere { client_max_body_size 4; proxy_pass http://two; }
        location /asked_with_head/ { proxy_method HEAD; proxy_pass http://two/; }
        location /asked_with_get/ { proxy_method GET; proxy_pass http://two/; }
        location /old/ { proxy_http_version 1.0; proxy_pass http://two/; }
        location /deaf {
            client_max_body_size 0;
            proxy_http_version 1.0;
            proxy_send_timeout 2s;
            proxy_pass http://127.0.0.1:$TEST_SLUICE_DEAF_PORT;
        }
END
$server->start;

subtest 'an upload may take longer than proxy_read_timeout' => sub {
    my $upload = $server->connection;
    $upload->write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    ok wait_until { $origin->raw =~ /\r\n\r\nabc/ }, 'the upstream has the first half';
    is $server->get('/slow-trigger?id=never')->status, 504, 'another request, which began later, has timed out meanwhile';
    $upload->write('def');
    my $response = $upload->read_response;
    is $response->status, 200, 'the upload goes on';
    like $response->body, qr/abcdef$/, 'and arrives';
    is $server->get('/bytes/1')->status, 200, 'the peer is still in use';
};

subtest 'error_page 413 answers for a body that is too large' => sub {
    my $response = $server->request(POST => '/small/x', body => 'abcdefgh');
    is $response->status, 413, 'the status';
    is $response->body, "smaller, please\n", 'the page';
    $origin->reset;
    is $server->request(POST => '/proxied_page/echo', body => 'abcdefgh')->status, 200, 'a page from the upstream';
    unlike $origin->raw, qr/abcdefgh/, 'which never sees the body';
};

subtest 'proxy_method decides what the response means' => sub {
    my $connection = $server->connection;
    is $connection->request(GET => '/asked_with_head/bytes/5')->body, '', 'a GET sent as HEAD has no body';
    is $connection->request(HEAD => '/asked_with_get/bytes/5')->status, 200, 'a HEAD sent as GET';
    is $connection->request(GET => '/bytes/3')->body =~ tr///c, 3, 'leaves nothing behind';
};

subtest 'an HTTP/1.0 upstream gets no chunks' => sub {
    $origin->reset;
    my $connection = $server->connection;
    $connection->write("POST /old/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    is $connection->read_response->status, 200, 'answered';
    like $origin->raw, qr/Content-Length: 3\r\n/, 'a length instead';
    unlike $origin->raw, qr/Transfer-Encoding/i, 'of chunks';
};

subtest 'an upstream that answers and reads no more is heard while the body still leaves' => sub {
    my $connection = $server->connection;
    my $megabyte   = '100000' . "\r\n" . 'x' x 0x100000 . "\r\n";
    # HTTP/1.0 has the whole body collected first: far more than a socket takes at once.
    $connection->write("POST /deaf HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" . $megabyte x 24 . "0\r\n\r\n");
    my $response = $connection->read_response;
    is $response->status, 413, 'its status';
    is $response->body, "stop\n", 'and its words';
};

ok $server->stop, 'a clean end';
$_->stop for $origin, $deaf;
done_testing;
