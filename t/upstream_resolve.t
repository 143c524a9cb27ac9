# The names of upstream servers while sluice runs: looked up again when their TTL ends, SRV records, and what happens to requests and to
# the group when the addresses change or DNS fails. Servers on 127.0.0.1, .2, .3 and .4 say which one they are.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Dns;
use Test::Sluice::Origin;
use Test::Sluice::Ports qw(free_port);
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my $dns    = Test::Sluice::Dns->start;
my $origin = Test::Sluice::Origin->start;
my $at     = $dns->address;
my $port   = free_port();
my @words  = qw(none one two three four);
my $servers = join '', map { "server { listen 127.0.0.$_:$port; return 200 '$words[$_]\n'; }\n" } 1 .. 4;

sub soon (&) { my ($code) = @_; return wait_until { $code->() } 15 }

sub server {
    my ($upstream, %more) = @_;
    return Test::Sluice::Server->new(
        log_level => 'info', %more,
        http_config => "resolver $at ipv6=off;\n$servers upstream app { $upstream }\n",
        config      => ($more{locations} || '') . 'location = /metrics { metrics; } location / { proxy_pass http://app; proxy_connect_timeout 1s; proxy_next_upstream error timeout; }');
}

sub answers { my ($s, $count) = @_; my %seen; $seen{ $s->get('/')->body =~ s/\n//r }++ for 1 .. $count; return \%seen }
sub settles { my ($s, $body) = @_; return soon { $s->get('/')->body eq "$body\n" } }

subtest 'a name that is not there yet' => sub {
    my $s = server("server late.test:$port resolve;")->start;
    is $s->get('/')->status, 502, 'the group is empty';
    ok $s->wait_for_log(qr/no live upstreams while connecting to upstream/), 'no live upstreams';
    ok $s->wait_for_log(qr/\[warn\].*late\.test could not be resolved \(3: Host not found\), in upstream "app": server has no address yet/), 'why';
    $dns->set('late.test', A => ['127.0.0.1'], ttl => 1);
    ok settles($s, 'one'), 'it comes';
    ok $s->wait_for_log(qr/\[notice\].*upstream "app": server late\.test:\d+ is now 127\.0\.0\.1:\d+/), 'and the log tells';
    $dns->set('late.test', A => ['127.0.0.2'], ttl => 1);
    ok settles($s, 'two'), 'it moves';
    $s->stop;
};

subtest 'the group follows the answers' => sub {
    $dns->set('app.test', A => ['127.0.0.1', '127.0.0.2'], ttl => 1);
    for my $method ('', 'least_conn;') {
        my $s = server("$method server app.test:$port resolve; server 127.0.0.4:$port backup;")->start;
        $dns->set('app.test', A => ['127.0.0.1', '127.0.0.2'], ttl => 1);
        ok soon { keys %{ answers($s, 4) } == 2 }, ($method || 'round robin') . ': two addresses';
        is_deeply answers($s, 6), { one => 3, two => 3 }, 'evenly';
        $dns->set('app.test', A => ['127.0.0.3', '127.0.0.2', '127.0.0.1'], ttl => 1);
        ok soon { keys %{ answers($s, 6) } == 3 }, 'three';
        is_deeply answers($s, 6), { one => 2, two => 2, three => 2 }, 'evenly';
        $dns->set('app.test', A => ['127.0.0.3'], ttl => 1);
        ok soon { my $seen = answers($s, 3); keys %$seen == 1 && $seen->{three} }, 'one';
        $dns->set('app.test', A => ['127.0.0.77'], ttl => 1);
        ok settles($s, 'four'), 'the backup, when nobody is at the new address';
        $s->stop(allowed => [qr/Connection refused|temporarily disabled|no live upstreams/]);
    }
};

subtest 'DNS fails' => sub {
    $dns->set('firm.test', A => ['127.0.0.1'], ttl => 1);
    my $s = server("server firm.test:$port resolve;")->start;
    ok settles($s, 'one'), 'a good answer';
    for my $way (qw(servfail nxdomain empty)) {
        $dns->behave('firm.test', $way);
        $dns->forget;
        ok soon { $dns->count('firm.test') > 0 }, "then $way";
        is $s->get('/')->body, "one\n", 'the last peers stay' for 1 .. 3;
    }
    $dns->behave('firm.test');
    $dns->set('firm.test', A => ['127.0.0.3'], ttl => 1);
    ok settles($s, 'three'), 'until there is a new answer';
    is $s->reload, 0, 'a reload';
    $dns->behave('firm.test', 'servfail');
    is $s->get('/')->body, "three\n", 'forgets nothing' for 1 .. 3;
    is $s->reload, 0, 'not even one while DNS fails';
    is $s->get('/')->body, "three\n", 'it goes on' for 1 .. 3;
    $dns->behave('firm.test');
    $s->stop;
};

subtest 'a request goes on with a peer that has gone' => sub {
    $dns->set('slow.test', A => ['127.0.0.1'], ttl => 1);
    my $s = server("server slow.test:$origin->{port} resolve;");
    $s->start;
    ok wait_until { $s->get('/status/201')->status == 201 }, 'the origin is there';
    my $waiting = $s->connection;
    $waiting->write("GET /slow-trigger?id=gone HTTP/1.1\r\nHost: a\r\n\r\n");
    ok wait_until { $origin->raw =~ /slow-trigger\?id=gone/ }, 'a request is on its way';
    my $mark = $s->log_mark;
    for my $last (3, 4, 3) {
        $dns->set('slow.test', A => ["127.0.0.$last"], ttl => 1);
        ok $s->wait_for_log(qr/slow\.test:\d+ is now 127\.0\.0\.$last:/, $mark), "the address becomes 127.0.0.$last";
        $mark = $s->log_mark;
    }
    $origin->trigger('gone');
    is $waiting->read_response->status, 200, 'it is answered';
    is $s->get('/')->status, 502, 'new ones go elsewhere';
    $s->stop(allowed => [qr/Connection refused/]);
};

subtest 'a tunnel ends with a peer that has gone' => sub {
    # The mark that try_files leaves in a location with a pattern and an alias keeps the exchange awake.
    my $locations = 'location ~ ^/awake { alias html; try_files /ws =404; proxy_pass http://app; }';
    for my $exchange ('asleep', 'awake') {
        $dns->set('tunnel.test', A => ['127.0.0.1'], ttl => 1);
        my $s = server("least_conn; server tunnel.test:$origin->{port} max_conns=1 resolve;", locations => $locations, files => { ws => '' })->start;
        ok soon { $s->get('/status/201')->status == 201 }, "$exchange: the origin is there";
        my $tunnel = $s->websocket(target => $exchange eq 'awake' ? '/awake' : '/ws');
        is $tunnel->echo('a'), 'a', 'a tunnel';
        my $mark = $s->log_mark;
        for my $last (3, 4, 1) {
            $dns->set('tunnel.test', A => ["127.0.0.$last"], ttl => 1);
            ok $s->wait_for_log(qr/tunnel\.test:\d+ is now 127\.0\.0\.$last:/, $mark), "the address becomes 127.0.0.$last";
            $mark = $s->log_mark;
        }
        is $s->get('/status/201')->status, 502, 'the peer that came back is busy with it';
        is $tunnel->echo('b'), 'b', 'it goes on';
        $tunnel->http->close;
        ok soon { $s->get('/status/201')->status == 201 }, 'until it ends';
        unlike $s->log, qr/exited on signal|exited with code [1-9]/, 'which the worker survives';
        $s->stop(allowed => [qr/no live upstreams/]);
    }
};

subtest 'SRV records' => sub {
    my $s = server('server svc.test service=http resolve;');
    $dns->set('_http._tcp.svc.test', SRV => ["10 3 $port a.test", "10 1 $port b.test", "20 1 $port c.test"], ttl => 1);
    $dns->set("$_->[0].test", A => ["127.0.0.$_->[1]"], ttl => 1) for ['a', 1], ['b', 2], ['c', 3];
    $s->start;
    ok settles($s, 'one') || settles($s, 'two'), 'hosts and ports are found';
    is_deeply answers($s, 8), { one => 6, two => 2 }, 'in proportion to their weights, the higher priority is backup';
    $dns->set('_http._tcp.svc.test', SRV => ["10 3 1 a.test", "20 1 $port c.test"], ttl => 1);
    ok settles($s, 'three'), 'it is used when the others fail';
    $dns->set('_http._tcp.svc.test', SRV => ["5 0 $port b.test", "5 0 $port missing.test"], ttl => 1);
    ok settles($s, 'two'), 'a host that is not found is left out';
    $dns->behave('_http._tcp.svc.test', 'nxdomain');
    $dns->forget;
    ok soon { $dns->count('_http._tcp.svc.test') > 0 }, 'the service disappears';
    is $s->get('/')->body, "two\n", 'its last peers stay';
    $s->stop(allowed => [qr/Connection refused|no live upstreams/]);

    $dns->set('d.test', A => ['127.0.0.4'], ttl => 1);
    my $named = server("server 127.0.0.1:1; server svc.test service=named resolve backup;");
    $dns->set('_named._tcp.svc.test', SRV => ["1 1 $port d.test", "2 1 $port b.test"], ttl => 1);
    $named->start;
    ok settles($named, 'four'), 'backup: the lowest priority only';
    is_deeply answers($named, 4), { four => 4 }, 'and never the next';
    $named->stop(allowed => [qr/Connection refused|temporarily disabled|no live upstreams/]);
};

# The backups weigh so much that a balancer which takes them for primaries asks hardly anybody else.
subtest 'SRV records with balancers that know no backups' => sub {
    my %method = (plain => 'hash $arg_k;', consistent => 'hash $arg_k consistent;', address => 'ip_hash;', lot => 'random;', two => 'random two;');
    my @names  = sort keys %method;
    my $s      = Test::Sluice::Server->new(
        log_level   => 'info',
        http_config => "resolver $at ipv6=off;\n$servers" . join('', map { "upstream $_ { $method{$_} server ranks.test service=http resolve; }\n" } @names),
        config      => join '', map { "location /$_ { proxy_pass http://$_; }\n" } @names);
    my $seen = sub {
        my ($name) = @_;
        my %seen;
        $seen{ $s->get("/$name?k=$_")->body =~ s/\n//r }++ for 1 .. 12;
        return join ' ', sort keys %seen;
    };
    $dns->set("$_->[0].test", A => ["127.0.0.$_->[1]"], ttl => 1) for ['a', 1], ['b', 2], ['c', 3], ['d', 4];
    $dns->set('_http._tcp.ranks.test', SRV => ["1 1 $port a.test", "1 1 $port b.test", "2 98 $port c.test", "2 98 $port d.test"], ttl => 1);
    $s->start;
    for my $name (@names) {
        ok soon { $s->get("/$name?k=0")->status == 200 }, "$method{$name} two primaries";
        like $seen->($name), qr/^(?:one|two|one two)$/, 'the backups are not asked';
    }
    $dns->set('_http._tcp.ranks.test', SRV => ["1 1 $port a.test", "2 98 $port c.test"], ttl => 1);
    ok soon { $seen->($_) eq 'one' }, "$method{$_} one primary: only that is asked" for @names;
    $dns->set('_http._tcp.ranks.test', SRV => ['1 1 1 a.test', '1 1 1 b.test', "2 98 $port c.test"], ttl => 1);
    ok soon { $seen->($_) eq 'three' }, "$method{$_} no primary can be used: the backup is asked" for @names;
    $s->stop(allowed => [qr/Connection refused|temporarily disabled|no live upstreams/]);
};

subtest 'each upstream may have its own resolver' => sub {
    my $other = Test::Sluice::Dns->start;
    $other->set('own.test', A => ['127.0.0.2'], ttl => 1);
    my $s = server("server own.test:$port resolve; resolver @{[$other->address]} ipv6=off; resolver_timeout 2s;")->start;
    ok settles($s, 'two'), 'which is asked';
    is $dns->count('own.test'), 0, 'in place of the other';
    $s->stop;
    $other->stop;
};

subtest 'many workers, many names' => sub {
    $dns->set("n$_.test", A => ['127.0.0.1'], ttl => 3600) for 1 .. 20;
    $dns->forget;
    my $s = server(join('', map { "server n$_.test:$port resolve;" } 1 .. 20), workers => 2)->start;
    ok soon { my $asked = 0; $asked += $dns->count("n$_.test", 'A') for 1 .. 20; $asked == 40 }, 'each worker asks for each name once';
    ok settles($s, 'one'), 'and they work';
    is $s->reload, 0, 'a reload';
    ok settles($s, 'one'), 'works';
    my $asked = 0;
    $asked += $dns->count("n$_.test", 'A') for 1 .. 20;
    is $asked, 40, 'and asks nothing that is known';
    $s->stop;
};

subtest 'what is refused' => sub {
    my %wrong = (
        'server nobody.invalid:80;'                  => 'host not found in upstream "nobody.invalid:80"',
        'server a.test:80 service=http resolve;'     => 'service upstream "a.test:80" may not have port',
        'server 127.0.0.1 service=http resolve;'     => 'service upstream "127.0.0.1" requires domain name',
        'server a.test service=http;'                => 'service upstream "a.test" requires "resolve" parameter',
        'server a.test service= resolve;'            => 'service is empty',
        'server a.test resolve; resolver off;'       => 'no resolver defined to resolve names at run time in upstream "app"',
        'server 127.0.0.1; resolver 127.0.0.1 x=1;'  => 'invalid parameter: x=1',
        'server 127.0.0.1; resolver valid=10s;'      => 'no name servers defined',
        'server 127.0.0.1; resolver 127.0.0.1 ipv4=off ipv6=off;' => '"ipv4" and "ipv6" cannot both be "off"',
        'server 127.0.0.1; resolver 127.0.0.1:x;'    => 'invalid address in resolver "127.0.0.1:x"',
        'server 127.0.0.1; resolver nobody.invalid;' => 'host not found in resolver "nobody.invalid"',
        'server 127.0.0.1; resolver 127.0.0.1 status_zone=z;' => 'the parameter "status_zone" is not supported: the metrics count what the resolver does',
    );
    for my $line (sort keys %wrong) {
        my $said = server($line)->command('-t');
        is $said->{status}, 1, $line;
        like $said->{stderr}, qr/\[emerg\] \Q$wrong{$line}\E in /, 'is told';
    }
};

$_->stop for $dns, $origin;
done_testing;
