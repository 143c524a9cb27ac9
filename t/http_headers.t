# Header fields (RFC 9112, section 5) and Host: what is refused, what is dropped, what is passed on.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Probe;

my $probe = Test::Sluice::Probe->new;

# with: a request with these lines after the request line, which end it.
sub with { return "GET /echo HTTP/1.1\r\n" . join("\r\n", @_) . "\r\n\r\n" }

my @refused = (
    ['a line ended by a bare LF',       "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n",  400, 'line ends without CR'],
    ['an empty line that is a bare LF', "GET / HTTP/1.1\r\nHost: a\r\n\n",          400, 'line ends without CR'],
    ['a bare CR in a value',            with('Host: a', "X: 1\r2"),                 400, 'CR without LF in the head'],
    ['CR CR LF',                        with("Host: a\r", 'X: 1'),                  400, 'CR without LF in the head'],
    ['a folded line',                   with('Host: a', 'X: 1', ' 2'),              400, 'folded header line'],
    ['a line folded by a tab',          with('Host: a', 'X: 1', "\t2"),             400, 'folded header line'],
    ['white space before the first',    with(' Host: a'),                           400, 'folded header line'],
    ['a space before the colon',        with('Host : a'),                           400, 'white space before the colon of a header'],
    ['a tab before the colon',          with('Host: a', "X\t: 1"),                  400, 'white space before the colon of a header'],
    ['no colon',                        with('Host: a', 'X'),                       400, 'header line without colon'],
    ['no colon in the last line',       "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",   400, 'header line without colon'],
    ['an empty name',                   with('Host: a', ': 1'),                     400, 'empty header name'],
    ['a space in a name',               with('Host: a', 'X Y: 1'),                  400, 'invalid character in a header name'],
    ['a bracket in a name',             with('Host: a', 'X(Y): 1'),                 400, 'invalid character in a header name'],
    ['bytes beyond ASCII in a name',    with('Host: a', "X\xe9: 1"),                400, 'invalid character in a header name'],
    ['a NUL in a name',                 with('Host: a', "X\0: 1"),                  400, 'control character in the head'],
    ['a NUL in a value',                with('Host: a', "X: 1\0002"),               400, 'control character in the head'],
    ['a vertical tab in a value',       with('Host: a', "X: 1\x0b2"),               400, 'control character in the head'],
    ['an escape character in a value',  with('Host: a', "X: 1\x1b[31m"),            400, 'control character in the head'],
    ['DEL in a value',                  with('Host: a', "X: 1\x7f"),                400, 'control character in the head'],
    ['no Host',                         with('X: 1'),                               400, 'no Host header'],
    ['two Hosts',                       with('Host: a', 'Host: b'),                 400, 'more than one Host header'],
    ['two equal Hosts',                 with('Host: a', 'Host: a'),                 400, 'more than one Host header'],
    (map { [$_->[0], with("Host: $_->[1]"), 400, 'invalid Host header'] }
        ['an empty Host', ''], ['a list in Host', 'a,b'], ['a path in Host', 'a/b'], ['user information in Host', 'u@a'],
        ['a space in Host', 'a b'], ['a port that is no number', 'a:80x'], ['a signed port', 'a:+80'], ['a port beyond 65535', 'a:65536'],
        ['a port with six digits', 'a:000080'], ['two ports', 'a:80:80'], ['an open bracket in Host', '[::1'],
        ['bytes behind a bracket', '[::1]x'], ['a Host of brackets', '[]'], ['an address with letters', '[::g]'],
        ['two dots in Host', 'a..b'], ['a dot as Host', '.'], ['a percent sign in Host', 'a%2eb'], ['a backslash in Host', 'a\\b'],
        ['a question mark in Host', 'a?b'], ['a hash in Host', 'a#b'], ['bytes beyond ASCII in Host', "\xc3\xa9"], ['a port alone', ':80']),
    ['an unknown expectation',          with('Host: a', 'Expect: 200-ok'),          417, 'unknown expectation'],
    ['a known expectation and another', with('Host: a', 'Expect: 100-continue, x'), 417, 'unknown expectation'],
    ['a known expectation, then another', with('Host: a', 'Expect: 100-continue', 'Expect: x'), 417, 'unknown expectation'],
);
$probe->refused(@$_) for @refused;

my @accepted = (
    ['no space behind the colon',       with('Host:a', 'X:1'),                     qr/^X: 1$/m],
    ['white space around a value',      with("Host: \t a \t ", "X: \t1\t "),       qr/^Host: a$/m, qr/^X: 1$/m],
    ['an empty value',                  with('Host: a', 'X:', 'Y: 1'),             qr/^Y: 1$/m],
    ['a tab in a value',                with('Host: a', "X: 1\t2"),                qr/^X: 1\t2$/m],
    ['bytes beyond ASCII in a value',   with('Host: a', "X: \xc3\xa9"),            qr/^X: \xc3\xa9$/m],
    ['every character of a token',      with('Host: a', "!#\$%&'*+-.^`|~09azAZ: 1"), qr/^!#\$%&'\*\+-\.\^`\|~09azAZ: 1$/m],
    ['a field twice, in its order',     with('Host: a', 'X: 1', 'Y: 2', 'X: 3'),   qr/^X: 1\nY: 2\nX: 3$/m],
    ['a name in any case',              with('hOST: a', 'x: 1'),                   qr/^Host: a$/m, qr/^x: 1$/m],
    ['a Host with upper-case letters',  with('Host: A.Example'),                   qr/^Host: A\.Example$/m],
    ['a Host with a trailing dot',      with('Host: a.example.'),                  qr/^Host: a\.example\.$/m],
    ['a Host with a port',              with('Host: a:65535'),                     qr/^Host: a:65535$/m],
    ['a Host with an empty port',       with('Host: a:'),                          qr/^Host: a:$/m],
    ['a Host that is an IPv6 address',  with('Host: [::1]:80'),                    qr/^Host: \[::1\]:80$/m],
    ['a Host that is an IPv4 address',  with('Host: 127.0.0.1'),                   qr/^Host: 127\.0\.0\.1$/m],
    ['a Host with an underscore',       with('Host: a_b.example'),                 qr/^Host: a_b\.example$/m],
    ['an expectation in any case',      with('Host: a', 'Expect: 100-Continue'),   qr/^GET /],
);
$probe->accepted(@$_) for @accepted;

# The origin, which may take '_' for '-', must not see what a client can forge with it.
$probe->accepted('an underscore in a name', with('Host: a', 'X_Forwarded_For: 1', 'Y: 2'), qr/^(?!.*X_Forwarded_For).*^Y: 2$/ms);

$probe->finish;
