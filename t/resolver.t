# Names that are resolved while sluice runs, asked of a scripted DNS server: what is cached and how long, who waits for whom, and every way
# in which DNS can fail. A request goes to http://NAME:PORT/, where servers on 127.0.0.1, .2 and .3 (and [::1]) say which one they are.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Dns;
use Test::Sluice::Http;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my $dns   = Test::Sluice::Dns->start;
my $other = Test::Sluice::Dns->start;
my $has_ipv6 = -e '/proc/net/if_inet6' && length qx(cat /proc/net/if_inet6);
my $v6 = $has_ipv6 ? 'server { listen [::1]:$TEST_SLUICE_RAND_PORT_1; return 200 "six\n"; }' : '';

sub with_resolver { my ($name, $line) = @_; return "location /$name/ { resolver $line; proxy_pass http://\$arg_name:\$TEST_SLUICE_RAND_PORT_1; }\n" }

my ($at, $too) = ($dns->address, $other->address);
my $s = Test::Sluice::Server->new(
    log_level   => 'info',
    http_config => <<"END" . $v6,
    server { listen 127.0.0.1:\$TEST_SLUICE_RAND_PORT_1; return 200 "one\\n"; }
    server { listen 127.0.0.2:\$TEST_SLUICE_RAND_PORT_1; return 200 "two\\n"; }
    server { listen 127.0.0.3:\$TEST_SLUICE_RAND_PORT_1; return 200 "three\\n"; }
    resolver $at;
END
    config => with_resolver(valid => "$at valid=1h") . with_resolver(v4 => "$at ipv6=off") . with_resolver(v6 => "$at ipv4=off")
        . with_resolver(nostale => "$at stale=0") . with_resolver(both => "$too $at") . with_resolver(system => 'off') . <<'END')->start;
        location /short/ { resolver_timeout 300ms; proxy_pass http://$arg_name:$TEST_SLUICE_RAND_PORT_1; }
        location / { proxy_pass http://$arg_name:$TEST_SLUICE_RAND_PORT_1; proxy_connect_timeout 2s; }
        location = /metrics { metrics; }
END

sub ask { my ($name, $place) = @_; return $s->get('/' . ($place ? "$place/" : '') . "?name=$name") }
sub says { my ($name, $text, $what, $place) = @_; is ask($name, $place)->body, "$text\n", $what }
sub metric { my ($name) = @_; return $s->get('/metrics')->body =~ /^\Q$name\E (-?\d+)$/m ? $1 : 'none' }
sub fails {
    my ($name, $why, $what, $place) = @_;
    my $mark = $s->log_mark;
    is ask($name, $place)->status, 502, "$what: 502";
    ok $s->wait_for_log(qr/\[error\].*\Q$name could not be resolved ($why)\E, client: /, $mark), 'and the log says why';
}

subtest 'an answer is used until its TTL ends' => sub {
    $dns->set('app.test', A => ['127.0.0.1'], ttl => 3600);
    says('app.test', 'one', 'the name is resolved') for 1 .. 3;
    is $dns->count('app.test', 'A'), 1, 'and was asked for once';
    is $dns->count('app.test', 'AAAA'), 1, 'its IPv6 addresses, too';
    says('APP.Test', 'one', 'case does not matter');
    is $dns->count('app.test', 'A'), 1, 'for the cache either';

    $dns->set('moves.test', A => ['127.0.0.1'], ttl => 1);
    says('moves.test', 'one', 'a short TTL');
    $dns->set('moves.test', A => ['127.0.0.2'], ttl => 1);
    ok wait_until { ask('moves.test')->body eq "two\n" }, 'the next address is found';

    $dns->set('zero.test', A => ['127.0.0.1'], ttl => 0);
    says('zero.test', 'one', 'a TTL of 0') for 1 .. 2;
    cmp_ok $dns->count('zero.test', 'A'), '<=', 2, 'is a second: no question per request';
};

subtest 'valid= replaces the TTL' => sub {
    $dns->set('valid.test', A => ['127.0.0.1'], ttl => 0);
    says('valid.test', 'one', 'the first', 'valid');
    $dns->set('valid.test', A => ['127.0.0.2'], ttl => 0);
    ok wait_until { ask('valid.test')->body eq "two\n" }, 'elsewhere the TTL has ended';
    says('valid.test', 'one', 'here it has not', 'valid');
};

subtest 'one question for all who wait' => sub {
    $dns->set('busy.test', A => ['127.0.0.1']);
    $dns->behave('busy.test', 'hold/A');
    my @waiting = map { $s->connection } 1 .. 8;
    $_->write("GET /?name=busy.test HTTP/1.1\r\nHost: a\r\n\r\n") for @waiting;
    my $gone = pop @waiting;
    ok wait_until { metric('sluice_requests_in_progress') == 9 }, 'eight wait';
    $gone->reset;
    ok wait_until { metric('sluice_requests_in_progress') == 8 }, 'one of them leaves';
    $dns->behave('busy.test');
    is $dns->release, 1, 'there was one question';
    is $_->read_response->body, "one\n", 'an answer' for @waiting;
};

subtest 'the one who asked leaves' => sub {
    $dns->set('left.test', A => ['127.0.0.1']);
    $dns->behave('left.test', 'hold/A');
    my $only = $s->connection;
    $only->write("GET /?name=left.test HTTP/1.1\r\nHost: a\r\n\r\n");
    ok wait_until { $dns->count('left.test', 'A') == 1 }, 'asked';
    $only->reset;
    ok wait_until { metric('sluice_requests_in_progress') == 1 }, 'gone';
    $dns->release;
    says('left.test', 'one', 'the answer is there for the next one');
    is $dns->count('left.test', 'A'), 1, 'who need not ask again';
};

subtest 'failures' => sub {
    fails('nobody.test', '3: Host not found', 'no such name');
    $dns->set('text.test', CNAME => ['nobody.test']);
    fails('text.test', '3: Host not found', 'an alias of nothing');
    $dns->behave('broken.test', 'servfail');
    fails('broken.test', '2: Server failure', 'a failing server');
    $dns->behave('garbage.test', 'garbage');
    fails('garbage.test', '1: Format error', 'garbage');
    $dns->behave('pointer.test', 'loop');
    is ask('pointer.test')->status, 502, 'a record whose name points into the middle of nowhere';
    $dns->behave('silent.test', 'silent');
    fails('silent.test', '110: Operation timed out', 'no answer', 'short');
    $dns->set('a.test', CNAME => ['b.test']);
    $dns->set('b.test', CNAME => ['a.test']);
    fails('a.test', '3: Host not found', 'aliases in a circle');
    fails($_, '3: Host not found', 'what is no name') for 'a..test', ('x' x 64) . '.test', 'un%20wise', '*';
    cmp_ok metric('sluice_resolver_failures_total'), '>=', 6, 'they are counted';
};

subtest 'a failure is remembered for a second, so that a name that comes is found' => sub {
    $dns->behave('new.test', 'nxdomain');
    is ask('new.test')->status, 502, 'not there';
    $dns->set('new.test', A => ['127.0.0.1']);
    $dns->behave('new.test');
    ok wait_until { ask('new.test')->status == 200 }, 'there';
};

subtest 'answers of all kinds' => sub {
    $dns->set('tc.test', A => ['127.0.0.1']);
    $dns->behave('tc.test', 'truncated');
    says('tc.test', 'one', 'a truncated answer');
    cmp_ok $dns->count('tc.test', 'tcp'), '>=', 1, 'comes again over TCP';

    $dns->set('id.test', A => ['127.0.0.1']);
    $dns->behave('id.test', 'wrong_id');
    says('id.test', 'one', 'an answer with another id does not count');

    $dns->set('alias.test', CNAME => ['alias2.test'], ttl => 1);
    $dns->set('alias2.test', CNAME => ['app.test']);
    says('alias.test', 'one', 'aliases are followed');
    ok wait_until { ask('alias.test'); $dns->count('alias.test', 'A') >= 2 }, 'the shortest TTL of the chain counts';

    $dns->set('many.test', A => [map { '127.0.' . int($_ / 250) . '.' . (1 + $_ % 250) } 0 .. 999]);
    is ask('many.test')->status, 200, 'a thousand addresses, the ones that do not answer are passed over';

    $dns->set('flip.test', A => ['127.0.0.1', '127.0.0.2', '127.0.0.3'], ttl => 0);
    $dns->behave('flip.test', 'flip');
    my %seen;
    ok wait_until { $seen{ ask('flip.test')->body }++; keys %seen == 3 }, 'another address in every answer';
};

subtest 'the addresses of a name take turns, and the next one is tried when one fails' => sub {
    $dns->set('three.test', A => ['127.0.0.3', '127.0.0.1', '127.0.0.2']);
    my %seen;
    $seen{ ask('three.test')->body }++ for 1 .. 9;
    is_deeply \%seen, { "one\n" => 3, "two\n" => 3, "three\n" => 3 }, 'evenly';
    $dns->set('half.test', A => ['127.0.0.77', '127.0.0.1']);
    says('half.test', 'one', 'nobody is at the other address') for 1 .. 4;
};

SKIP: {
    skip 'no IPv6 here', 1 unless $has_ipv6;
    subtest 'IPv6' => sub {
        $dns->set('six.test', AAAA => ['::1']);
        says('six.test', 'six', 'a name that has nothing else');
        fails('six.test', '3: Host not found', 'but not with ipv6=off', 'v4');
        $dns->set('two.test', A => ['127.0.0.1'], AAAA => []);
        $dns->set('two.test', AAAA => ['::1']);
        my %seen;
        $seen{ ask('two.test')->body }++ for 1 .. 4;
        is_deeply \%seen, { "one\n" => 2, "six\n" => 2 }, 'both kinds take turns';
        says('two.test', 'six', 'ipv4=off', 'v6') for 1 .. 2;
    };
}

subtest 'one kind of address fails' => sub {
    $dns->set('lame.test', A => ['127.0.0.1']);
    $dns->behave('lame.test', 'servfail/AAAA');
    says('lame.test', 'one', 'the other is used');
    $dns->set('lamer.test', A => ['127.0.0.1']);
    $dns->behave('lamer.test', 'silent/AAAA');
    says('lamer.test', 'one', 'and not waited for until the end');
};

subtest 'the last good answer stays while DNS fails' => sub {
    for my $name ('stale.test', 'gone.test') { $dns->set($name, A => ['127.0.0.1'], ttl => 1) }
    says('stale.test', 'one', 'a good answer', $_) for '', 'nostale';
    my $mark = $s->log_mark;
    $dns->behave('stale.test', 'servfail');
    ok wait_until { ask('stale.test', 'nostale')->status == 502 }, 'its time is over';
    ok wait_until { ask('stale.test'); metric('sluice_resolver_stale_answers_total') > 0 }, 'stale answers are counted';
    says('stale.test', 'one', 'and work');
    ok $s->wait_for_log(qr/\[warn\].*stale\.test could not be resolved \(2: Server failure\), its last addresses are used/, $mark), 'the log says so';
    $dns->behave('stale.test');
    my $is_back = wait_until { ask('stale.test'); $s->log =~ /\[notice\].*stale\.test is resolved again/ } 10;
    ok $is_back, 'until DNS is back';

    says('gone.test', 'one', 'a name');
    $dns->behave('gone.test', 'nxdomain');
    ok wait_until { ask('gone.test')->status == 502 }, 'that is taken away is gone: that is an answer';
};

subtest 'several servers' => sub {
    $other->behave('app.test', 'servfail');
    $dns->set('app.test', A => ['127.0.0.2']);
    says('app.test', 'two', 'one fails', 'both');
    $other->behave('quiet.test', 'silent');
    $dns->set('quiet.test', A => ['127.0.0.2']);
    says('quiet.test', 'two', 'one does not answer', 'both');
};

subtest 'without DNS' => sub {
    my $before = metric('sluice_resolver_queries_total');
    says('localhost', 'one', 'the hosts file', 'v4');
    says('127.0.0.2', 'two', 'an address', $_) for '', 'system';
    is metric('sluice_resolver_queries_total'), $before, 'ask nobody';
    my $mark = $s->log_mark;
    is ask('app.test', 'system')->status, 502, 'resolver off';
    ok $s->wait_for_log(qr/no resolver defined to resolve app\.test/, $mark), 'looks nothing up';
};

$s->stop;

subtest 'without the directive the system is asked' => sub {
    my $system = Test::Sluice::Server->new(config => 'location / { proxy_pass http://$arg_name; }')->start;
    my $mark = $system->log_mark;
    is $system->get("/?name=localhost:$s->{port}")->status, 502, 'nobody is there any more';
    ok $system->wait_for_log(qr/connect\(\) failed \(111: Connection refused\).*upstream: "http:\/\/127\.0\.0\.1:/, $mark), 'but it was tried';
    $system->stop;
};

$_->stop for $dns, $other;
done_testing;
