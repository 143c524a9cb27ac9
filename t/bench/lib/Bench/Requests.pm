# What a row asks, as fields and as single requests for looking closely.
package Bench::Requests;
use strict;
use warnings;
use Bench::Peers;
use Test::Sluice::Http;
use Exporter 'import';

our @EXPORT_OK = qw(request_headers one_request backend_counts);

my $kLargestBody = 1_048_576;    # of a single request

# request_headers: the fields that load for this row carries when it goes to PORT, Host included.
sub request_headers {
    my ($row, $port) = @_;
    my @headers = @{ $row->{headers} };
    unshift @headers, 'Host: ' . ($row->{first} || "127.0.0.1:$port") unless grep { /^Host:/ } @headers;
    return @headers unless $row->{request};
    my $bytes = length "$row->{method} $row->{path} HTTP/1.1\r\n\r\n";
    $bytes += length($_) + 2 for @headers;
    my $room = $row->{request} - $bytes - length "User-Agent: \r\n";
    die "row $row->{name} has no room for $row->{request} bytes\n" if $room < 1;
    return (@headers, 'User-Agent: ' . 'b' x $room);
}

# one_request: ROW's request to PORT, optionally for another PATH and with more FIELDS; a Test::Sluice::Http response.
sub one_request {
    my ($row, $port, $path, @fields) = @_;
    my $bytes = $row->{request_body} < $kLargestBody ? $row->{request_body} : $kLargestBody;
    return Test::Sluice::Http->connect(port => $port)->request(
        $row->{method}, $path || $row->{path}, headers => [request_headers($row, $port), @fields], body => 'x' x $bytes);
}

# backend_counts: what the backend has served: requests, body_bytes, response_bytes.
sub backend_counts {
    my $response = Test::Sluice::Http->connect(port => $Bench::Peers::backend_port)->request(GET => '/count');
    return { $response->body =~ /(\w+) (\d+)/g };
}

1;
