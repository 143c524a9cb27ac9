# How long a request is (RFC 9112, section 6): every way to have two opinions about it is refused.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Probe;
use Test::Sluice::Process qw(wait_until);

my $probe  = Test::Sluice::Probe->new;
my $hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";

sub post { my ($body, @fields) = @_; return "POST /echo HTTP/1.1\r\nHost: a\r\n" . join('', map { "$_\r\n" } @fields) . "\r\n$body" }

my @both = ('Content-Length: 4', 'Transfer-Encoding: chunked');
my @refused = (
    ['a length, then a coding', post("0\r\n\r\n$hidden", @both),         400, 'both Content-Length and Transfer-Encoding'],
    ['a coding, then a length', post("0\r\n\r\n$hidden", reverse @both), 400, 'both Content-Length and Transfer-Encoding'],
    ['a coding in HTTP/1.0', post("0\r\n\r\n$hidden", $both[1]) =~ s/1\.1/1.0/r, 400, 'Transfer-Encoding in an HTTP/1.0 request'],
    ['a coding and a length in HTTP/1.0', post("0\r\n\r\n$hidden", @both) =~ s/1\.1/1.0/r, 400, 'Transfer-Encoding in an HTTP/1.0 request'],
    ['two codings in two fields', post("0\r\n\r\n", $both[1], $both[1]), 400, 'more than one Transfer-Encoding'],
    ['two codings in two fields, the other first', post("0\r\n\r\n", 'Transfer-Encoding: identity', $both[1]), 400, 'more than one Transfer-Encoding'],
    (map { ["a coding \"$_->[0]\"", post("0\r\n\r\n$hidden", "Transfer-Encoding: $_->[1]"), $_->[2] || 400, $_->[3] || 'invalid Transfer-Encoding'] }
        (map { [$_, $_] } 'xchunked', 'chunkedx', 'chunked, chunked', 'chunked;x=1', ', chunked', 'chunked,', 'identity', 'chunked, identity',
            'identity, chunked', 'chunked, gzip', 'gzip', '"chunked"', 'chunked chunked', 'chunke', ''),
        ['gzip, chunked', 'gzip, chunked', 501, 'unsupported Transfer-Encoding'],
        ['deflate, gzip, chunked', 'deflate, gzip, chunked', 501, 'unsupported Transfer-Encoding'],
        ['chunked behind a vertical tab', "\x0bchunked", 400, 'control character in the head'],
        ['chunked before a form feed', "chunked\x0c", 400, 'control character in the head'],
        ['chunked before a NUL', "chunked\0", 400, 'control character in the head'],
        ['chunked in the next line', "\r\n chunked", 400, 'folded header line']),
    ['white space before the colon of the coding', post("0\r\n\r\n", 'Transfer-Encoding : chunked'), 400, 'white space before the colon'],
    ['a coding in a folded line', post("0\r\n\r\n", 'X: 1', "\tTransfer-Encoding: chunked"), 400, 'folded header line'],
    ['two equal lengths', post('abcd', $both[0], $both[0]), 400, 'more than one Content-Length'],
    ['two lengths', post("abcd$hidden", $both[0], 'Content-Length: 99'), 400, 'more than one Content-Length'],
    (map { ["a length \"$_\"", post("abcde$hidden", "Content-Length: $_"), 400, 'invalid Content-Length'] }
        '', '+5', '-5', '-0', '0x5', '0o5', '5_0', '5,5', '5, 6', '5 5', '1e1', '5;', '5.0', '"5"', 'five', '5a', '9223372036854775808',
        '18446744073709551616', '99999999999999999999'),
    ['a length with bytes beyond ASCII', post('abc', "Content-Length: \xd9\xa5"), 400, 'invalid Content-Length'],
);
$probe->refused(@$_) for @refused;

# An underscore makes it another field, which is dropped: the length counts.
$probe->accepted('a coding with an underscore', post('abcd', $both[0], 'Transfer_Encoding: chunked'), qr/^Content-Length: 4$/m, qr/\n\nabcd$/);
$probe->accepted('a length with leading zeros, as we understood it', post('abcd', 'Content-Length: 0004'), qr/^Content-Length: 4$/m);
$probe->accepted('a length behind a tab', post('abcd', "Content-Length:\t4"), qr/^Content-Length: 4$/m);
$probe->accepted('the coding in any case', post("4\r\nabcd\r\n0\r\n\r\n", 'Transfer-Encoding: ChUnKeD'), qr/\nabcd$/);
$probe->accepted('a body of GET', "GET /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd", qr/^GET .*\n\nabcd$/s);

# A body that looks like a request is none.
for my $method (qw(GET HEAD OPTIONS DELETE POST)) {
    $probe->origin->reset;
    my $c = $probe->send("$method /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " . length($hidden) . "\r\n\r\n${hidden}GET /seen HTTP/1.1\r\nHost: a\r\n\r\n");
    is $c->read_response(method => $method)->status, 200, "a request in the body of $method";
    like $c->read_response->body, qr/^GET \/seen /, "$method - the request behind the body is the next one";
    is_deeply [map { $_->{target} } $probe->origin->requests], ['/echo', '/seen'], "$method - the origin sees those two";
}

# Bytes behind a message without a body are a request, and if they are not, the connection ends there.
my $c = $probe->send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\nabcd\r\n\r\n");
is $c->read_response->status, 200,  'a body without a length - the request';
is $c->read_response->status, 400,  'a body without a length - is no request';
ok $c->at_eof, 'a body without a length - ends the connection';

# A client that leaves in the middle of its body: the origin must not take what came for the whole.
for my $case (['with a length', post('ab', 'Content-Length: 10')], ['in chunks', post("2\r\nab\r\n", 'Transfer-Encoding: chunked')],
              ['in the middle of a chunk', post("5\r\nab", 'Transfer-Encoding: chunked')],
              ['before the last empty line', post("2\r\nab\r\n0\r\n", 'Transfer-Encoding: chunked')]) {
    my ($name, $bytes) = @$case;
    $probe->origin->reset;
    my $gone = $probe->send($bytes);
    wait_until { $probe->origin->requests };
    $gone->close;
    ok wait_until { !grep { $_->{open} } @{ $probe->origin->state } }, "a client that leaves, $name - the upstream connection is closed";
    is scalar(grep { $_->{complete} } $probe->origin->requests), 0, "a client that leaves, $name - the request never looks complete";
}

$probe->finish;
