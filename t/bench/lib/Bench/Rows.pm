# The rows of the table: what is asked, of which configuration, how often at once, and what must come back.
#
# A new row is one entry here and, where no configuration in conf/ fits, one file there.
package Bench::Rows;
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(rows row_names);

my $kText = 'x' x 128;    # what rows without a backend answer

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

# name, help, kind    "rate": CPU per request; "memory": bytes per idle connection
# conf                conf/CONF.conf
# path                what is asked; "body" is the size of the answer
# request             size in bytes of a request without its body; a User-Agent field fills it up
# headers, method, request_body, connections (64)
# backend             every request must reach the backend, the same one from every peer; then the floor can be compared too,
#                     unless floor => 0
# log                 every request must leave one line in the access log
# lua                 nginx needs its Lua module
my @rows = (
    { name => 'plain', conf => 'plain', path => '/128', request => 64, body => 128, backend => 1,
      help => '64 B request, 128 B response' },
    { name => 'browser', conf => 'plain', path => '/128', request => 703, headers => \@kBrowser, body => 128, backend => 1,
      help => '703 B request as a browser sends it, 128 B response' },
    { name => 'lua-route', conf => 'lua-route', path => '/128', request => 96, headers => ['Host: 3000-box77.sandbox.test'],
      body => 128, backend => 1, lua => 1, help => 'host -> regex -> shared dictionary -> variable proxy_pass, in Lua' },
    { name => 'lua5', conf => 'lua5', path => '/128', request => 64, body => 128, backend => 1, lua => 1,
      help => 'Lua in rewrite, access, balancer, header_filter and log' },
    { name => 'return200', conf => 'return200', path => '/', request => 64, body => 128, help => 'return 200 "128 B"' },
    { name => 'content-lua', conf => 'content-lua', path => '/', request => 64, body => 128, lua => 1,
      help => 'content_by_lua, ngx.print of 128 B' },
    { name => 'log', conf => 'log', path => '/128', request => 64, body => 128, backend => 1, log => 1,
      help => 'as plain, with an access log' },
    { name => 'log-buffered', conf => 'log-buffered', path => '/128', request => 64, body => 128, backend => 1, log => 1,
      help => 'as plain, with an access log, buffer=64k' },
    { name => 'response16k', conf => 'plain', path => '/16k', request => 64, body => 16_384, backend => 1,
      help => '16 KB response' },
    { name => 'post16k', conf => 'plain', path => '/post', method => 'POST', request_body => 16_384, body => 128, backend => 1,
      help => 'POST of 16 KB' },
    { name => 'body1m', conf => 'plain', path => '/1m', connections => 8, body => 1_048_576, backend => 1,
      help => '1 MB response, 8 connections' },
    { name => 'new-connection', conf => 'plain', path => '/128', headers => ['Connection: close'], body => 128, backend => 1,
      floor => 0, help => 'each request on a connection of its own' },
    { name => 'idle', kind => 'memory', conf => 'plain', path => '/128', connections => 10_000, body => 128, backend => 1, floor => 0,
      help => 'idle keep-alive connections: bytes each' },
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
    my %row = (kind => 'rate', method => 'GET', request_body => 0, connections => 64, text => $kText, %$given);
    $row{floor} = $row{backend} ? 1 : 0 unless defined $row{floor};
    $row{headers} = [@{ $given->{headers} || [] }];
    return \%row;
}

# request_headers: the fields that load for this row carries when it goes to PORT, Host included.
sub request_headers {
    my ($row, $port) = @_;
    my @headers = @{ $row->{headers} };
    unshift @headers, "Host: 127.0.0.1:$port" unless grep { /^Host:/ } @headers;
    return @headers unless $row->{request};
    my $bytes = length "$row->{method} $row->{path} HTTP/1.1\r\n\r\n";
    $bytes += length($_) + 2 for @headers;
    my $room = $row->{request} - $bytes - length "User-Agent: \r\n";
    die "row $row->{name} has no room for $row->{request} bytes\n" if $room < 1;
    return (@headers, 'User-Agent: ' . 'b' x $room);
}

1;
