# proxy_bind: the own address of connections to peers, and their socket options.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Server;

my $server = Test::Sluice::Server->new(http_config => <<'END2', config => <<'END');
    server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_1; location / { return 200 "$remote_addr $connection"; } }
    upstream one { server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
END2
        location / { proxy_pass http://one; }
        location /fixed { proxy_bind 127.0.0.7; proxy_pass http://one; }
        location /variable { proxy_bind $arg_from; proxy_pass http://one; }
        location /dynamic { set $to 127.0.0.1:$TEST_SLUICE_RAND_PORT_1; proxy_bind 127.0.0.8; proxy_pass http://$to; }
        location /outer/ { proxy_bind 127.0.0.9; location /outer/inner { proxy_pass http://one; } location /outer/off { proxy_bind off; proxy_pass http://one; } }
        location /foreign { proxy_bind 192.0.2.1; proxy_pass http://one; }
        location /options { proxy_socket_keepalive on; proxy_socket_rcvbuf 64k; proxy_socket_sndbuf 64k; proxy_bind 127.0.0.10; proxy_pass http://one; }
END
$server->start;

sub seen { my ($target) = @_; my $response = $server->get($target); return $response->status == 200 ? split(/ /, $response->body) : $response->status }

is((seen('/'))[0], '127.0.0.1', 'without it the kernel chooses');
is((seen('/fixed'))[0], '127.0.0.7', 'an address');
is((seen('/variable?from=127.0.0.3'))[0], '127.0.0.3', 'of a variable');
is((seen('/variable'))[0], '127.0.0.1', 'an empty one is none');
is((seen('/dynamic'))[0], '127.0.0.8', 'a target of variables');
is((seen('/outer/inner'))[0], '127.0.0.9', 'it is inherited');
is((seen('/outer/off'))[0], '127.0.0.1', 'until it is off');
is((seen('/options'))[0], '127.0.0.10', 'with socket options');

my ($address, $connection) = seen('/fixed');
is_deeply [seen('/fixed')], ['127.0.0.7', $connection], 'an idle connection is used again';
isnt((seen('/variable?from=127.0.0.4'))[1], $connection, 'by those with the same own address only');
is((seen('/variable?from=127.0.0.4'))[0], '127.0.0.4', 'so that the address is always right');

my $mark = $server->log_mark;
is seen('/foreign'), 502, 'an address that is not ours';
ok $server->wait_for_log(qr/bind\(192\.0\.2\.1:0\) failed \(99: Cannot assign requested address\) while connecting to upstream/, $mark), 'is told';
$mark = $server->log_mark;
is((seen('/variable?from=nobody'))[0], '127.0.0.1', 'a text that is no address');
ok $server->wait_for_log(qr/invalid local address "nobody"/, $mark), 'is told';

ok $server->stop, 'a clean end';
done_testing;
