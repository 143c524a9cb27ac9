# Upstreams that fail or lie: the client learns it, the log says why, and no half response ever looks whole.
use strict;
use warnings;
use lib 't/lib';
use POSIX ();
use Test::More;
use Test::Sluice::Deaf;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;
use Test::Sluice::TcpScript;

my $origin = Test::Sluice::Origin->start;
my $pieces = Test::Sluice::TcpScript->start(replies => [[split //, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwhole"]]);
my $deaf   = Test::Sluice::Deaf->start;
my $server = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port, PIECES_PORT => $pieces->port, DEAF_PORT => $deaf->port }, config => <<'END');
        large_client_header_buffers 4 64k;
        location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /small/ { proxy_buffer_size 1k; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /hasty/ { proxy_read_timeout 200ms; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /refused { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
        location /deaf { proxy_connect_timeout 200ms; proxy_pass http://127.0.0.1:$TEST_SLUICE_DEAF_PORT; }
        location /pieces { proxy_pass http://127.0.0.1:$TEST_SLUICE_PIECES_PORT; }
        location /drip { proxy_read_timeout 300ms; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_2; }
        location /anyway/ { proxy_ignore_client_abort on; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /missing { proxy_pass http://unix:$TEST_SLUICE_PREFIX/logs/none.sock; }
        location /bad-header { proxy_set_header X-A $arg_a$uri; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
END
$server->start;

sub target { my ($bytes, $prefix) = @_; return ($prefix || '/') . 'raw?close=1&data=' . join '', map { sprintf '%%%02x', ord } split //, $bytes }

# fails: a GET of TARGET is answered with STATUS; LOG says why; the client's connection can be used again, the upstream's is not.
sub fails {
    my ($name, $target, $status, $log) = @_;
    my $mark = $server->log_mark;
    my $c = $server->connection;
    my $response = $c->request(GET => $target);
    is $response->status, $status, "$name - the client gets $status" or diag $response->error, $response->raw_head, $response->body;
    like $response->header('Proxy-Status') || '', qr/^sluice; error=/, "$name - and learns that it comes from the proxy";
    ok $server->wait_for_log(qr/\[error\] .*$log.*, upstream: "http:/, $mark), "$name - the log says why" or diag $server->log($mark);
    is $c->request(GET => '/bytes/3')->body, '012', "$name - the client's connection goes on";
    $c->close;
}

fails('refused', '/refused', 502, qr/Connection refused\) while connecting to upstream/);
fails('no such socket', '/missing', 502, qr/No such file or directory\) while connecting to upstream/);
fails('closed without a word', '/drop', 502, qr/upstream prematurely closed connection while reading response header from upstream/);
fails('reset', '/reset', 502, qr/while reading response header from upstream/);
fails('no answer in time', '/hasty/hang', 504, qr/upstream timed out \(110: Connection timed out\) while reading response header from upstream/);
fails('no connection in time', '/deaf', 504, qr/upstream timed out \(110: Connection timed out\) while connecting to upstream/);

# A head whose bytes drip, each in time, has proxy_read_timeout for all of it.
my $dripping = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $server->rand_port(2), Listen => 8, ReuseAddr => 1) or die "listen: $!";
my $dripper = fork // die "fork: $!";
if (!$dripper) {
    local $SIG{PIPE} = 'IGNORE';
    while (my $peer = $dripping->accept) {
        my $left = 0;
        for my $byte (split //, "HTTP/1.1 200 OK\r\nX: " . 'x' x 2000) {
            $left = !defined syswrite $peer, $byte;
            last if $left;
            select undef, undef, undef, 0.02;
        }
    }
    POSIX::_exit(0);
}
fails('a head that drips', '/drip', 504, qr/upstream timed out \(110: Connection timed out\) while reading response header from upstream/);
kill 'KILL', $dripper;
waitpid $dripper, 0;
close $dripping;

# A head in pieces is one all the same.
is $server->get('/pieces')->body, 'whole', 'a head in pieces of one byte';

# Heads that are none (RFC 9112, section 4 and 6): 502 and never a byte of it to the client.
my $end = "\r\n\r\n";
my @heads = (
    ['garbage',                       "I am no HTTP server\r\n\r\n",                      qr/upstream sent invalid header/],
    ['binary garbage',                "\x16\x03\x01\x00\x02",                             qr/upstream sent invalid header/],
    ['HTTP/0.9',                      "<html>hello</html>",                               qr/upstream sent invalid header/],
    ['another protocol',              "ICY 200 OK$end",                                   qr/upstream sent invalid header/],
    ['a status of four digits',       "HTTP/1.1 2000 OK$end",                             qr/invalid status line/],
    ['a status of two digits',        "HTTP/1.1 20 OK$end",                               qr/upstream sent invalid header/],
    ['a status below 100',            "HTTP/1.1 099 OK$end",                              qr/invalid status code/],
    ['two spaces before the status',  "HTTP/1.1  200 OK$end",                             qr/upstream sent invalid header/],
    ['HTTP/2',                        "HTTP/2.0 200 OK$end",                              qr/upstream sent invalid header/],
    ['a bare LF',                     "HTTP/1.1 200 OK\nContent-Length: 0\n\n",           qr/line ends without CR/],
    ['a folded line',                 "HTTP/1.1 200 OK\r\nX: 1\r\n 2$end",                qr/folded header line/],
    ['a space before a colon',        "HTTP/1.1 200 OK\r\nContent-Length : 0$end",        qr/white space before the colon/],
    ['a line without colon',          "HTTP/1.1 200 OK\r\nX$end",                         qr/header line without colon/],
    ['a NUL in a value',              "HTTP/1.1 200 OK\r\nX: \0$end",                     qr/control character/],
    ['a bare CR in a value',          "HTTP/1.1 200 OK\r\nX: 1\rSet-Cookie: a=b$end",     qr/CR without LF/],
    ['a length and a coding',         "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked${end}0$end", qr/both Content-Length and Transfer-Encoding/],
    ['two lengths',                   "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4${end}abcd", qr/more than one Content-Length/],
    ['two equal lengths',             "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3${end}abc", qr/more than one Content-Length/],
    ['a list as length',              "HTTP/1.1 200 OK\r\nContent-Length: 3, 3${end}abc", qr/invalid Content-Length/],
    ['a negative length',             "HTTP/1.1 200 OK\r\nContent-Length: -1${end}abc",   qr/invalid Content-Length/],
    ['a length beyond 63 bits',       "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808${end}abc", qr/invalid Content-Length/],
    ['a coding that is not chunked',  "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip${end}abc", qr/upstream sent invalid header/],
    ['two codings',                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked${end}0$end", qr/upstream sent invalid header/],
    ['a coding in HTTP/1.0',          "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked${end}0$end", qr/Transfer-Encoding where none is allowed/],
    ['a coding with 204',             "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked${end}0$end", qr/Transfer-Encoding where none is allowed/],
    ['a coding with 103',             "HTTP/1.1 103 H\r\nTransfer-Encoding: chunked${end}0${end}HTTP/1.1 200 OK$end", qr/Transfer-Encoding where none is allowed/],
    ['an empty name',                 "HTTP/1.1 200 OK\r\n: 1$end",                        qr/empty header name/],
    ['a space in a name',             "HTTP/1.1 200 OK\r\nX Y: 1$end",                     qr/upstream sent invalid header/],
    ['101 that nobody asked for',     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade${end}GET /", qr/switched protocols without being asked/],
    ['half a head',                   "HTTP/1.1 200 OK\r\nContent-Le",                    qr/prematurely closed connection while reading response header/],
    ['an interim head and no other',  "HTTP/1.1 100 Continue$end",                        qr/prematurely closed connection while reading response header/],
    ['a thousand and one fields',     "HTTP/1.1 200 OK\r\n" . ("X: 1\r\n" x 1001) . "\r\n", qr/upstream sent invalid header/],
);
fails($_->[0], target($_->[1]), 502, $_->[2]) for @heads;

# The limit of a response's head: proxy_buffer_size, 1k here.
sub padded { my ($bytes) = @_; my $head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Pad-It: "; return $head . ('p' x ($bytes - length($head) - 4)) . $end }
for my $bytes (1023, 1024) { is $server->get(target(padded($bytes), '/small/'))->status, 200, "a head of $bytes bytes fits" }
fails('a head of 1025 bytes', target(padded(1025), '/small/'), 502, qr/upstream sent too big header/);
fails('a head of many small fields', target("HTTP/1.1 200 OK\r\n" . ("X: 1\r\n" x 200) . "\r\n", '/small/'), 502, qr/upstream sent too big header/);

# Bodies that end too early: the response has begun, so only the connection can tell.
sub is_cut_off {
    my ($name, $target, $log) = @_;
    my $mark = $server->log_mark;
    for my $version ('1.1', '1.0') {
        my $c = $server->connection;
        my $response = $c->request(GET => $target, version => $version);
        like $response->error, qr/^(?:truncated body|reset)$/, "$name - HTTP/$version cannot take it for a whole one" or diag $response->raw_head, $response->body;
        $c->close;
    }
    ok $server->wait_for_log(qr/\[error\] .*$log.*upstream: "http:/, $mark), "$name - the log says why" or diag $server->log($mark);
}
my $chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
is_cut_off('a body shorter than its length', '/truncated', qr/upstream prematurely closed connection while reading upstream/);
is_cut_off('chunks without the last one', target("${chunked}3\r\nabc\r\n"), qr/upstream prematurely closed connection while reading upstream/);
is_cut_off('half a chunk', target("${chunked}30\r\nabc"), qr/upstream prematurely closed connection while reading upstream/);
is_cut_off('the last chunk without its empty line', target("${chunked}3\r\nabc\r\n0\r\n"), qr/upstream prematurely closed connection while reading upstream/);
is_cut_off('a chunk size that is none', target("${chunked}3\r\nabc\r\nxyz\r\n"), qr/upstream sent invalid chunked response/);
is_cut_off('a chunk longer than its size', target("${chunked}3\r\nabcd\r\n0\r\n\r\n"), qr/upstream sent invalid chunked response/);
is_cut_off('a chunk size of 2^63', target("${chunked}8000000000000000\r\nabc"), qr/upstream sent invalid chunked response/);
is_cut_off('a body that stops', '/hasty/raw?data=HTTP%2f1.1%20200%20OK%0d%0aContent-Length:%205%0d%0a%0d%0aabc', qr/upstream timed out \(110: Connection timed out\) while reading upstream/);

# What is longer than announced is cut, and the connection is not used again (proxy_keepalive.t).
my $long = $server->get(target("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef"));
is $long->body, 'abc', 'a body longer than its length - is cut to it';
is $server->get(target("HTTP/1.1 204 No Content\r\n\r\nabcdef"))->status, 204, 'a body of 204 - is dropped';
is $server->request(HEAD => target("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"))->body, '', 'a body of HEAD - is dropped';

# Floods of interim responses end.
my $c = $server->connection;
my $flood = $c->request(GET => '/raw?close=1&data=' . ('HTTP%2f1.1%20103%20H%0d%0a%0d%0a' x 200) . 'HTTP%2f1.1%20200%20OK%0d%0aContent-Length:%203%0d%0a%0d%0aabc');
cmp_ok scalar($flood->interim), '<=', 8, 'a flood of 103 - at most eight pass';
like $flood->status, qr/^(?:200|502)$/, 'a flood of 103 - and then there is an answer';
$c->close;

# Without its end the request is cancelled like any other: nothing is left behind.
$origin->reset;
$server->get('/hasty/hang');
ok wait_until { !grep { $_->{open} } @{ $origin->state } }, 'a request that timed out leaves no connection behind';

# proxy_ignore_client_abort: the upstream finishes what the client no longer waits for.
$origin->reset;
my $gone = $server->connection;
$gone->write("GET /anyway/slow-trigger?id=anyway HTTP/1.1\r\nHost: a\r\n\r\n");
ok wait_until { scalar $origin->requests }, 'proxy_ignore_client_abort - the origin has the request';
$gone->close;
is $server->get('/bytes/3')->body, '012', 'proxy_ignore_client_abort - the client is gone';
ok((grep { $_->{open} && $_->{raw} =~ /slow-trigger/ } @{ $origin->state }), 'proxy_ignore_client_abort - the upstream connection is not');
$origin->trigger('anyway');
ok wait_until { $server->access_log =~ m{"GET /anyway/slow-trigger\?id=anyway HTTP/1\.1" 200 } }, 'proxy_ignore_client_abort - and the request ends like any other';

# What a client sends cannot become a header line upstream.
my $r = $server->get('/bad-header%20a?a=%0d%0aX-Evil:1');
is $r->status, 200, 'an encoded line end stays encoded';
unlike $r->body, qr/^X-Evil/m, 'and makes no field';

$server->stop;
$_->stop for $origin, $pieces;
done_testing;
