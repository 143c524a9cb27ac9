# From a block's sections to the bytes of its requests (Test::Nginx::Socket's forms).
package Test::Sluice::Requests;
use strict;
use warnings;
use Test::Sluice::Spec qw(value is_evaluated);
use Exporter 'import';

our @EXPORT_OK = qw(exchanges);

# exchanges: what to send, one element per connection: { pieces => [bytes, ...], methods => [method per response, or undef] }.
sub exchanges {
    my ($block, $expand) = @_;
    my $raw = value($block, 'raw_request');
    return raw_exchange($raw, $expand) if defined $raw;
    my $pipelined = value($block, 'pipelined_requests');
    return pipelined_exchange($block, $pipelined, $expand) if defined $pipelined;
    my $request = value($block, 'request');
    return () unless defined $request;
    my @all = ref $request eq 'ARRAY' ? @$request : ($request);
    return map { my ($bytes, $method) = one_request($block, 'request', $all[$_], $_, 'close', $expand);
                 +{ pieces => [$bytes], methods => [$method] } } 0 .. $#all;
}

sub raw_exchange {
    my ($raw, $expand) = @_;
    my @pieces = map { $expand->($_) } ref $raw eq 'ARRAY' ? @$raw : ($raw);
    my ($method) = join('', @pieces) =~ /\A\s*([A-Z]+) /;
    return { pieces => \@pieces, methods => [$method || 'GET'], raw => 1 };
}

sub pipelined_exchange {
    my ($block, $requests, $expand) = @_;
    my (@bytes, @methods);
    for my $i (0 .. $#$requests) {
        my $connection = $i == $#$requests ? 'close' : 'keep-alive';
        my ($bytes, $method) = one_request($block, 'pipelined_requests', $requests->[$i], $i, $connection, $expand);
        push @bytes, $bytes;
        push @methods, $method;
    }
    return { pieces => [join '', @bytes], methods => \@methods };
}

# one_request: "METHOD TARGET [HTTP/x.y]", then, from the next line on, the body. Host, Connection and Content-Length are added unless
# more_headers has them.
sub one_request {
    my ($block, $section, $text, $i, $connection, $expand) = @_;
    $text = $expand->($text);
    $text =~ s/\A\s+//;
    my ($line, $body) = split /\n/, $text, 2;
    $body = '' unless defined $body;
    $body =~ s/\n\z// unless is_evaluated($block, $section);
    my ($method, $target, $version) = $line =~ m{^([^\s]+)\s+(.*?)(?:\s+(HTTP/\S+))?\s*$}
        or die $block->name . ": bad request line \"$line\"\n";
    my $headers = more_headers($block, $i, $expand);
    my @headers;
    push @headers, 'Host: localhost'          unless $headers =~ /^Host\s*:/mi;
    push @headers, "Connection: $connection"  unless $headers =~ /^Connection\s*:/mi;
    utf8::encode($body) if utf8::is_utf8($body);
    push @headers, 'Content-Length: ' . length $body if length $body && $headers !~ /^(?:Content-Length|Transfer-Encoding)\s*:/mi;
    my $fields = join('', map { "$_\r\n" } @headers) . $headers;
    return ("$method $target " . ($version || 'HTTP/1.1') . "\r\n$fields\r\n$body", $method);
}

sub more_headers {
    my ($block, $i, $expand) = @_;
    my $more = value($block, 'more_headers');
    $more = $more->[$i] if ref $more eq 'ARRAY';
    return '' unless defined $more;
    return join '', map { "$_\r\n" } grep { length } split /\r?\n/, $expand->($more);
}

1;
