# The same requests to sluice, to Debian's nginx and to HAProxy: where sluice does something else, docs/differences.md says so and why.
# What a proxy does with a connection is written as the statuses that come back and the requests that reached the origin whole.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Differences;
use Test::Sluice::Http;
use Test::Sluice::Process qw(timeout_factor);

my $host = "\r\nHost: a";
my $end  = "GET /end HTTP/1.1$host\r\nConnection: close\r\n\r\n";  # follows every case: is it still taken as a request?

sub get  { my ($target, @fields) = @_; return "GET $target HTTP/1.1$host\r\n" . join('', map { "$_\r\n" } @fields) . "\r\n" }
sub post { my ($body, @fields) = @_; return "POST /a HTTP/1.1$host\r\n" . join('', map { "$_\r\n" } @fields) . "\r\n$body" }
sub chunked { return post($_[0], 'Transfer-Encoding: chunked') }

# A name, and what is sent before the last request.
my @cases = (
    ['a plain request', get('/a')],
    ['two in one segment', get('/a') . get('/b')],
    # request line
    ['lower-case method', "get / HTTP/1.1$host\r\n\r\n"],
    ['unknown method', "BREW /a HTTP/1.1$host\r\n\r\n"],
    ['method with "_"', "A_B /a HTTP/1.1$host\r\n\r\n"],
    ['method with "!"', "A!B /a HTTP/1.1$host\r\n\r\n"],
    ['method of 100 bytes', ('A' x 100) . " /a HTTP/1.1$host\r\n\r\n"],
    ['TRACE', "TRACE /a HTTP/1.1$host\r\n\r\n"],
    ['CONNECT', "CONNECT a:80 HTTP/1.1$host\r\n\r\n"],
    ['two spaces before the target', "GET  /a HTTP/1.1$host\r\n\r\n"],
    ['two spaces before the version', "GET /a  HTTP/1.1$host\r\n\r\n"],
    ['space in the target', "GET /a b HTTP/1.1$host\r\n\r\n"],
    ['tab before the target', "GET\t/a HTTP/1.1$host\r\n\r\n"],
    ['space behind the version', "GET /a HTTP/1.1 $host\r\n\r\n"],
    ['HTTP/0.9', "GET /a\r\n"],
    ['HTTP/1.0', "GET /a HTTP/1.0\r\n\r\n"],
    ['HTTP/1.2', "GET /a HTTP/1.2$host\r\n\r\n"],
    ['HTTP/2.0', "GET /a HTTP/2.0$host\r\n\r\n"],
    ['HTTP/01.1', "GET /a HTTP/01.1$host\r\n\r\n"],
    ['http/1.1', "GET /a http/1.1$host\r\n\r\n"],
    ['an empty line before it', "\r\n" . get('/a')],
    ['ten empty lines before it', ("\r\n" x 10) . get('/a')],
    ['bare LF lines', "GET /a HTTP/1.1\nHost: a\n\n"],
    ['bare CR in a value', get('/a', "X: a\rb")],
    # targets
    ['"*" with GET', get('*')],
    ['"*" with OPTIONS', "OPTIONS * HTTP/1.1$host\r\n\r\n"],
    ['absolute target', get('http://a/a')],
    ['absolute target, other host', get('http://b/a')],
    ['absolute target, user information', get('http://u@a/a')],
    ['absolute target without host', get('http:///a')],
    ['target without "/"', get('a')],
    ['fragment', get('/a#b')],
    ['backslash', get('/a\\b')],
    ['raw UTF-8', get("/\xc3\xa9")],
    ['quotes and braces in the path', get('/a"<>{}|^`')],
    ['encoded NUL', get('/a%00b')],
    ['encoded line feed', get('/a%0ab')],
    ['broken percent-encoding', get('/a%zz')],
    ['path above the root', get('/../a')],
    ['encoded path above the root', get('/%2e%2e/a')],
    ['dot segments', get('/a/../b')],
    ['dots before ";"', get('/a/..;/b')],
    ['dots before an encoded backslash', get('/a/..%5cb')],
    ['"//"', get('//a')],
    ['target of 9,000 bytes', get('/' . 'a' x 9_000)],
    # Host
    ['no Host', "GET /a HTTP/1.1\r\nX: a\r\n\r\n"],
    ['two Hosts', get('/a', 'Host: b')],
    ['the same Host twice', get('/a', 'Host: a')],
    ['empty Host', "GET /a HTTP/1.1\r\nHost:\r\n\r\n"],
    ['Host with "/"', "GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n"],
    ['Host with ","', "GET /a HTTP/1.1\r\nHost: a,b\r\n\r\n"],
    ['Host with "@"', "GET /a HTTP/1.1\r\nHost: u\@a\r\n\r\n"],
    ['Host with a port that is none', "GET /a HTTP/1.1\r\nHost: a:b\r\n\r\n"],
    ['Host with port 70000', "GET /a HTTP/1.1\r\nHost: a:70000\r\n\r\n"],
    ['Host with an open bracket', "GET /a HTTP/1.1\r\nHost: [::1\r\n\r\n"],
    ['Host with a dot behind it', "GET /a HTTP/1.1\r\nHost: a.\r\n\r\n"],
    # fields
    ['space before the colon', get('/a', 'X : a')],
    ['space before the name', get('/a', ' X: a')],
    ['folded line', get('/a', 'X: a', "\tb")],
    ['line without colon', get('/a', 'X')],
    ['empty name', get('/a', ': a')],
    ['name that is no token', get('/a', 'X(: a')],
    ['name with "_"', get('/a', 'X_Y: a')],
    ['NUL in a value', get('/a', "X: a\0b")],
    ['control character in a value', get('/a', "X: a\x01b")],
    ['UTF-8 in a value', get('/a', "X: \xc3\xa9")],
    ['150 fields', get('/a', map { "X-$_: a" } 1 .. 150)],
    ['field of 20,000 bytes', get('/a', 'X: ' . 'a' x 20_000)],
    # length
    ['length and coding', post("0\r\n\r\n", 'Content-Length: 5', 'Transfer-Encoding: chunked')],
    ['coding and length', post("0\r\n\r\n", 'Transfer-Encoding: chunked', 'Content-Length: 5')],
    ['coding in HTTP/1.0', "POST /a HTTP/1.0$host\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ['coding "gzip, chunked"', post("0\r\n\r\n", 'Transfer-Encoding: gzip, chunked')],
    ['coding "xchunked"', post("0\r\n\r\n", 'Transfer-Encoding: xchunked')],
    ['coding "chunked, chunked"', post("0\r\n\r\n", 'Transfer-Encoding: chunked, chunked')],
    ['coding "identity"', post('', 'Transfer-Encoding: identity')],
    ['two codings', post("0\r\n\r\n", 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
    ['coding behind a vertical tab', post("0\r\n\r\n", "Transfer-Encoding: \x0bchunked")],
    ['length +1', post('a', 'Content-Length: +1')],
    ['length -1', post('', 'Content-Length: -1')],
    ['length 0x1', post('a', 'Content-Length: 0x1')],
    ['length "1,1"', post('a', 'Content-Length: 1,1')],
    ['two equal lengths', post('a', 'Content-Length: 1', 'Content-Length: 1')],
    ['two lengths', post('a', 'Content-Length: 1', 'Content-Length: 2')],
    ['length 2^63', post('a', 'Content-Length: 9223372036854775808')],
    ['length with leading zeros', post('a', 'Content-Length: 001')],
    ['empty length', post('', 'Content-Length:')],
    ['GET with a body', "GET /a HTTP/1.1$host\r\nContent-Length: 1\r\n\r\na"],
    # chunks
    ['chunks', chunked("1\r\na\r\n0\r\n\r\n")],
    ['chunk size 0x1', chunked("0x1\r\na\r\n0\r\n\r\n")],
    ['chunk size +1', chunked("+1\r\na\r\n0\r\n\r\n")],
    ['chunk size -1', chunked("-1\r\na\r\n0\r\n\r\n")],
    ['space before the chunk size', chunked(" 1\r\na\r\n0\r\n\r\n")],
    ['space behind the chunk size', chunked("1 \r\na\r\n0\r\n\r\n")],
    ['chunk size of 17 digits', chunked("00000000000000001\r\na\r\n0\r\n\r\n")],
    ['chunk size over 2^64', chunked("10000000000000001\r\na\r\n0\r\n\r\n")],
    ['bare LF behind the chunk size', chunked("1\na\r\n0\r\n\r\n")],
    ['bare LF behind the chunk', chunked("1\r\na\n0\r\n\r\n")],
    ['no line end behind the chunk', chunked("1\r\na0\r\n\r\n")],
    ['two bytes too many', chunked("1\r\nabc\r\n0\r\n\r\n")],
    ['chunk extension', chunked("1;b=c\r\na\r\n0\r\n\r\n")],
    ['chunk extension without name', chunked("1;\r\na\r\n0\r\n\r\n")],
    ['chunk extension with LF', chunked("1;b\nc\r\na\r\n0\r\n\r\n")],
    ['trailer', chunked("1\r\na\r\n0\r\nX: b\r\n\r\n")],
    ['trailer Content-Length', chunked("1\r\na\r\n0\r\nContent-Length: 5\r\n\r\n")],
    ['trailer that is no field', chunked("1\r\na\r\n0\r\nX\r\n\r\n")],
    # other
    ['Expect with something else', post('a', 'Content-Length: 1', 'Expect: x')],
    ['Upgrade: h2c', get('/a', 'Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA')],
    ['"Connection: host"', get('/a', 'Connection: host')],
    ['TLS handshake', "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"],
    ['preface of HTTP/2', "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ['PROXY protocol', "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" . get('/a')],
);

my $kWaitSeconds = 1;  # that long nothing happens: the proxy waits for more bytes

# outcome: the statuses of BYTES, "waits" when the connection stays open behind them, and what the origin got.
sub outcome {
    my ($origin, $port, $bytes) = @_;
    my $connection = Test::Sluice::Http->connect(port => $port, timeout => $kWaitSeconds * timeout_factor());
    $connection->write($bytes . $end);
    my (@statuses, $response);
    while (!($response = $connection->read_response)->error) { push @statuses, $response->status }
    push @statuses, 'no HTTP' if $response->error eq 'bad head';
    push @statuses, 'waits'   if $response->error eq 'timeout';
    $connection->close;
    my $whole = grep { $_->{complete} } $origin->requests;
    return join(' ', @statuses ? @statuses : 'closed') . ($whole ? ", $whole at the origin" : '');
}

my $differences = Test::Sluice::Differences->start('## Requests');
for my $case (@cases) {
    my ($name, $bytes) = @$case;
    $differences->compare($name, sub { outcome(@_, $bytes) });
}
$differences->finish;
