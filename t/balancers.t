# hash, ip_hash and random: the same key or address goes to the same peer, and to the same one as with nginx.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

# Names that only the continuum sees; the ports are free ones.
my $probe = Test::Sluice::Server->new(config => '');
my @ports = map { $probe->rand_port($_) } 1 .. 5;
my $who   = join '', map { "    server { listen 127.0.0.1:$ports[$_]; location / { return 200 '$_'; } }\n" } 0 .. 3;
my @servers = map { "server 127.0.0.1:$ports[$_]" . ('', ' weight=3', '', ' weight=2')[$_] . ';' } 0 .. 3;

my %balancer = (plain => 'hash $arg_k;', consistent => 'hash $arg_k consistent;', address => 'ip_hash;', lot => 'random;', two => 'random two least_conn;');
my $upstreams = join '', map {
    "    upstream $_ { $balancer{$_} @servers }\n" .
    "    upstream ${_}_less { $balancer{$_} @servers[0, 1] server 127.0.0.1:$ports[2] down; $servers[3] }\n" .
    "    upstream ${_}_dead { $balancer{$_} @servers[0, 1] server 127.0.0.1:$ports[4]; $servers[3] }\n"
} sort keys %balancer;
my $locations = join '', map { "        location /$_ { proxy_pass http://$_/; }\n" } map { ($_, "${_}_less", "${_}_dead") } sort keys %balancer;

my $server = Test::Sluice::Server->new(http_config => $who . $upstreams, config => $locations, log_level => 'crit');
$server->start;

my @keys = ('a', 'b', 'key', '/some/path.html', 'user-12345', '0', 'x' x 300, map { "key$_" } 1 .. 60);

sub answers { my ($port, @targets) = @_; return [map { Test::Sluice::Http->connect(port => $port)->request(GET => $_)->body } @targets] }
sub of_keys { my ($port, $location) = @_; return answers($port, map { "/$location?k=$_" } @keys) }
sub of_addresses {
    my ($port, $location) = @_;
    return [map { Test::Sluice::Http->connect(port => $port, from => $_)->request(GET => "/$location")->body }
            map { ("127.0.0.$_", "127.$_.7.1", "127.2.$_.9") } 1 .. 12];
}

my %ours = (
    (map { ($_ => of_keys($server->port, $_)) } map { ($_, "${_}_less", "${_}_dead") } qw(plain consistent)),
    (map { ($_ => of_addresses($server->port, $_)) } qw(address address_less address_dead)),
);
is_deeply of_keys($server->port, $_), $ours{$_}, "$_ gives the same peers again" for qw(plain consistent);
for my $balancer (qw(plain consistent)) {
    my %seen = map { $_ => 1 } @{ $ours{$balancer} };
    is scalar(keys %seen), 4, "$balancer uses all peers";
    ok !(grep { $_ eq '2' } @{ $ours{"${balancer}_less"} }), "$balancer leaves out one that is down";
    ok !(grep { $_ !~ /^[013]$/ } @{ $ours{"${balancer}_dead"} }), "$balancer goes on from one that refuses";
}
my $moved = grep { $ours{consistent}[$_] ne '2' && $ours{consistent}[$_] ne $ours{consistent_less}[$_] } 0 .. $#keys;
is $moved, 0, 'consistent: without a peer only its keys move';
is of_keys($server->port, 'plain')->[0], Test::Sluice::Http->connect(port => $server->port)->request(GET => '/plain?k=a&x=1')->body, 'the key alone counts';
my %empty = map { Test::Sluice::Http->connect(port => $server->port)->request(GET => '/plain')->body => 1 } 1 .. 7;
is scalar(keys %empty), 4, 'without a key all take turns';

subtest 'the same peers as with nginx' => sub {
    my $nginx = '/usr/sbin/nginx';
    plan skip_all => 'there is no nginx' unless -x $nginx;
    my $prefix = $server->prefix . '/nginx';
    mkdir $_ for $prefix, "$prefix/logs";
    my $port = $server->rand_port(9);
    # nginx counts failures of the refusing peer: without that every key is tried as if it were the first.
    (my $steady = $upstreams) =~ s/(server 127\.0\.0\.1:$ports[4])/$1 max_fails=0/g;
    Test::Sluice::Server::write_file("$prefix/nginx.conf", <<"END");
daemon off; master_process off; pid $prefix/nginx.pid; error_log $prefix/logs/error.log;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $prefix/b; proxy_temp_path $prefix/p; fastcgi_temp_path $prefix/f; uwsgi_temp_path $prefix/u; scgi_temp_path $prefix/s;
$steady
    server { listen 127.0.0.1:$port;
$locations
    }
}
END
    my $pid = fork // die "fork: $!";
    if (!$pid) { open STDERR, '>', "$prefix/stderr"; exec $nginx, '-p', $prefix, '-c', "$prefix/nginx.conf" or exit 1 }
    ok wait_until { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) }, 'nginx runs';
    is_deeply of_keys($port, $_), $ours{$_}, $_ for map { ($_, "${_}_less", "${_}_dead") } qw(plain consistent);
    is_deeply of_addresses($port, $_), $ours{$_}, $_ for qw(address address_less address_dead);
    kill 'QUIT', $pid;
    waitpid $pid, 0;
};

subtest 'random' => sub {
    for my $balancer (qw(lot two)) {
        my %count;
        ++$count{$_} for @{ answers($server->port, ("/$balancer") x 210) };
        is scalar(keys %count), 4, "$balancer uses all peers";
        cmp_ok $count{1}, '>', $count{0}, "$balancer: one of weight three gets more" if $balancer eq 'lot';
        my %less = map { $_ => 1 } @{ answers($server->port, ("/${balancer}_less") x 40) };
        ok !$less{2}, "$balancer leaves out one that is down";
        my %dead = map { $_ => 1 } @{ answers($server->port, ("/${balancer}_dead") x 40) };
        ok !(grep { !/^[013]$/ } keys %dead), "$balancer goes on from one that refuses";
    }
};

subtest 'random two picks the less busy of two' => sub {
    my $s = Test::Sluice::Server->new(
        http_config => <<"END", config => '        location / { proxy_pass http://two; }');
    upstream two { random two least_conn; server 127.0.0.1:$ports[0]; server 127.0.0.1:$ports[1]; }
    server { listen 127.0.0.1:$ports[0]; location / { return 200 'free'; } }
    server { listen 127.0.0.1:$ports[1]; location /hang { content_by_lua_block { ngx.sleep(60) } } location / { return 200 'other'; } }
END
    $server->stop;
    $s->start;
    my @held = map { my $c = $s->connection; $c->write("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n"); $c } 1 .. 20;
    # Those that met the free peer have an answer; the others hang at the busy one.
    wait_until { !grep { $_->wait_consumed(0) == 0 } @held };
    ok wait_until { my @a = map { $s->get('/')->body } 1 .. 4; !grep { $_ ne 'free' } @a }, 'never the busy one';
    $s->stop(signal => 'TERM');
};

subtest 'mistakes' => sub {
    my %error = (
        'hash $arg_k; ip_hash;'                     => qr/load balancing method redefined/,
        'hash $arg_k consistently;'                 => qr/invalid parameter "consistently"/,
        'random three;'                             => qr/invalid parameter "three"/,
        'random two fastest;'                       => qr/invalid parameter "fastest"/,
        'random two least_time=header;'             => qr/"least_time=header" of "random" is not supported/,
        'hash;'                                     => qr/invalid number of arguments in "hash" directive/,
        'hash $nothing_like_it;'                    => qr/unknown "nothing_like_it" variable/,
        (map { ("$_; server 127.0.0.1:1 backup;" => qr/balancing method does not support parameter "backup"/) } 'hash $uri', 'ip_hash', 'random'),
        'server 127.0.0.1:1 backup; ip_hash;'       => qr/balancing method does not support parameter "backup"/,
        'server 127.0.0.1:1 slow_start=5s;'         => qr/invalid parameter "slow_start=5s"/,
        'queue 5;'                                  => qr/unknown directive "queue"/,
        'sticky cookie a;'                          => qr/unknown directive "sticky"/,
        'zone;'                                     => qr/invalid number of arguments in "zone" directive/,
        'zone a 5x;'                                => qr/invalid zone size "5x"/,
    );
    for my $block (sort keys %error) {
        my $s = Test::Sluice::Server->new(http_config => "upstream u { server 127.0.0.1:1; $block }", config => '');
        my $got = $s->command('-t');
        isnt $got->{status}, 0, $block;
        like $got->{stderr}, $error{$block}, "$block: says why";
    }
    my $s = Test::Sluice::Server->new(http_config => 'upstream u { zone u 64k; server 127.0.0.1:1; } upstream v { zone u; server 127.0.0.1:1; }', config => '');
    is $s->command('-t')->{status}, 0, 'a zone has a name and maybe a size';
};

done_testing;
