# Chunked request bodies (RFC 9112, section 7.1): what is no chunk ends the request on both sides.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Probe;

my $probe = Test::Sluice::Probe->new(config => <<'END');
        location = /metrics { metrics; }
        location / {
            proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
            proxy_set_header Host $http_host;
        }
END

sub chunked { return "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n$_[0]" }

my $tail = "\r\nabcde\r\n0\r\n\r\n";
my @refused = (
    ['a size with 0x',              "0x5$tail",              'invalid character after a chunk size'],
    ['a size with a plus',          "+5$tail",               'no chunk size'],
    ['a negative size',             "-5$tail",               'no chunk size'],
    ['a space before the size',     " 5$tail",               'no chunk size'],
    ['a space behind the size',     "5 $tail",               'invalid character after a chunk size'],
    ['a tab behind the size',       "5\t$tail",              'invalid character after a chunk size'],
    ['an underscore in the size',   "5_$tail",               'invalid character after a chunk size'],
    ['no size',                     "$tail",                 'no chunk size'],
    ['a letter that is no digit',   "g$tail",                'no chunk size'],
    ['a size of 17 digits',         "00000000000000005$tail", 'chunk size is too large'],
    ['a size of 2^63',              "8000000000000000$tail", 'chunk size is too large'],
    ['a size of 2^64 and 5',        "10000000000000005$tail", 'chunk size is too large'],
    ['a bare LF behind the size',   "5\nabcde\r\n0\r\n\r\n", 'invalid character after a chunk size'],
    ['a bare CR behind the size',   "5\rabcde\r\n0\r\n\r\n", 'CR without LF after a chunk size'],
    ['an empty extension',          "5;$tail",               'invalid chunk extension'],
    ['an extension that is none',   "5;=a$tail",             'invalid chunk extension'],
    ['an extension without value',  "5;a=$tail",             'invalid chunk extension'],
    ['a bare LF in an extension',   "5;a\nabcde\r\n0\r\n\r\n", 'invalid character after a chunk size'],
    ['a line end in quotes',        "5;a=\"\r\n\"$tail",     'invalid character in a chunk extension'],
    ['a NUL in an extension',       "5;a=\"\0\"$tail",       'invalid character in a chunk extension'],
    ['a bare LF behind the data',   "5\r\nabcde\n0\r\n\r\n", 'chunk data is longer than its size'],
    ['no line end behind the data', "5\r\nabcde0\r\n\r\n",   'chunk data is longer than its size'],
    ['more data than its size',     "5\r\nabcdefg\r\n0\r\n\r\n", 'chunk data is longer than its size'],
    ['a bare CR behind the data',   "5\r\nabcde\r0\r\n\r\n", 'CR without LF after chunk data'],
    ['a bare LF at the end',        "0\r\n\n",               'control character in a trailer'],
    ['a bare LF behind a trailer',  "0\r\nX: 1\n\r\n",       'control character in a trailer'],
    ['a bare CR in a trailer',      "0\r\nX: 1\r2\r\n\r\n",  'CR without LF in a trailer'],
    ['a trailer without a colon',   "0\r\nX\r\n\r\n",        'header line without colon'],
    ['a folded trailer',            "0\r\nX: 1\r\n 2\r\n\r\n", 'folded header line'],
    ['white space before the colon of a trailer', "0\r\nX : 1\r\n\r\n", 'white space before the colon'],
);
$probe->refused($_->[0], chunked($_->[1]), 400, $_->[2]) for @refused;

# What surrounds the data has limits of its own, over the whole message.
sub hits { return $probe->server->get('/metrics')->body =~ /^sluice_limit_hits_total\{limit="chunk_extras"\} (\d+)/m ? $1 : 'none' }
is hits(), 0, 'no limit was hit yet';
$probe->refused('an extension of 64 KiB', chunked('5;' . ('a' x 65_536) . $tail), 413, 'chunk extensions are too long');
$probe->refused('many extensions', chunked(join('', ('1;' . ('a' x 1000) . "\r\nx\r\n") x 20)), 413, 'chunk extensions are too long');
$probe->refused('a trailer of 64 KiB', chunked("0\r\nX: " . ('a' x 65_536) . "\r\n\r\n"), 413, 'trailers are too large');
$probe->refused('a thousand trailers', chunked("0\r\n" . join('', map { "X-$_: 1\r\n" } 1 .. 1000) . "\r\n"), 413);
is hits(), 4, 'each was counted';

my @accepted = (
    ['upper-case digits',         "A\r\n0123456789\r\n0\r\n\r\n", qr/\n0123456789$/],
    ['leading zeros',             "0005\r\nabcde\r\n00\r\n\r\n",  qr/\nabcde$/],
    ['16 digits',                 "0000000000000005\r\nabcde\r\n0\r\n\r\n", qr/\nabcde$/],
    ['extensions, which end here', "5;a;b=1;c=\"d\\\"e;\"\r\nabcde\r\n0;z\r\n\r\n", qr/\A(?!.*[;=]).*\nabcde\z/s],
    ['several chunks',            "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", qr/\nabc$/],
    ['an empty body',             "0\r\n\r\n",                     qr/^POST \/echo /],
    ['trailers, which never become headers', "1\r\na\r\n0\r\nX-A: 1\r\nHost: evil\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n", qr/\A(?!.*(?:evil|1\.2\.3\.4|X-A)).*\na\z/s],
);
$probe->accepted($_->[0], chunked($_->[1]), $_->[2]) for @accepted;

# Byte by byte, each read before the next is sent.
my $c = $probe->server->connection;
$c->write_pieces(split //, chunked("3;a=b\r\nabc\r\n0\r\nX: 1\r\n\r\n"));
like $c->read_response->body, qr/\nabc$/, 'a body that arrives byte by byte';

# What follows the last chunk is the next request.
$c = $probe->send(chunked("1\r\na\r\n0\r\n\r\n") . "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
like $c->read_response->body, qr/\na$/, 'a chunked body and a request behind it';
like $c->read_response->body, qr/^GET \/next /, 'which is answered, too';

# Small chunks reach the origin as larger ones, long ones whole.
my $long = join '', map { sprintf "%08d", $_ } 1 .. 50_000;
$c = $probe->send(chunked(join('', map { sprintf("%x\r\n%s\r\n", length, $_) } unpack '(a1000)*', $long) . "0\r\n\r\n"));
my $response = $c->read_response;
is substr($response->body, index($response->body, "\n\n") + 2), $long, 'four hundred chunks of a thousand bytes arrive complete and in order';

$probe->finish;
