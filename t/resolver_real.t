# The resolver with a DNS server that others wrote: dnsmasq, as it stands in many an office and container host.
use strict;
use warnings;
use lib 't/lib';
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Test::More;
use Test::Sluice::Ports qw(free_port);
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my ($dnsmasq) = grep { -x } map { "$_/dnsmasq" } qw(/usr/sbin /sbin /usr/local/sbin);
plan skip_all => 'dnsmasq is not installed' unless $dnsmasq;

my ($s_port, $dns_port) = (free_port(), free_port());
my $dir  = tempdir(TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir;
my $dns  = start_dns();

# start_dns: the hosts of DIR/hosts, which SIGHUP reads again.
sub start_dns {
    hosts('127.0.0.1 app.test', '127.0.0.3 a.test', '127.0.0.4 b.test', map { "127.1.0.$_ many.test" } 1 .. 100);
    my $process = Test::Sluice::Process->spawn(stdout => "$dir/log", stderr => "$dir/log", argv => [
        $dnsmasq, '--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--no-resolv', '--no-hosts', "--addn-hosts=$dir/hosts", '--local-ttl=1',
        "--user=" . getpwuid($>), "--port=$dns_port", '--listen-address=127.0.0.1', '--bind-interfaces', '--local=/test/',
        '--cname=alias.test,app.test', "--srv-host=_web._tcp.svc.test,a.test,$s_port,1,3", "--srv-host=_web._tcp.svc.test,b.test,$s_port,2,1",
        '--address=/wild.test/127.0.0.2', '--log-queries', '--log-facility=-']);
    ok wait_until { answers_tcp() }, 'dnsmasq listens' or diag Test::Sluice::Process::slurp("$dir/log");
    return $process;
}

sub answers_tcp { return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $dns_port, Timeout => 1) }
sub hosts { Test::Sluice::Server::write_file("$dir/hosts", join '', map { "$_\n" } @_) }

my $s = Test::Sluice::Server->new(
    log_level => 'info', vars => { S_PORT => $s_port },
    http_config => "resolver 127.0.0.1:$dns_port; resolver_timeout 5s;\n"
        . join('', map { "server { listen 127.0.0.$_:$s_port; return 200 'n$_'; }\n" } 1 .. 4)
        . "server { listen 127.1.0.50:$s_port; return 200 'n50'; }\n"
        . "upstream app { server app.test:$s_port resolve; }\n upstream svc { server svc.test service=web resolve; }\n",
    config => 'location = /app { proxy_pass http://app; } location = /svc { proxy_pass http://svc; }
        location / { proxy_pass http://$arg_name:$TEST_SLUICE_S_PORT; proxy_connect_timeout 1s; }')->start;

sub body { return $s->get($_[0])->body }

is body('/?name=app.test'), 'n1', 'an address';
is body('/?name=alias.test'), 'n1', 'an alias';
is body('/?name=x.y.wild.test'), 'n2', 'a wildcard';
is $s->get('/?name=nobody.test')->status, 502, 'no such name';
ok $s->wait_for_log(qr/nobody\.test could not be resolved \(3: Host not found\)/), 'says the log';
is body('/?name=many.test'), 'n50', 'an answer too long for a datagram, one address of a hundred listens';
ok wait_until { body('/app') eq 'n1' }, 'an upstream';
ok wait_until { body('/svc') eq 'n3' }, 'a service: the lowest priority';

hosts('127.0.0.2 app.test');
$dns->signal('HUP');
ok wait_until { body('/app') eq 'n2' && body('/?name=app.test') eq 'n2' }, 'a change is followed';
ok wait_until { $s->get('/?name=a.test')->status == 502 }, 'a name that goes is gone';
is body('/svc'), 'n3', 'but not for a group that had it';

$dns->signal('TERM');
ok defined $dns->wait_exit(5), 'the server dies';
ok wait_until { body('/?name=app.test'); $s->log =~ /app\.test could not be resolved .*its last addresses are used/ }, 'which is noticed';
is body('/app'), 'n2', 'the last answer stays, for the upstream' for 1 .. 3;
is body('/?name=app.test'), 'n2', 'and for variables' for 1 .. 3;
$dns = start_dns();
ok wait_until { body('/app') eq 'n1' && body('/?name=app.test') eq 'n1' }, 'until it is back';
$dns->signal('TERM');
$dns->wait_exit(5);
$s->stop(allowed => [qr/Connection refused|no live upstreams/]);
done_testing;
