# The request line (RFC 9112, section 3): what is refused, with which status and reason, and what is passed on.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Probe;

my $probe = Test::Sluice::Probe->new;
my $rest  = "\r\nHost: localhost\r\n\r\n";

my @refused = (
    ['no target',                            "GET HTTP/1.1$rest",                    400, 'invalid request line'],
    ['HTTP/0.9',                             "GET /$rest",                           400, 'invalid request line'],
    ['two spaces before the target',         "GET  / HTTP/1.1$rest",                 400, 'invalid request target'],
    ['two spaces before the version',        "GET /  HTTP/1.1$rest",                 400, 'invalid character in the path'],
    ['a tab instead of a space',             "GET\t/ HTTP/1.1$rest",                 400, 'invalid request line'],
    ['a space in the target',                "GET /a b HTTP/1.1$rest",               400, 'invalid character in the path'],
    ['a space in the query',                 "GET /a?b c HTTP/1.1$rest",             400, 'invalid character in the query'],
    ['a space behind the version',           "GET / HTTP/1.1 $rest",                 400, 'invalid HTTP version'],
    ['a space before the method',            " GET / HTTP/1.1$rest",                 400, 'does not begin with a method'],
    ['a lower-case method',                  "get / HTTP/1.1$rest",                  400, 'invalid method'],
    ['a method that is no token',            "G(T / HTTP/1.1$rest",                  400, 'invalid method'],
    ['a method of 65 bytes',                 ('A' x 65) . " / HTTP/1.1$rest",        501, 'method is too long'],
    ['CONNECT',                              "CONNECT localhost:80 HTTP/1.1$rest",   405, 'CONNECT is not served'],
    ['CONNECT with a path',                  "CONNECT / HTTP/1.1$rest",              405, 'CONNECT is not served'],
    ['TRACE',                                "TRACE / HTTP/1.1$rest",                405, 'TRACE is not served'],
    ['a lower-case version',                 "GET / http/1.1$rest",                  400, 'invalid HTTP version'],
    ['a version without minor number',       "GET / HTTP/1$rest",                    400, 'invalid HTTP version'],
    ['a version with a leading zero',        "GET / HTTP/01.1$rest",                 400, 'invalid HTTP version'],
    ['a version with two digits',            "GET / HTTP/1.10$rest",                 400, 'invalid HTTP version'],
    ['another protocol',                     "GET / ICY/1.1$rest",                   400, 'invalid HTTP version'],
    ['HTTP/2.0',                             "GET / HTTP/2.0$rest",                  505, 'unsupported HTTP version'],
    ['HTTP/0.9 in words',                    "GET / HTTP/0.9$rest",                  505, 'unsupported HTTP version'],
    ['the preface of HTTP/2',                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",     505, 'unsupported HTTP version'],
    ['a fragment',                           "GET /a#b HTTP/1.1$rest",               400, 'fragment in the request target'],
    ['a fragment in the query',              "GET /a?b#c HTTP/1.1$rest",             400, 'invalid character in the query'],
    ['bytes beyond ASCII',                   "GET /\xc3\xa9 HTTP/1.1$rest",          400, 'invalid character in the path'],
    ['a backslash',                          "GET /a\\b HTTP/1.1$rest",              400, 'invalid character in the path'],
    ['a NUL byte',                           "GET /a\0b HTTP/1.1$rest",              400, 'control character in the head'],
    ['DEL',                                  "GET /a\x7fb HTTP/1.1$rest",            400, 'control character in the head'],
    ['an encoded NUL',                       "GET /a%00b HTTP/1.1$rest",             400, 'forbidden encoded byte in the path'],
    ['an encoded LF',                        "GET /a%0ab HTTP/1.1$rest",             400, 'forbidden encoded byte in the path'],
    ['an encoded CR',                        "GET /a%0Db HTTP/1.1$rest",             400, 'forbidden encoded byte in the path'],
    ['half a percent-encoding',              "GET /a%4 HTTP/1.1$rest",               400, 'invalid percent-encoding in the path'],
    ['a percent-encoding that is none',      "GET /a%zz HTTP/1.1$rest",              400, 'invalid percent-encoding in the path'],
    ['a path that leaves the root',          "GET /a/../../b HTTP/1.1$rest",         400, 'path leaves the root'],
    ['an encoded path that leaves the root', "GET /%2e%2e/b HTTP/1.1$rest",          400, 'path leaves the root'],
    ['a target that is no path',             "GET a HTTP/1.1$rest",                  400, 'invalid request target'],
    ['an asterisk with GET',                 "GET * HTTP/1.1$rest",                  400, 'asterisk target without OPTIONS'],
    ['an asterisk and a path',               "OPTIONS */a HTTP/1.1$rest",            400, 'invalid request target'],
    ['a scheme that is not ours',            "GET ftp://localhost/ HTTP/1.1$rest",   400, 'unknown scheme in the request target'],
    ['an absolute target without host',      "GET http:///a HTTP/1.1$rest",          400, 'invalid host in the request target'],
    ['user information in the target',       "GET http://a\@localhost/ HTTP/1.1$rest", 400, 'invalid host in the request target'],
    ['a port beyond 65535 in the target',    "GET http://localhost:70000/ HTTP/1.1$rest", 400, 'invalid host in the request target'],
    ['an absolute target with a fragment',   "GET http://localhost/#a HTTP/1.1$rest", 400, 'fragment in the request target'],
    ['a bare LF at the end',                 "GET / HTTP/1.1\nHost: localhost\r\n\r\n", 400, 'line ends without CR'],
    ['a bare CR in the line',                "GET / HT\rTP/1.1$rest",                400, 'CR without LF in the head'],
    ['CR CR LF at the end',                  "GET / HTTP/1.1\r$rest",                400, 'CR without LF in the head'],
    ['two empty lines before it',            "\r\n\r\nGET / HTTP/1.1$rest",          400, 'does not begin with a method'],
    ['a bare LF before it',                  "\nGET / HTTP/1.1$rest",                400, 'does not begin with a method'],
    ['a TLS handshake',                      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, 'does not begin with a method'],
    ['a PROXY protocol header',              "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nGET / HTTP/1.1$rest", 400, 'invalid HTTP version'],
    ['a binary PROXY protocol header',       "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c",   400, 'does not begin with a method'],
    ['ten thousand random bytes',            join('', map { chr int rand 256 } 1 .. 10_000) =~ s/^./\x80/sr, 400, 'does not begin with a method'],
);
$probe->refused(@$_) for @refused;

my @accepted = (
    ['one empty line before it',         "\r\nGET /echo HTTP/1.1$rest",                 qr/^GET \/echo HTTP\/1\.1$/m],
    ['HTTP/1.2, as 1.1',                 "GET /echo HTTP/1.2$rest",                     qr/^GET \/echo HTTP\/1\.1$/m],
    ['HTTP/1.0 without Host',            "GET /echo HTTP/1.0\r\n\r\n",                  qr/^GET \/echo HTTP\/1\.1$/m],
    ['a method nobody knows',            "BREW /echo HTTP/1.1$rest",                    qr/^BREW \/echo /m],
    ['a method of 64 bytes',             ('A' x 64) . " /echo HTTP/1.1$rest",           qr/^A{64} \/echo /m],
    ['OPTIONS for the whole server',     "OPTIONS * HTTP/1.1$rest",                     qr/^OPTIONS \* HTTP/m],
    ['an absolute target',               "GET http://localhost/echo?a=1 HTTP/1.1$rest", qr/^GET \/echo\?a=1 HTTP/m],
    ['an absolute target, host only',    "GET http://localhost HTTP/1.1$rest",          qr/^GET \/ HTTP/m],
    ['an absolute target, query only',   "GET http://localhost?a HTTP/1.1$rest",        qr/^GET \/\?a HTTP/m],
    ['an absolute target wins over Host', "GET http://other.example/echo HTTP/1.1$rest", qr/^Host: other\.example$/m],
    ['encoded bytes as they came',       "GET /echo/%41%2f%c3%a9 HTTP/1.1$rest",        qr/^GET \/echo\/%41%2f%c3%a9 HTTP/m],
    ['dot segments as they came',        "GET /a/./../echo HTTP/1.1$rest",              qr/^GET \/a\/\.\/\.\.\/echo HTTP/m],
    ['visible bytes in the query',       "GET /echo?a=\\[]{}|^`\"<> HTTP/1.1$rest",     qr/^GET \/echo\?a=\\\[\]\{\}\|\^`"<> HTTP/m],
);
$probe->accepted(@$_) for @accepted;

# Garbage must not fill the log.
my $mark = $probe->server->log_mark;
$probe->send("\x16\x03\x01" . ("\xff" x 100_000))->read_all(2);
my @lines = grep { !/\[debug\]/ } split /\n/, $probe->server->log($mark);
is scalar(@lines), 1, 'a hundred thousand bytes of garbage are one line of the log' or diag join "\n", @lines;

$probe->finish;
