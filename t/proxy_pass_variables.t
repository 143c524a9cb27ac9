# proxy_pass with variables, as nginx means it: what is looked up where, which URI is sent, which connection is used, what is refused.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Dns;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my $dns    = Test::Sluice::Dns->start;
my $origin = Test::Sluice::Origin->start;
$dns->set($_, A => ['127.0.0.1'], ttl => 3600) for 'app.test', 'group', 'backend.test', map { "sbx-$_.test" } 1 .. 300;

my $s = Test::Sluice::Server->new(
    workers => 1, vars => { ORIGIN_PORT => $origin->{port}, DNS => $dns->address },
    http_config => <<'END', config => <<'END2')->start;
    resolver $TEST_SLUICE_DNS ipv6=off;
    log_format upstream 'to $upstream_addr';
    upstream group { server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    server {
        listen 127.0.0.1:$TEST_SLUICE_PORT;
        server_name ~^(?<port>\d+)-(?<id>[a-z0-9]+)\.sandbox\.example$;
        location / { proxy_pass http://sbx-$id.test:$port; proxy_set_header Host $host; }
    }
END
        location /to/ { proxy_pass http://$arg_to; }
        location /port/ { set $app app.test; set $p $TEST_SLUICE_ORIGIN_PORT; proxy_pass http://$app:$p; }
        location /uri/ { set $app app.test; proxy_pass http://$app:$TEST_SLUICE_ORIGIN_PORT/fixed/; }
        location /query/ { set $app app.test; proxy_pass http://$app:$TEST_SLUICE_ORIGIN_PORT?only=this; }
        location /whole/ { set $app app.test; proxy_pass http://$app:$TEST_SLUICE_ORIGIN_PORT$request_uri; }
        location /scheme/ { proxy_pass $arg_url; }
        location /shows/ { set $app APP.test; proxy_pass http://$app:$TEST_SLUICE_ORIGIN_PORT; proxy_set_header X-Host $proxy_host; proxy_set_header X-Port $proxy_port; access_log logs/access.log upstream; }
END2

sub line { my ($target) = @_; return ($s->get($target)->body =~ /\A([^\n]*) HTTP/)[0] // '' }

subtest 'which URI is sent' => sub {
    is line('/port/a%20b/../c?d=%2f'), 'GET /port/a%20b/../c?d=%2f', 'without one the client\'s own bytes';
    is line('/uri/a?b'), 'GET /fixed/', 'one that is given, as it is';
    is line('/query/a?b'), 'GET /?only=this', 'a query alone';
    is line('/whole/a%2fb?c'), 'GET /whole/a%2fb?c', '$request_uri as it is';
};

subtest 'where to' => sub {
    is line('/to/?to=group'), 'GET /to/?to=group', 'an upstream, before DNS';
    is $dns->count('group'), 0, 'which is not asked for its name';
    is $s->get("/to/?to=group:1")->status, 502, 'with a port it is another: a name';
    is $dns->count('group', 'A'), 1, 'that is asked for';
    is line("/to/?to=127.0.0.1:$origin->{port}"), "GET /to/?to=127.0.0.1:$origin->{port}", 'an address';
    is line("/to/?to=app.test:$origin->{port}"), "GET /to/?to=app.test:$origin->{port}", 'a name';
    is line("/scheme/?url=HTTP://app.test:$origin->{port}/x"), 'GET /x', 'a scheme in capitals';
    my $shown = $s->get('/shows/');
    like $shown->body, qr/^X-Host: APP\.test:$origin->{port}\nX-Port: $origin->{port}$/m, '$proxy_host and $proxy_port are as written';
    ok wait_until { $s->access_log =~ /^to 127\.0\.0\.1:$origin->{port}$/m }, '$upstream_addr is the address';
};

subtest 'what is no target' => sub {
    my %texts = (
        '/scheme/'                          => [500, 'invalid URL prefix in ""'],
        '/scheme/?url=ftp://a/'             => [500, 'invalid URL prefix in "ftp://a/"'],
        '/scheme/?url=http://'              => [500, 'no host in upstream ""'],
        '/scheme/?url=http:///x'            => [500, 'no host in upstream "/x"'],
        '/scheme/?url=http://app.test:x/'   => [500, 'invalid port in upstream "app.test:x/"'],
        '/scheme/?url=http://app.test:0/'   => [500, 'invalid port in upstream "app.test:0/"'],
        '/scheme/?url=http://app.test:/'    => [500, 'invalid port in upstream "app.test:/"'],
        '/scheme/?url=http://app.test:70000' => [500, 'invalid port in upstream "app.test:70000"'],
        '/to/?to=nobody.test'               => [502, 'nobody.test could not be resolved (3: Host not found)'],
        '/to/?to=a..b'                      => [502, 'a..b could not be resolved (3: Host not found)'],
        '/to/?to=[::1'                      => [502, '[: could not be resolved (3: Host not found)'],
    );
    for my $target (sort keys %texts) {
        my $mark = $s->log_mark;
        is $s->get($target)->status, $texts{$target}[0], $target;
        ok $s->wait_for_log(qr/\[error\].*\Q$texts{$target}[1]\E, client: /, $mark), $texts{$target}[1];
    }
};

subtest 'hundreds of sandboxes, each with a name of its own' => sub {
    my $before = $origin->connections;
    my $connection = $s->connection;
    my @wrong;
    for my $turn (1 .. 2) {
        for my $id (1 .. 300) {
            my $host = "$origin->{port}-$id.sandbox.example";
            push @wrong, $host unless $connection->request(GET => '/', headers => ["Host: $host"])->body =~ /^Host: \Q$host\E$/m;
        }
    }
    is "@wrong", '', 'each gets its own';
    is $dns->count('sbx-7.test', 'A'), 1, 'a name is asked for once';
    cmp_ok $origin->connections - $before, '<=', 1, 'one address: one connection for all of them';
};

subtest 'a change of the configuration forgets no name' => sub {
    is $s->reload, 0, 'a reload';
    is line("/to/?to=app.test:$origin->{port}"), "GET /to/?to=app.test:$origin->{port}", 'a name';
    is $dns->count('app.test', 'A'), 1, 'is still known';
};

$s->stop;
$_->stop for $dns, $origin;
done_testing;
