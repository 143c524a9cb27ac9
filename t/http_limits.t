# Every limit of a request head: at it, below it, above it; and the counter that tells that it was hit.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Probe;

my $probe = Test::Sluice::Probe->new(http_config => <<'END', config => <<'END2');
    large_client_header_buffers 4 1k;
    max_headers 20;
END
        location /metrics { metrics; }
        location / { return 200 "taken\n"; }
END2

sub get { my ($target, @fields) = @_; return "GET $target HTTP/1.1\r\nHost: a\r\n" . join('', map { "$_\r\n" } @fields) . "\r\n" }

# field: a line of so many bytes, without its CR LF.
sub field { my ($bytes) = @_; return 'X-Long: ' . 'v' x ($bytes - 8) }

# head: a request of so many bytes in all.
sub head {
    my ($bytes) = @_;
    my $missing = $bytes - length get('/');
    my @fields;
    while ($missing > 0) {
        my $line = $missing > 900 ? 800 : $missing;
        push @fields, field($line - 2);
        $missing -= $line;
    }
    return get('/', @fields);
}

sub taken { my ($name, $bytes) = @_; is $probe->send($bytes)->read_response->body, "taken\n", $name }

sub hits { my ($limit) = @_; return $probe->server->get('/metrics')->body =~ /^sluice_limit_hits_total\{limit="$limit"\} (\d+)/m ? $1 : 'none' }

is hits('request_head'), 0, 'no limit was hit yet';

taken('a target of 1024 bytes', get('/' . 'a' x 1023));
$probe->refused('a target of 1025 bytes', get('/' . 'a' x 1024), 414, 'request target is too long');
$probe->refused('a target of 5000 bytes', get('/' . 'a' x 4999), 414, 'too long');
is hits('request_head'), 2, 'the counter moved for each';

taken('a line of 1023 bytes', get('/', field(1023)));
taken('a line of 1024 bytes', get('/', field(1024)));
$probe->refused('a line of 1025 bytes', get('/', field(1025)), 431, 'header line is too long');
$probe->refused('a line of 3000 bytes', get('/', field(3000)), 431, 'header line is too long');
$probe->refused('a name of 2000 bytes', get('/', 'X' x 2000 . ': 1'), 431, 'header line is too long');

taken('a head of 4095 bytes', head(4095));
taken('a head of 4096 bytes', head(4096));
$probe->refused('a head of 4097 bytes', head(4097), 431, 'head is too large');
$probe->refused('a head of 100000 bytes', head(100_000), 431);

taken('19 fields', get('/', ('X: 1') x 18));
taken('20 fields', get('/', ('X: 1') x 19));
$probe->refused('21 fields', get('/', ('X: 1') x 20), 431, 'too many header fields');

# A line without an end is refused when it is too long, not when it ends.
$probe->refused('a request line that never ends', 'GET /' . 'a' x 5000, 414, 'too long');
$probe->refused('a header line that never ends', "GET / HTTP/1.1\r\nX: " . 'a' x 2000, 431, 'header line is too long');
$probe->refused('a head that never ends', "GET / HTTP/1.1\r\n" . 'X: ' . ('a' x 500) . "\r\n" . ('X: ' . ('a' x 500) . "\r\n") x 10, 431);

cmp_ok hits('request_head'), '>=', 8, 'the counter moved for these, too';

$probe->server->stop;
$probe->origin->stop;
done_testing;
