# Via (RFC 9110, 7.6.3): the proxies that a request has passed, and requests that go in circles.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my $origin = Test::Sluice::Origin->start;
my $server = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port }, http_config => <<'END2', config => <<'END');
    upstream circle { server 127.0.0.1:$TEST_SLUICE_PORT; }
    server {
        listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
        listen unix:$TEST_SLUICE_PREFIX/logs/inner.sock;
        location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    }
    server {
        listen *:$TEST_SLUICE_RAND_PORT_2;
        location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_2; }
    }
    server {
        listen [::1]:$TEST_SLUICE_RAND_PORT_3;
        location / { proxy_pass http://[::1]:$TEST_SLUICE_RAND_PORT_3; }
    }
END2
        location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /on { proxy_via on; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /named {
            proxy_via edge-7;
            location /named/off { proxy_via off; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
            location /named/bare { proxy_pass_request_headers off; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
            location /named/set { proxy_set_header Via ours; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
            proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
        }
        location /any { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_2; }
        location /six { proxy_pass http://[::1]:$TEST_SLUICE_RAND_PORT_3; }
        location /inner { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
        location /inner/unix { proxy_pass http://unix:$TEST_SLUICE_PREFIX/logs/inner.sock; }
        location /circle { proxy_pass http://circle; }
        location /circle/bare { proxy_pass_request_headers off; proxy_set_header Via ""; proxy_pass http://circle; }
        location /circle/variable { set $to 127.0.0.1:$TEST_SLUICE_PORT; proxy_pass http://$to; }
        location /circle/host { set $name localhost; proxy_pass http://$name:$TEST_SLUICE_PORT; }
        location /circle/named { proxy_via edge-7; proxy_pass http://circle; }
        location /circle/retry { proxy_next_upstream http_502; proxy_next_upstream_tries 3; proxy_pass http://circle; }
END
$server->start;

# via: the Via lines that the origin gets when the client sends VIA to TARGET.
sub via {
    my ($target, @via) = @_;
    $origin->reset;
    my $response = $server->request(GET => $target, headers => [map { "Via: $_" } @via]);
    is $response->status, 200, "$target is answered" or diag $response->body;
    return [$origin->raw =~ /^(?i:via): (.*)\r$/mg];
}

is_deeply via('/'), [], 'nothing by itself';
is_deeply via('/', '1.1 client'), ['1.1 client'], 'and the entries of others pass';
is_deeply via('/', ('1.1 sluice') x 20), [('1.1 sluice') x 20], 'whatever they say';
is_deeply via('/on'), ['1.1 sluice'], 'proxy_via on';
is_deeply via('/on', '1.0 a, 1.1 b:80 (c, d)', '1.1 e'), ['1.0 a, 1.1 b:80 (c, d)', '1.1 e', '1.1 sluice'], 'stands behind those of others';
is_deeply via('/named'), ['1.1 edge-7'], 'a name';
is_deeply via('/named', '1.1 sluice', '1.1 edge-70', '1.1 edge', 'edge-7', '1.1 a (edge-7)', '1.1 a (1.1 b, 1.1 edge-7)'),
    ['1.1 sluice', '1.1 edge-70', '1.1 edge', 'edge-7', '1.1 a (edge-7)', '1.1 a (1.1 b, 1.1 edge-7)', '1.1 edge-7'], 'other names are other proxies';
is_deeply via('/named/off', '1.1 edge-7'), ['1.1 edge-7'], 'off again';
is_deeply via('/named/bare', '1.1 a'), ['1.1 a', '1.1 edge-7'], 'without the other fields of the client';
is_deeply via('/named/set', '1.1 a'), ['ours', '1.1 a', '1.1 edge-7'], 'proxy_set_header does not make a loop invisible';

$origin->reset;
my $c = $server->connection;
$c->write("GET /on HTTP/1.0\r\nVia: 1.0 a\r\nConnection: Via\r\n\r\n");
is $c->read_response->status, 200, 'a client of HTTP/1.0';
like $origin->raw, qr/^Via: 1\.0 a\r\n(?:.*\r\n)*Via: 1\.0 sluice\r$/m, 'is called so, and cannot have Via removed';

# A request that has been here.
for my $via ('1.1 edge-7', '1.1 a, 1.1 Edge-7:8080 (this one)', 'HTTP/1.1 edge-7') {
    $origin->reset;
    my $mark = $server->log_mark;
    my $response = $server->request(GET => '/named', headers => ["Via: $via"]);
    is $response->status, 508, "\"$via\" is a loop";
    like $response->header('Proxy-Status'), qr/^sluice; error=/, '- and the client learns it from the proxy';
    ok $server->wait_for_log(qr/\[error\] .*a loop/, $mark), '- the log says so';
    is $origin->connections, 0, '- and it goes no further';
}

# A server of this configuration before another one of it is no loop.
is_deeply via('/inner'), ['1.1 sluice'], 'one round';
is_deeply via('/inner/unix', '1.1 a'), ['1.1 a', '1.1 sluice'], 'through a Unix socket, too';

# Circles end.
for my $target (qw(/circle /circle/bare /circle/variable /circle/host /circle/named /circle/retry)) {
    is $server->get($target)->status, 508, "$target ends";
    my $rounds = sub { return scalar(() = $server->access_log =~ /"GET \Q$target\E HTTP\/1\.[01]" 508 /g) };
    wait_until { $rounds->() >= 11 };  # the line of a response may be written behind it
    is $rounds->(), 11, '- after ten rounds';
}
is $server->get('/any')->status, 508, 'a listener for all addresses of this machine';
is $server->get('/six')->status, 508, 'an IPv6 address';

$server->stop;
$origin->stop;
done_testing;
