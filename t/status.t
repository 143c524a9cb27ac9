# What sluice counts: stub_status in nginx's form, metrics in Prometheus' text format.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my $server = Test::Sluice::Server->new(workers => 2, http_config => <<'END2', config => <<'END');
    client_header_timeout 200ms;
    large_client_header_buffers 4 1k;
END2
        client_max_body_size 10;
        location = /stub { stub_status; }
        location = /metrics { metrics; }
        location /200 { return 200 "ok\n"; }
        location /301 { return 301 /; }
        location /404 { return 404; }
        location /502 { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
END
$server->start;

sub metric { my ($name) = @_; return $server->get('/metrics')->body =~ /^\Q$name\E (-?\d+)$/m ? $1 : 'none' }

subtest 'stub_status' => sub {
    my $idle = $server->connection;
    $idle->request(GET => '/200');
    my $response = $server->get('/stub');
    is $response->header('Content-Type'), 'text/plain', 'is text';
    like $response->body, qr/\AActive connections: 2 \nserver accepts handled requests\n (\d+) \1 \d+ \nReading: \d+ Writing: 1 Waiting: 1 \n\z/, 'in nginx\'s form';
    my ($before) = $response->body =~ /(\d+) \nReading/;
    $server->get('/200') for 1 .. 3;
    my ($after) = $server->get('/stub')->body =~ /(\d+) \nReading/;
    is $after - $before, 4, 'requests of both workers are counted';
    $idle->close;
    ok wait_until { $server->get('/stub')->body =~ /^Active connections: 1 / }, 'a closed connection is active no more';
};

subtest 'metrics' => sub {
    my $text = $server->get('/metrics');
    is $text->header('Content-Type'), 'text/plain; version=0.0.4', 'the content type of the format';
    for my $line (split /\n/, $text->body) {
        $line =~ /^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{(?:\w+="[^"]*",?)*\})? [-+.\deInfNa]+)$/ or fail("a line that is none of the format: $line");
    }
    my %type = $text->body =~ /^# TYPE (\w+) (\w+)$/mg;
    is $type{sluice_requests_total}, 'counter', 'counters are counters';
    is $type{sluice_connections_active}, 'gauge', 'gauges are gauges';
    my @duplicate = do { my %seen; grep { $seen{$_}++ } $text->body =~ /^# TYPE (\w+)/mg };
    is_deeply \@duplicate, [], 'each family has one type line';
};

subtest 'responses by class' => sub {
    my %before = map { $_ => metric("sluice_responses_total{class=\"$_\"}") } qw(2xx 3xx 4xx 5xx);
    $server->get($_) for qw(/200 /200 /301 /404 /404 /404 /502);
    is metric('sluice_responses_total{class="3xx"}') - $before{'3xx'}, 1, '3xx';
    is metric('sluice_responses_total{class="4xx"}') - $before{'4xx'}, 3, '4xx';
    is metric('sluice_responses_total{class="5xx"}') - $before{'5xx'}, 1, '5xx';
    cmp_ok metric('sluice_responses_total{class="2xx"}') - $before{'2xx'}, '>=', 2, '2xx';
};

subtest 'limits that were hit' => sub {
    my $hits = sub { metric("sluice_limit_hits_total{limit=\"$_[0]\"}") };
    is $hits->($_), 0, "$_: not yet" for qw(request_head request_body client_header_timeout worker_connections);
    $server->get('/' . 'a' x 1100);
    is $hits->('request_head'), 1, 'a target that is too long';
    $server->request(POST => '/200', body => 'x' x 11);
    is $hits->('request_body'), 1, 'a body that is too large';
    my $c = $server->connection;
    $c->write('GET /');
    is $c->read_response->status, 408, 'a head that stops';
    is $hits->('client_header_timeout'), 1, 'a head that stops is counted';
};

$server->stop;

# worker_connections: who comes later waits in the kernel's queue until somebody leaves.
my $few = Test::Sluice::Server->new(connections => 8, config => "location / { return 200 ok; }\nlocation = /metrics { metrics; }");
$few->start;
my @open = map { $few->connection } 1 .. 8;
is $_->request(GET => '/')->status, 200, 'as many connections as worker_connections' for @open;
my $ninth = $few->connection;
$ninth->write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
like $open[0]->request(GET => '/metrics')->body, qr/^sluice_connections_active 8\n/m, 'one more is not accepted';
(shift @open)->close;
is $ninth->read_response->status, 200, 'until one has gone';
like $ninth->request(GET => '/metrics')->body, qr/^sluice_limit_hits_total\{limit="worker_connections"\} 2$/m, 'it was counted, each time';
$_->close for @open, $ninth;
$few->stop(allowed => [qr/8 worker_connections are not enough/]);
done_testing;
