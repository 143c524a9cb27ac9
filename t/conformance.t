# What HTTP asks of a gateway (RFC 9110, RFC 9112) and no other suite shows: fields on their way in both directions, versions, responses
# without a body, trailers, connections that end.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;
use Test::Sluice::TcpScript;

my $origin = Test::Sluice::Origin->start;
my $drip   = Test::Sluice::TcpScript->start(replies => [[split //, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\n\r\nok"]]);
my $server = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port, DRIP_PORT => $drip->port }, config => <<'END');
        location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /dated/ { proxy_pass_header Date; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /drip { proxy_pass http://127.0.0.1:$TEST_SLUICE_DRIP_PORT; }
        location /own { return 200 "own\n"; }
        location /own/205 { return 205; }
        location /own/204 { return 204 "never sent"; }
END
$server->start;

my $end = "\r\n\r\n";
sub raw_target { my ($bytes) = @_; return '/raw?close=1&data=' . join '', map { sprintf '%%%02x', ord } split //, $bytes }

# of_origin: the response to METHOD when the upstream sends BYTES; the client's connection must be in order afterwards.
sub of_origin {
    my ($bytes, %option) = @_;
    my $c = $server->connection;
    my $response = $c->request($option{method} || 'GET', ($option{prefix} || '') . raw_target($bytes), %option);
    is $c->request(GET => '/own')->body, "own\n", '- (the connection is in order)' unless $option{version};
    $c->close;
    return $response;
}

# --- Date (RFC 9110, 6.6.1)
like of_origin("HTTP/1.1 200 OK\r\nContent-Length: 0$end")->header('Date'), qr/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, 'a response without Date gets one';
like of_origin("HTTP/1.1 200 OK\r\nContent-Length: 0$end", prefix => '/dated')->header('Date'), qr/ GMT$/, 'also where that of the upstream is passed';
my $dated = of_origin("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: Fri, 20 Nov 2026 12:00:00 GMT$end", prefix => '/dated');
is_deeply [$dated->raw_head =~ /^Date: (.*)\r$/mg], ['Fri, 20 Nov 2026 12:00:00 GMT'], 'but no second one';

# --- what belongs to one connection, upwards and downwards (RFC 9110, 7.6.1)
$origin->reset;
$server->request(GET => '/', headers => ['Connection: close, X-Mine, Keep-Alive', 'X-Mine: 1', 'Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive',
    'TE: trailers, deflate', 'Upgrade: other', 'Trailer: X', 'X-Kept: 1', 'If-None-Match: "a"', 'If-Modified-Since: Fri, 20 Nov 2026 12:00:00 GMT',
    'Range: bytes=0-1', 'Authorization: Basic eA==', 'Cache-Control: no-transform', 'Accept-Encoding: br;q=0.1']);
unlike $origin->raw, qr/^(?:X-Mine|Keep-Alive|Proxy-Connection|TE|Upgrade|Trailer):/mi, 'no field of the client\'s connection goes up';
like $origin->raw, qr/^\Q$_\E\r$/m, "\"$_\" does" for 'X-Kept: 1', 'If-None-Match: "a"', 'If-Modified-Since: Fri, 20 Nov 2026 12:00:00 GMT', 'Range: bytes=0-1',
    'Authorization: Basic eA==', 'Cache-Control: no-transform', 'Accept-Encoding: br;q=0.1';
$origin->reset;
my @protected = ('Host', 'Content-Length', 'Transfer-Encoding', 'Authorization', 'Cookie', 'Via', 'Forwarded', map { "X-Forwarded-$_" } qw(For Host Port Proto));
$server->request(POST => '/echo', body => 'abc', headers => ['Connection: close, X-Real-IP, ' . join(', ', @protected), 'Authorization: a', 'Cookie: b=c', 'Via: 1.1 d',
    'Forwarded: for=e', 'X-Real-IP: f', map { "X-Forwarded-$_: g" } qw(For Host Port Proto)]);
like $origin->raw, qr/^$_: /m, "Connection cannot take away $_" for 'X-Real-IP', grep { $_ ne 'Transfer-Encoding' } @protected;
like $origin->raw, qr/\r\n\r\nabc\z/, '- and the body is the one that was sent';

my $response = of_origin("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X-Theirs, keep-alive\r\nX-Theirs: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\n"
    . "Upgrade: h2c\r\nTrailer: X\r\nX-Kept: 1\r\nWWW-Authenticate: Basic\r\nAllow: GET\r\nVary: Accept\r\nVary: X\r\nETag: W/\"a\"\r\nLast-Modified: x${end}ok");
ok !defined $response->header($_), "no $_ of the upstream's connection comes down" for qw(X-Theirs Keep-Alive Proxy-Connection Upgrade Trailer);
like $response->raw_head, qr/^\Q$_\E\r$/m, "\"$_\" does" for 'X-Kept: 1', 'WWW-Authenticate: Basic', 'Allow: GET', "Vary: Accept\r\nVary: X", 'ETag: W/"a"', 'Last-Modified: x';

# --- responses without a body (RFC 9110, 9.3.2, 15.3.5, 15.3.6, 15.4.5; RFC 9112, 6)
for my $status (204, 304) {
    $response = of_origin("HTTP/1.1 $status X\r\nETag: \"a\"${end}HTTP/1.1 200 OK\r\nContent-Length: 4${end}evil");
    is $response->status, $status, "$status with something behind it";
    is $response->body, '', '- which goes nowhere';
    unlike $response->raw_head, qr/^Transfer-Encoding/m, '- and no framing';
}
unlike of_origin("HTTP/1.1 204 X\r\nContent-Length: 0$end")->raw_head, qr/^Content-Length/m, '204 has no length (RFC 9110, 8.6)';
unlike of_origin("HTTP/1.1 304 X\r\nTransfer-Encoding: chunked$end")->raw_head, qr/^Transfer-Encoding/m, '304 may tell the coding that 200 would have; ours is another';
is of_origin("HTTP/1.1 304 X\r\nContent-Length: 42$end")->header('Content-Length'), '42', '304 may tell the length that 200 would have';
is of_origin("HTTP/1.1 200 X\r\nContent-Length: 42$end", method => 'HEAD')->header('Content-Length'), '42', 'and so does HEAD';
$response = of_origin("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked$end", method => 'HEAD');
is $response->status, 200, 'HEAD of what would be chunked';
is $response->body, '', '- without a chunk';
$response = $server->get('/own/205');
is $response->status . $response->body, '205', '205 has no content';
is $response->header('Content-Length'), '0', '- and says so';
$response = $server->get('/own/204');
is $response->status . $response->body, '204', '204 of our own has none, whatever its directive says';
unlike $response->raw_head, qr/^Content-Length|^Transfer-Encoding/m, '- and no framing';

# --- versions (RFC 9112, 2.3; RFC 9110, 15.2)
for my $bytes ("HTTP/1.0 200 OK\r\nContent-Length: 2${end}ok", "HTTP/1.1 200 OK\r\nContent-Length: 2${end}ok", "HTTP/1.9 200 OK\r\nContent-Length: 2${end}ok",
               "HTTP/1.0 200 OK${end}ok") {
    $response = of_origin($bytes);
    like $response->raw_head, qr{\AHTTP/1\.1 200 }, substr($bytes, 0, 8) . ' is passed on as HTTP/1.1';
    is $response->body, 'ok', '- whole';
}
for my $bytes ("HTTP/1.1 103 Early Hints\r\nLink: </a>${end}HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked${end}2\r\nok\r\n0$end") {
    my $c = $server->connection;
    $c->write('GET ' . raw_target($bytes) . " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    my $old = $c->read_response(method => 'GET');
    is $old->status, 200, 'a client of HTTP/1.0';
    is scalar(() = $old->interim), 0, '- gets no interim response';
    unlike $old->raw_head, qr/^Transfer-Encoding/m, '- no chunks';
    is $old->body, 'ok', '- but the body';
    is $old->header('Connection'), 'close', '- which ends with the connection';
    ok $c->at_eof, '- as it does';
}
my $keep = $server->connection;
for my $i (1, 2) {
    $keep->write("GET /own HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    my $kept = $keep->read_response;
    is $kept->body, "own\n", "a client of HTTP/1.0 that asks for it keeps its connection: $i";
    is $kept->header('Connection'), 'keep-alive', '- and is told so';
}
$keep->close;

# --- status lines (RFC 9112, 4)
like of_origin("HTTP/1.1 200 \r\nContent-Length: 0$end")->raw_head, qr{\AHTTP/1\.1 200 ?\S*\r\n}, 'an empty reason';
like of_origin("HTTP/1.1 200\r\nContent-Length: 0$end")->raw_head, qr{\AHTTP/1\.1 (?:200 |502 )}, 'none at all, not even the space';
is of_origin("HTTP/1.1 799 What\r\nContent-Length: 0$end")->status, 799, 'a status that nobody knows';
is $server->get('/drip')->body, 'ok', 'a response in pieces of one byte';

# --- interim responses
$response = of_origin("HTTP/1.1 103 E\r\nLink: </a>\r\nConnection: X-B\r\nX-B: 1${end}HTTP/1.1 103 E\r\nLink: </b>${end}HTTP/1.1 200 OK\r\nContent-Length: 2${end}ok");
is $response->status, 200, '103, twice, are not the response';
is join(' ', map { $_->status } $response->interim), '103 103', '- and both pass';
$response = of_origin("HTTP/1.1 100 C${end}HTTP/1.1 100 C${end}HTTP/1.1 199 C${end}HTTP/1.1 200 OK\r\nContent-Length: 2${end}ok");
is $response->status . $response->body, '200ok', '100 twice and a 199 that nobody knows';

# --- trailers: a part of the upstream's body that is not passed on; they never become header fields
for my $te ([], ['TE: trailers', 'Connection: TE']) {
    my $c = $server->connection;
    my $got = $c->request(GET => '/chunked?n=3&trailer=1', headers => $te);
    is $got->status, 200, 'a response with trailers' . (@$te ? ' for a client that wants them' : '');
    unlike $got->raw_head, qr/^X-Trailer/mi, '- has them in no header';
    is $c->request(GET => '/own')->body, "own\n", '- and the connection is in order';
    $c->close;
}

# --- after "close" nothing is read any more (RFC 9112, 9.6)
$origin->reset;
my $c = $server->connection;
$c->write("GET /first HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n");
is $c->read_response->status, 200, 'a request that ends the connection';
ok $c->at_eof, '- ends it';
is_deeply [map { $_->{target} } $origin->requests], ['/first'], '- and what stands behind it is no request';
$c->close;

$server->stop;
$_->stop for $origin, $drip;
done_testing;
