# The same responses of an upstream to sluice, to Debian's nginx and to HAProxy: where sluice does something else, docs/differences.md says
# so and why. What a proxy makes of a response is written as the client's status and body: "200 abc", "200 ab cut" when the client can
# tell that the body is not whole.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Differences;
use Test::Sluice::Http;
use Test::Sluice::Process qw(timeout_factor);

sub head { return join '', map { "$_\r\n" } @_, '' }
sub ok_with { my ($body, @fields) = @_; return head('HTTP/1.1 200 OK', @fields) . $body }
sub chunked { return ok_with($_[0], 'Transfer-Encoding: chunked') }

# A name, what the upstream sends before it closes, and the method if it is not GET.
my @cases = (
    ['a length', ok_with('abc', 'Content-Length: 3')],
    ['chunks', chunked("3\r\nabc\r\n0\r\n\r\n")],
    ['until the end', ok_with('abc')],
    ['HTTP/1.0', "HTTP/1.0 200 OK\r\n\r\nabc"],
    # status line
    ['HTTP/0.9', 'abc'],
    ['another protocol', "ICY 200 OK\r\n\r\nabc"],
    ['HTTP/1.2', "HTTP/1.2 200 OK\r\nContent-Length: 3\r\n\r\nabc"],
    ['HTTP/2.0', "HTTP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nabc"],
    ['status of two digits', "HTTP/1.1 20 OK\r\nContent-Length: 3\r\n\r\nabc"],
    ['status of four digits', "HTTP/1.1 2000 OK\r\nContent-Length: 3\r\n\r\nabc"],
    ['status 099', "HTTP/1.1 099 OK\r\nContent-Length: 3\r\n\r\nabc"],
    ['status 600', "HTTP/1.1 600 OK\r\nContent-Length: 3\r\n\r\nabc"],
    ['two spaces before the status', "HTTP/1.1  200 OK\r\nContent-Length: 3\r\n\r\nabc"],
    ['no reason', "HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nabc"],
    # fields
    ['bare LF lines', "HTTP/1.1 200 OK\nContent-Length: 3\n\nabc"],
    ['folded line', ok_with('abc', 'Content-Length: 3', 'X: a', ' b')],
    ['space before the colon', ok_with('abc', 'Content-Length : 3')],
    ['line without colon', ok_with('abc', 'Content-Length: 3', 'X')],
    ['NUL in a value', ok_with('abc', 'Content-Length: 3', "X: a\0b")],
    ['bare CR in a value', ok_with('abc', 'Content-Length: 3', "X: a\rb")],
    ['control character in a value', ok_with('abc', 'Content-Length: 3', "X: a\x01b")],
    ['name that is no token', ok_with('abc', 'Content-Length: 3', 'X(: a')],
    ['150 fields', ok_with('abc', 'Content-Length: 3', map { "X-$_: a" } 1 .. 150)],
    # length
    ['length and coding', ok_with("3\r\nabc\r\n0\r\n\r\n", 'Content-Length: 3', 'Transfer-Encoding: chunked')],
    ['coding "gzip, chunked"', ok_with("3\r\nabc\r\n0\r\n\r\n", 'Transfer-Encoding: gzip, chunked')],
    ['coding "gzip"', ok_with('abc', 'Transfer-Encoding: gzip')],
    ['two codings', ok_with("3\r\nabc\r\n0\r\n\r\n", 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
    ['coding in HTTP/1.0', "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"],
    ['two equal lengths', ok_with('abc', 'Content-Length: 3', 'Content-Length: 3')],
    ['two lengths', ok_with('abc', 'Content-Length: 3', 'Content-Length: 2')],
    ['length "3, 3"', ok_with('abc', 'Content-Length: 3, 3')],
    ['length -1', ok_with('abc', 'Content-Length: -1')],
    ['length +3', ok_with('abc', 'Content-Length: +3')],
    ['length 2^63', ok_with('abc', 'Content-Length: 9223372036854775808')],
    ['less than the length', ok_with('ab', 'Content-Length: 3')],
    ['more than the length', ok_with('abcdef', 'Content-Length: 3')],
    ['no last chunk', chunked("3\r\nabc\r\n")],
    ['half a chunk', chunked("3\r\nab")],
    ['last chunk without its empty line', chunked("3\r\nabc\r\n0\r\n")],
    ['chunk size 0x3', chunked("0x3\r\nabc\r\n0\r\n\r\n")],
    ['chunk size over 2^64', chunked("10000000000000003\r\nabc\r\n0\r\n\r\n")],
    ['bare LF behind the chunk size', chunked("3\nabc\r\n0\r\n\r\n")],
    ['more than the chunk', chunked("3\r\nabcd\r\n0\r\n\r\n")],
    ['bytes behind the last chunk', chunked("3\r\nabc\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")],
    # statuses and methods
    ['204 with a body', head('HTTP/1.1 204 No Content', 'Content-Length: 3') . 'abc'],
    ['204 with chunks', head('HTTP/1.1 204 No Content', 'Transfer-Encoding: chunked') . "3\r\nabc\r\n0\r\n\r\n"],
    ['304 with a body', head('HTTP/1.1 304 Not Modified', 'Content-Length: 3') . 'abc'],
    ['HEAD with a body', ok_with('abc', 'Content-Length: 3'), 'HEAD'],
    ['HEAD with a length', ok_with('', 'Content-Length: 3'), 'HEAD'],
    ['100, then 200', head('HTTP/1.1 100 Continue') . ok_with('abc', 'Content-Length: 3')],
    ['103, then 200', head('HTTP/1.1 103 Early Hints', 'Link: </a>') . ok_with('abc', 'Content-Length: 3')],
    ['twenty times 103', head('HTTP/1.1 103 Early Hints') x 20 . ok_with('abc', 'Content-Length: 3')],
    ['101 that nobody asked for', head('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: upgrade') . 'abc'],
    ['half a head', "HTTP/1.1 200 OK\r\nContent-Le"],
    ['nothing', ''],
);

# outcome: what the client gets when the origin answers METHOD with BYTES and closes.
sub outcome {
    my ($origin, $port, $bytes, $method) = @_;
    my $target     = '/raw?close=1&data=' . join '', map { sprintf '%%%02x', ord } split //, $bytes;
    my $connection = Test::Sluice::Http->connect(port => $port, timeout => timeout_factor());
    $connection->write("$method $target HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    my $response = $connection->read_response(method => $method);
    my $interim  = join '', map { $_->status . ' ' } $response->interim;
    $connection->close;
    return $interim . ($response->error eq 'timeout' ? 'waits' : $response->error) if $response->status eq '';
    my $body = $response->status >= 500 ? '' : ' ' . $response->body =~ s/[^ -~]/./gr;
    my $cut  = $response->error eq '' ? '' : $response->error eq 'timeout' ? ' waits' : ' cut';
    return $interim . $response->status . ($body eq ' ' ? '' : $body) . $cut;
}

my $differences = Test::Sluice::Differences->start('## Responses');
for my $case (@cases) {
    my ($name, $bytes, $method) = @$case;
    $differences->compare($name, sub { outcome(@_, $bytes, $method || 'GET') });
}
$differences->finish;
