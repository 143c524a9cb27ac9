# Responses that come before the request's body has: what is left of the body is never a request, and an upstream that lacks a part of
# it is never asked again on that connection.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;
use Test::Sluice::TcpScript;

my $origin = Test::Sluice::Origin->start;
my $no     = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
my $early  = Test::Sluice::TcpScript->start(keep_open => 1, replies => [$no]);
my $picky  = Test::Sluice::TcpScript->start(keep_open => 1, replies => ["HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno"]);
my $server = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port, EARLY_PORT => $early->port, PICKY_PORT => $picky->port },
                                       config => <<'END');
        location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /early { proxy_request_buffering off; proxy_pass http://127.0.0.1:$TEST_SLUICE_EARLY_PORT; }
        location /picky { proxy_request_buffering off; proxy_pass http://127.0.0.1:$TEST_SLUICE_PICKY_PORT; }
        location /denied { return 403 "no"; }
        location /missing/ { root $TEST_SLUICE_HTML_DIR; }
        location /lua { access_by_lua_block { return ngx.exit(403) } }
        location /small { client_max_body_size 10; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
END
$server->start;

my $evil = "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n";

# framings: how a body that looks like requests is announced, its first bytes and the rest.
my $body     = $evil x 40;
my @framings = (['with a length', 'Content-Length: ' . length $body, substr($body, 0, 60), substr($body, 60)],
                ['in chunks', 'Transfer-Encoding: chunked', sprintf("%x\r\n%s", length $body, substr $body, 0, 60), substr($body, 60) . "\r\n0\r\n\r\n"]);

for my $target (qw(/early /denied /missing/x /lua)) {
    for my $framing (@framings) {
        my ($name, $field, $first, $rest) = @$framing;
        for my $method (qw(POST GET DELETE)) {
            $origin->reset;
            my $what = "$method $target, a body $name";
            my $c = $server->connection;
            $c->write("$method $target HTTP/1.1\r\nHost: a\r\n$field\r\n\r\n$first");
            like $c->read_response(method => $method)->status, qr/^40[345]$/, "$what - is answered before it is there";
            $c->write("${rest}GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
            my $next = $c->read_response;
            ok $next->status eq '' || $next->body =~ m{^GET /next }, '- the rest is no request: the next one is, or the connection ends' or diag $next->status, $next->body;
            unlike join(' ', map { $_->{target} } $origin->requests), qr/evil/, '- nothing of it reaches the origin';
            $c->close;
        }
    }
}
my $uploads = grep { /^(?:POST|GET|DELETE) \/early/ } $early->queries;
is $uploads, 6, 'each upload had an upstream connection of its own';

# A body over the limit: 413 and the end.
for my $framing (@framings) {
    my ($name, $field, $first, $rest) = @$framing;
    $origin->reset;
    my $c = $server->connection;
    $c->write("POST /small HTTP/1.1\r\nHost: a\r\n$field\r\n\r\n$first$rest$evil");
    is $c->read_response->status, 413, "a body over the limit, $name";
    is $c->read_response->status, '', '- ends the connection';
    unlike join(' ', map { $_->{target} } $origin->requests), qr/evil/, '- and nothing of it is a request';
    $c->close;
}

# Expectations. Who says that it waits for 100 and gets a final response instead may send its body, or may not: nobody can tell, so the
# connection ends, unless 100 was sent.
for my $target (qw(/picky /denied /lua /missing/x)) {
    my $c = $server->connection;
    $c->write("POST $target HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: " . length($evil) . "\r\n\r\n");
    my $response = $c->read_response(method => 'POST');
    like $response->status, qr/^4\d\d$/, "$target, with an expectation, is refused";
    my ($continue) = grep { $_->status == 100 } $response->interim;
    $c->write($evil);
    is $c->read_response->status, '', '- and what follows is no request' . ($continue ? ', but the body' : '') unless $continue;
    if ($continue) {
        is $c->request(GET => '/next')->status, 200, '- the body was asked for, and the next request is the one behind it';
    }
    $c->close;
}
for my $expect ('y 100-continue', '100-continue y', '100-continue;x', '"100-continue"', 'y, 100-continue', '') {
    my $c = $server->connection;
    $c->write("POST / HTTP/1.1\r\nHost: a\r\nExpect: $expect\r\nContent-Length: " . length($evil) . "\r\n\r\n$evil");
    my $status = $c->read_response->status;
    like $status, $expect eq '' ? qr/^(?:200|417)$/ : qr/^417$/, "\"Expect: $expect\" - $status";
    $c->write($evil);
    my $next = $c->read_response->status;
    ok $next eq '' || $status == 200, '- and nothing behind it is served';
    $c->close;
}
$origin->reset;
my $c = $server->connection;
$c->write("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nabcd${evil}");
like $c->read_response->body, qr/\n\nabcd$/, 'an expectation whose body is sent at once';
like $c->read_response->body, qr/^GET \/evil /, '- and what stands behind the body is the next request';
unlike $origin->raw, qr/^Expect/mi, '- the upstream is not asked what the client was told';

$server->stop;
$_->stop for $origin, $early, $picky;
done_testing;
