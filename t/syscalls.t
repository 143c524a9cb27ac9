# What a request costs in system calls, in the steady state of connections that stay open: one read and one write on each side, and the
# wait for what comes next. A call more is a mistake even when nobody sees it in a response.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until slurp);
use Test::Sluice::Server;

plan skip_all => 'strace is missing (apt-get install strace)' if system 'command -v strace >/dev/null';
plan skip_all => 'sanitizers make system calls of their own' if qx{'${\Test::Sluice::Server::binary()}' -V 2>&1} =~ /sanitizer=(?!none)/;

my $kWarmUp   = 2000;    # LuaJIT's heap and code grow until collections are regular and what is hot is compiled: some 900 requests
my $kRequests = 300;
my %kKind     = (recvfrom => 'read', recvmsg => 'read', readv => 'read', sendto => 'write', sendmsg => 'write', writev => 'write');

my $origin = Test::Sluice::Origin->start;
my $s      = Test::Sluice::Server->new(
    log_level   => 'warn',
    http_config => 'access_log off; keepalive_requests 10000; upstream origin { server 127.0.0.1:' . $origin->port . '; keepalive 8; keepalive_requests 10000; }',
    config      => '
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        location / { proxy_pass http://origin; }
        location /return { return 200 "hello\n"; }
        location /lua {
            access_by_lua_block { ngx.ctx.name = ngx.var.uri }
            proxy_pass http://origin;
        }')->start;
my ($worker) = $s->worker_pids;

# traced: how often the worker made which system call while RUN ran; any read is a "read".
sub traced {
    my ($name, $run) = @_;
    my $trace  = "$s->{prefix}/logs/trace.$name";
    my $strace = Test::Sluice::Process->spawn(argv => ['strace', '-p', $worker, '-o', $trace], stderr => "$trace.err");
    wait_until { slurp("$trace.err") =~ /attached/ || defined $strace->exited };
    die 'strace cannot attach: ' . slurp("$trace.err") if defined $strace->exited;
    $run->();
    $strace->signal('INT');
    $strace->wait_exit(5);
    my %count;
    $count{$kKind{$_} || $_}++ for slurp($trace) =~ /^(\w+)\(/mg;
    return \%count;
}

# calls: what the worker does while PATH is asked for, one request after the other.
sub calls {
    my ($path) = @_;
    my $client = $s->connection;
    my $ask    = sub { $client->request('GET', $path)->status eq '200' or die "no response" for 1 .. $_[0] };
    $ask->($kWarmUp);
    my $count = traced($path =~ tr{/}{.}r, sub { $ask->($kRequests) });
    $client->close;
    return $count;
}

# Both sides' waits; timers and the heartbeat add a few that do not depend on the number of requests.
sub check {
    my ($name, $path, %expected) = @_;
    subtest $name => sub {
        my $count = calls($path);
        my $waits = delete $count->{epoll_wait};
        is_deeply $count, { map { $_ => $expected{$_} * $kRequests } keys %expected }, "$kRequests requests" or diag explain $count;
        cmp_ok $waits, '<=', $kRequests * $expected{write} * 1.2 + 20, 'a wait for each message, and hardly more';
    };
}

check 'a response of our own: one read, one write', '/return', read => 1, write => 1;
check 'a proxied request: one read and one write on each side', '/echo', read => 2, write => 2;
check 'the same with Lua in it', '/lua', read => 2, write => 2;

# The requests are there when the worker looks: it was stopped meanwhile.
subtest 'a connection for one request: it is read, answered and closed' => sub {
    my $clients = 200;
    my @client;
    my $count = traced('connections', sub {
        kill STOP => $worker;
        @client = map { $s->connection } 1 .. $clients;
        $_->write("GET /return HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") for @client;
        kill CONT => $worker;
        is scalar(grep { $_->read_response->status eq '200' } @client), $clients, 'responses';
    });
    $_->close for @client;
    # The first few are registered before they are read, until the worker sees that the requests are there.
    my %most = (accept4 => $clients + 10, read => $clients + 5, write => $clients, close => $clients, ioctl => $clients, epoll_ctl => 2 * 20, epoll_wait => 40);
    cmp_ok $count->{$_} || 0, '<=', $most{$_} || 2, $_ for sort keys %$count;
};

$s->stop;
done_testing;
