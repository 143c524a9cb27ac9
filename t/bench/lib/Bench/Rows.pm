# The rows of the table: what is asked, of which configuration, how often at once, what must come back, and what we aim for.
#
# A new row is one entry here and, where no configuration in conf/ fits, one file there.
package Bench::Rows;
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(rows row_names);

my $kText = 'x' x 128;    # what rows without a backend answer
my $kMb   = 1_048_576;

my @kBrowser = (
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    'Accept-Encoding: gzip, deflate, br',
    'Accept-Language: en-US,en;q=0.5',
    'Cache-Control: max-age=0',
    'Referer: http://www.example.com/dashboard/projects?sort=recent',
    'Upgrade-Insecure-Requests: 1',
    'Sec-Fetch-Dest: document',
    'Sec-Fetch-Mode: navigate',
    'Sec-Fetch-Site: same-origin',
    'Cookie: session=6f1d9e0c2b7a4835b1f0a9d8c7e6f5a4; theme=dark; _ga=GA1.2.1234567890.1700000000',
);

# name, help
# kind                "rate": CPU per unit of work; "memory": bytes per idle connection; "config": CPU of start and reload, and of
#                     lookups; "reload": latency while reloading; "workers": CPU with two workers by that with one
# load                of "rate": wrk, move (POST of large bodies), ws (echo), sse; of "memory": crowd, burst, ws
# per                 of "rate": req, msg, event or GB
# conf                conf/CONF.conf, and in the folders of those who don't read nginx's language
# path                what is asked; "body" is the size of the answer
# request             size in bytes of a request without its body; a User-Agent field fills it up
# headers, method, request_body, connections (64), message (bytes)
# backend             every request must reach the backend, the same one from every peer; then the floor can be compared too,
#                     unless floor => 0
# log                 every request must leave one line in the access log
# lua                 nginx needs its Lua module
# each, first, last   how often conf/CONF.each is repeated, and the Host fields that find its first and last
# only, slow          contestants; whether those that are slow take part too
# target              { PEER => the ratio that we aim for, value => our number, over => [ROW, by how much], best => the ratio to
#                     the best peer }
my @rows = (
    { name => 'plain', conf => 'plain', path => '/128', request => 64, body => 128, backend => 1, slow => 1,
      target => { nginx => 0.65, haproxy => 0.60, h2o => 0.60, floor => 1.45 }, help => '64 B request, 128 B response' },
    { name => 'browser', conf => 'plain', path => '/128', request => 703, headers => \@kBrowser, body => 128, backend => 1,
      help => '703 B request as a browser sends it, 128 B response' },
    { name => 'response16k', conf => 'plain', path => '/16k', request => 64, body => 16_384, backend => 1,
      help => '16 KB response' },
    { name => 'post16k', conf => 'plain', path => '/post', method => 'POST', request_body => 16_384, body => 128, backend => 1,
      help => 'POST of 16 KB' },
    { name => 'body1m', conf => 'bulk', path => '/1m', connections => 8, body => $kMb, backend => 1, per => 'GB',
      target => { nginx => 0.6 }, help => '1 MB response, 8 connections' },
    { name => 'body64m', conf => 'bulk', path => '/64m', connections => 4, body => 64 * $kMb, backend => 1, per => 'GB',
      target => { nginx => 0.6 }, help => '64 MB response, 4 connections' },
    { name => 'post64m', conf => 'bulk', load => 'move', path => '/post', method => 'POST', request_body => 64 * $kMb, connections => 4,
      body => 128, backend => 1, per => 'GB', target => { nginx => 0.6 }, help => 'POST of 64 MB, 4 connections' },
    { name => 'log', conf => 'log', path => '/128', request => 64, body => 128, backend => 1, log => 1,
      target => { over => ['plain', 0.25] }, help => 'as plain, with an access log' },
    { name => 'log-buffered', conf => 'log-buffered', path => '/128', request => 64, body => 128, backend => 1, log => 1,
      target => { nginx => 0.6, over => ['plain', 0.25] }, help => 'as plain, with an access log, buffer=64k' },
    { name => 'lua-route', conf => 'lua-route', path => '/128', request => 96, headers => ['Host: 3000-box77.sandbox.test'],
      body => 128, backend => 1, lua => 1, target => { nginx => 0.6 },
      help => 'host -> regex -> shared dictionary -> variable proxy_pass, in Lua' },
    { name => 'lua5', conf => 'lua5', path => '/128', request => 64, body => 128, backend => 1, lua => 1,
      target => { nginx => 0.6 }, help => 'Lua in rewrite, access, balancer, header_filter and log' },
    { name => 'content-lua', conf => 'content-lua', path => '/', request => 64, body => 128, lua => 1,
      help => 'content_by_lua, ngx.print of 128 B' },
    { name => 'return200', conf => 'return200', path => '/', request => 64, body => 128, target => { nginx => 0.8 },
      help => 'return 200 "128 B"' },
    { name => 'static', conf => 'static', path => '/16k', request => 64, body => 16_384, text => 'x' x 16_384,
      target => { nginx => 0.8 }, help => 'a file of 16 KB' },
    { name => 'ws-echo', conf => 'websocket', load => 'ws', path => '/ws', message => 64, body => 0, backend => 1, per => 'msg',
      target => { floor => 1.15 }, help => 'WebSocket echo of 64 B' },
    { name => 'ws-echo16k', conf => 'websocket', load => 'ws', path => '/ws', message => 16_384, body => 0, backend => 1,
      per => 'msg', help => 'WebSocket echo of 16 KB' },
    { name => 'sse', conf => 'events', load => 'sse', path => '/sse?every=4', connections => 100, body => 0, backend => 1,
      per => 'event', help => 'server-sent events: 100 streams, each an event every 4 ms' },
    { name => 'new-connection', conf => 'plain', path => '/128', headers => ['Connection: close'], body => 128, backend => 1,
      floor => 0, target => { nginx => 0.8 }, help => 'each request on a connection of its own' },
    { name => 'workers2', kind => 'workers', conf => 'plain', path => '/128', request => 64, body => 128, backend => 1, floor => 0,
      target => { value => 1.05 }, help => 'CPU per request with two workers by that with one' },
    { name => 'idle', kind => 'memory', load => 'crowd', conf => 'plain', path => '/128', connections => 10_000, body => 128,
      backend => 1, floor => 0, target => { value => 500 }, help => 'idle keep-alive connections: bytes each' },
    { name => 'idle-ws', kind => 'memory', load => 'ws', conf => 'websocket', path => '/ws', connections => 9_000, message => 64,
      body => 0, backend => 1, floor => 0, target => { value => 600 }, help => 'idle WebSockets after one echo: bytes per pair' },
    { name => 'burst', kind => 'memory', load => 'burst', conf => 'bulk', path => '/1m', connections => 1_000, message => $kMb,
      body => $kMb, backend => 1, floor => 0, target => { value => 500 },
      help => 'connections that each received 1 MB and are idle since: bytes each' },
    { name => 'servers', kind => 'config', conf => 'servers', path => '/', each => 10_000, first => 's1.bench.test',
      last => 's10000.bench.test', body => 128, only => ['sluice', 'nginx'],
      targets => { reload => { value => 2_000 }, lookup => { value => 1.05 } },
      help => '10,000 servers: CPU of start and reload, last by first lookup' },
    { name => 'map', kind => 'config', conf => 'map', path => '/', each => 100_000, first => 's1.bench.test',
      last => 's100000.bench.test', body => 5, text => 'found', only => ['sluice', 'nginx'],
      targets => { lookup => { value => 1.05 } }, help => 'a map of 100,000 names: CPU of start and reload, last by first lookup' },
    { name => 'reload', kind => 'reload', conf => 'servers', path => '/', each => 10_000, first => 's1.bench.test', rate => 5_000,
      body => 128, only => ['sluice', 'nginx'], targets => { slowest => { value => 5_000 }, failed => { value => 0 } },
      help => 'p99, slowest and failed of 5,000 requests a second while 10,000 servers are reloaded' },
);

sub row_names { return map { $_->{name} } @rows }

# rows: the rows of these names (all without names), completed with every default. Dies for an unknown name.
sub rows {
    my @names = @_ ? @_ : row_names();
    my %known = map { $_->{name} => $_ } @rows;
    return map { complete($known{$_} || die "unknown row \"$_\"; --list names them\n") } @names;
}

sub complete {
    my ($given) = @_;
    my %row = (kind => 'rate', load => 'wrk', per => 'req', method => 'GET', request_body => 0, connections => 64, text => $kText,
               target => {}, targets => {}, %$given);
    $row{floor} = $row{backend} ? 1 : 0 unless defined $row{floor};
    $row{headers} = [@{ $given->{headers} || [] }];
    return \%row;
}

1;
