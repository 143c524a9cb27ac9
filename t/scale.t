# Large configurations: ten thousand servers or locations, a hundred thousand entries of a map. What is asked finds its place, wherever that stands in the file, and a
# reload of all of them loses no request.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Load;
use Test::Sluice::ManyServers qw(many_servers many_locations many_map_entries host_name);
use Test::Sluice::Origin;
use Test::Sluice::Ports qw(free_port);
use Test::Sluice::Process qw(timeout_factor);
use Test::Sluice::Server;

my $kServers = timeout_factor() > 1 ? 2_000 : 10_000;    # a sanitizer's build takes its time
my $kLast    = $kServers - 1;

my $origin = Test::Sluice::Origin->start;

# crowd: a server whose configuration marks what it passes on with MARK. Our own `server` of the skeleton is one more.
sub crowd_config {
    my ($port, $mark) = @_;
    return (config => 'location / { return 200 "skeleton\n"; }',
            http_config => many_servers(servers => $kServers, listen => "127.0.0.1:$port", backend => '127.0.0.1:' . $origin->port, mark => $mark));
}

# passed: the request line and Host that reach the origin for a request to server HOST: "/a/17/x u17".
sub passed {
    my ($connection, $host) = @_;
    my $body = $connection->request('GET', '/x', headers => ["Host: $host"])->body;
    my ($target) = $body =~ m{^GET (\S+)};
    my ($upstream) = $body =~ m{^Host: (\S+)}mi;
    return join ' ', map { defined $_ ? $_ : 'nothing' } $target, $upstream;
}

sub expected {
    my ($mark, $n) = @_;
    return "/$mark/$n/x u" . $n % 100;
}

subtest 'every server answers for its name, wherever it stands' => sub {
    my $port = free_port();
    my $s    = Test::Sluice::Server->new(crowd_config($port, 'a'), log_level => 'notice')->start;
    my $c    = $s->connection(port => $port);
    is passed($c, host_name($_)), expected('a', $_), "server $_" for 0, 1, int($kServers / 2), $kLast - 1, $kLast;
    is passed($c, 'unknown.test'), expected('a', 0), 'a name that nobody has: the first server of the address';
    is passed($c, host_name($kServers)), expected('a', 0), 'the name after the last one, too';
    my @asked = map { $_ * 97 } 0 .. $kLast / 97;
    my $right = grep { passed($c, host_name($_)) eq expected('a', $_) } @asked;
    is $right, scalar @asked, 'each of ' . @asked . ' others';
    $s->stop;
};

subtest 'a reload of all servers under load loses nothing' => sub {
    my $port = free_port();
    my $s    = Test::Sluice::Server->new(crowd_config($port, 'a'), log_level => 'notice', workers => 2)->start;
    my $load = Test::Sluice::Load->start(port => $port, targets => ['/x', '/y']);
    my $kept = $s->connection(port => $port);
    is passed($kept, host_name($kLast)), expected('a', $kLast), 'before';
    for my $mark ('b', 'c') {
        $s->write_config(crowd_config($port, $mark));
        is $s->reload, 0, "reload $mark";
        is passed($kept, host_name($_)), expected($mark, $_), "server $_ of the new configuration, on the same connection" for 0, $kLast;
    }
    my $done = $load->stop;
    is $done->{failures}, 0, 'no request failed' or diag $done->{first};
    cmp_ok $done->{requests}, '>', 50, 'there were some';
    $s->stop;
};

subtest 'ten thousand locations of one server' => sub {
    my $s = Test::Sluice::Server->new(config => many_locations($kServers), log_level => 'notice')->start;
    my $c = $s->connection;
    is $c->request('GET', "/n$_/x")->body, "$_\n", "location $_" for 0, 1, 10, 100, 1000, $kLast - 1, $kLast;
    is $c->request('GET', "/n$kServers/x")->status, 404, 'one that is not there';
    is $s->reload, 0, 'they reload';
    is $c->request('GET', "/n$kLast/x")->body, "$kLast\n", 'the last one again';
    $s->stop;
};

subtest 'a hundred thousand entries of a map' => sub {
    my $entries = 10 * $kServers;
    my $s = Test::Sluice::Server->new(
        http_config => 'map $http_name $target { default nobody; ' . many_map_entries($entries) . '}',
        config      => 'location / { return 200 "$target\n"; }', log_level => 'notice')->start;
    my $c   = $s->connection;
    my $ask = sub { $c->request('GET', '/', headers => ['Name: ' . $_[0]])->body };
    is $ask->(host_name($_)), "u$_\n", "entry $_" for 0, 1, $entries / 2, $entries - 1;
    is $ask->(host_name($entries)), "nobody\n", 'one that is not there';
    is $s->reload, 0, 'they reload';
    is $ask->(host_name($entries - 1)), 'u' . ($entries - 1) . "\n", 'the last one again';
    $s->stop;
};

done_testing;
