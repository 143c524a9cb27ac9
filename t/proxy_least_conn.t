# least_conn: the peer with the fewest requests in progress, in relation to its weight.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my ($one, $two) = map { Test::Sluice::Origin->start } 1 .. 2;
my $server = Test::Sluice::Server->new(vars => { ONE => $one->port, TWO => $two->port }, http_config => <<'END2', config => <<'END');
    upstream equal { least_conn; server 127.0.0.1:$TEST_SLUICE_ONE; server 127.0.0.1:$TEST_SLUICE_TWO; }
    upstream weighted { least_conn; server 127.0.0.1:$TEST_SLUICE_ONE weight=3; server 127.0.0.1:$TEST_SLUICE_TWO; }
END2
        location / { proxy_pass http://equal; }
        location /weighted/ { proxy_pass http://weighted/; }
END
$server->start;

# hold: a request that stays in progress until its connection is closed; gives the connection.
sub hold {
    my ($target) = @_;
    my $before = $one->requests + $two->requests;
    my $c = $server->connection;
    $c->write("GET $target HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until { $one->requests + $two->requests > $before } or die 'the request did not arrive';
    return $c;
}

sub counts { return [scalar $one->requests, scalar $two->requests] }

my $held = hold('/hang');
my ($busy, $free) = $one->requests ? ($one, $two) : ($two, $one);
is $server->get('/bytes/1')->status, 200, "request $_" for 1 .. 4;
is scalar $busy->requests, 1, 'the busy peer got no other';
is scalar $free->requests, 4, 'the free one got all';
$held->close;
wait_until { !grep { $_->{open} && grep { $_->{target} eq '/hang' } @{ $_->{requests} } } @{ $busy->state } };
is $server->get('/bytes/1')->status, 200, "request $_" for 5 .. 8;
is scalar $busy->requests, 3, 'when they are equal they take turns';

$_->reset for $one, $two;
my @held = map { hold('/weighted/hang') } 1 .. 8;
is_deeply counts(), [6, 2], 'a peer of weight three gets three times as many';
$_->close for @held;

$server->stop;
$_->stop for $one, $two;
done_testing;
