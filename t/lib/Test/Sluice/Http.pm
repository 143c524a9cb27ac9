# One client connection that speaks HTTP/1.1 over a raw socket, byte for byte under the test's control.
#
#   my $c = Test::Sluice::Http->connect(port => 8080);
#   my $r = $c->request(GET => '/', headers => ['X-A: 1']);      # keep-alive: call it again
#   $r->status, $r->header('Server'), $r->body, $r->raw_head, $r->interim, $r->error
#
# Nothing here dies because of what the server does: a response that is late, cut or malformed is an object whose
# error() says so ("timeout", "closed", "reset", "truncated body", "bad chunk size", "bad head").
package Test::Sluice::Http;
use strict;
use warnings;
use Errno qw(EAGAIN EWOULDBLOCK EINTR ECONNRESET EPIPE);
use IO::Socket::INET;
use IO::Socket::UNIX;
use IO::Select;
use Socket qw(IPPROTO_TCP TCP_NODELAY SOL_SOCKET SO_LINGER);
use Time::HiRes qw(time);
use Test::Sluice::Corpus qw(keep_seed);
use Test::Sluice::Process qw(wait_until timeout_factor slurp);

my $kTimeoutSeconds = 5;
my $kReadBytes      = 65_536;

# connect: port => N (host => '127.0.0.1', from => 'address') or path => 'unix socket', timeout => seconds per read. Dies when refused.
sub connect {
    my ($class, %option) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $socket = $option{path}
        ? IO::Socket::UNIX->new(Peer => $option{path})
        : IO::Socket::INET->new(PeerAddr => $option{host} || '127.0.0.1', PeerPort => $option{port},
                                ($option{from} ? (LocalAddr => $option{from}) : ()));
    die 'cannot connect to ' . ($option{path} || $option{port}) . ": $!\n" unless $socket;
    $socket->blocking(0);
    setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1 unless $option{path};
    my $timeout = $option{timeout} || $kTimeoutSeconds * timeout_factor();
    return bless { socket => $socket, in => '', eof => 0, timeout => $timeout, port => $option{port} }, $class;
}

sub socket { return $_[0]{socket} }

# local_port: our end's port, by which an origin or a log line recognises this connection.
sub local_port { return $_[0]{socket}->sockport }

# write: sends all of BYTES; reads meanwhile what arrives, so that neither side can block the other. False when the peer is gone
# or the timeout passes.
sub write {
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    utf8::encode($bytes) if utf8::is_utf8($bytes);
    keep_seed(request => $bytes);
    my $deadline = time + $self->{timeout};
    while (length $bytes) {
        my $sent = syswrite $self->{socket}, $bytes;
        if (defined $sent) { substr $bytes, 0, $sent, ''; next }
        return 0 unless $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
        return 0 if time > $deadline;
        IO::Select::select(IO::Select->new($self->{eof} ? () : $self->{socket}), IO::Select->new($self->{socket}), undef, 0.5);
        $self->fill(0) unless $self->{eof};
    }
    return 1;
}

# write_pieces: sends each piece only after the server has read the one before it (or does not want to).
sub write_pieces {
    my ($self, @pieces) = @_;
    for my $i (0 .. $#pieces) {
        $self->wait_consumed(1) if $i;
        return 0 unless $self->write($pieces[$i]);
    }
    return 1;
}

# wait_consumed: true when the kernel holds no byte of ours that the server has not read. Loopback TCP only.
sub wait_consumed {
    my ($self, $seconds) = @_;
    return 1 unless $self->{port};
    my ($here, $there) = map { sprintf '%04X', $_ } $self->{socket}->sockport || 0, $self->{port};
    return wait_until {
        my $table = slurp('/proc/net/tcp');
        return 0 if $table =~ /:$here \w+:$there \w\w (\w+):/ && hex $1;
        return 0 if $table =~ /:$there \w+:$here \w\w \w+:(\w+)/ && hex $1;
        return 1;
    } $seconds;
}

# fill: reads once, waiting at most SECONDS. 1: bytes came, 0: end of stream, undef: time is over.
sub fill {
    my ($self, $seconds) = @_;
    return 0 if $self->{eof};
    return undef unless IO::Select->new($self->{socket})->can_read($seconds < 0 ? 0 : $seconds);
    my $got = sysread $self->{socket}, $self->{in}, $kReadBytes, length $self->{in};
    return 1 if $got;
    return undef if !defined $got && ($! == EAGAIN || $! == EINTR);
    $self->{reset} = 1 if !defined $got && $! == ECONNRESET;
    $self->{eof} = 1;
    return 0;
}

# read_until: bytes up to and including the first match of PATTERN, removed from the input; undef on timeout or close.
sub read_until {
    my ($self, $pattern, $seconds) = @_;
    my $deadline = time + ($seconds || $self->{timeout});
    while (1) {
        return substr $self->{in}, 0, $+[0], '' if $self->{in} =~ $pattern;
        return undef unless $self->fill($deadline - time);
    }
}

# read_bytes: exactly COUNT bytes, undef on timeout or close.
sub read_bytes {
    my ($self, $count, $seconds) = @_;
    my $deadline = time + ($seconds || $self->{timeout});
    while (length $self->{in} < $count) {
        return undef unless $self->fill($deadline - time);
    }
    return substr $self->{in}, 0, $count, '';
}

# read_all: everything until the server closes or the time is over.
sub read_all {
    my ($self, $seconds) = @_;
    my $deadline = time + ($seconds || $self->{timeout});
    1 while $self->fill($deadline - time);
    return substr $self->{in}, 0, length $self->{in}, '';
}

# at_eof: true when the server closes (or has closed) without another byte.
sub at_eof {
    my ($self, $seconds) = @_;
    return 0 if length $self->{in};
    my $got = $self->fill($seconds || $self->{timeout});
    return defined $got && $got == 0 ? 1 : 0;
}

sub shutdown_write { CORE::shutdown $_[0]{socket}, 1 }

sub close { CORE::close $_[0]{socket} if $_[0]{socket}; $_[0]{eof} = 1 }

# reset: closes with a TCP reset.
sub reset {
    my ($self) = @_;
    setsockopt $self->{socket}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
    $self->close;
}

# request: METHOD, TARGET, headers => ['Name: value'], body => bytes, version => '1.1', host => 'localhost'; sends it and reads the
# response. Host and Content-Length are added unless given.
sub request {
    my ($self, $method, $target, %option) = @_;
    $self->write(build_request($method, $target, %option));
    return $self->read_response(method => $method);
}

sub build_request {
    my ($method, $target, %option) = @_;
    my @headers = @{ $option{headers} || [] };
    my $body    = defined $option{body} ? $option{body} : '';
    utf8::encode($body) if utf8::is_utf8($body);
    unshift @headers, 'Host: ' . ($option{host} || 'localhost') unless grep { /^Host\s*:/i } @headers;
    push @headers, 'Content-Length: ' . length $body
        if length $body && !grep { /^(?:Content-Length|Transfer-Encoding)\s*:/i } @headers;
    my $version = $option{version} || '1.1';
    return "$method $target HTTP/$version\r\n" . join('', map { "$_\r\n" } @headers) . "\r\n$body";
}

# read_response: the next final response (interim ones are kept in interim()). method => 'HEAD' has no body.
sub read_response {
    my ($self, %option) = @_;
    my $response = $self->read_head(%option);
    while (!$response->error && !$response->{done}) {
        my $bytes = $self->read_body($response);
        $response->{body} .= $bytes if defined $bytes;
    }
    return $response;
}

# read_head: as read_response, but leaves the body for read_body.
sub read_head {
    my ($self, %option) = @_;
    my @interim;
    while (1) {
        my $head = $self->read_until(qr/\r?\n\r?\n/);
        return $self->failed_head(\@interim) unless defined $head;
        my $response = Test::Sluice::Http::Response->parse($head, \@interim);
        return $response if $response->error;
        if ($response->status =~ /^1/ && $response->status != 101) { push @interim, $response; next }
        $response->frame($option{method} || 'GET');
        return $response;
    }
}

sub failed_head {
    my ($self, $interim) = @_;
    my $why = !$self->{eof} ? 'timeout' : length $self->{in} ? 'bad head' : $self->{reset} ? 'reset' : 'closed';
    return Test::Sluice::Http::Response->failed($why, $self->{in}, $interim);
}

# read_body: the decoded bytes that have come, at least one; '' at the body's end; undef on error (see the response's error()).
sub read_body {
    my ($self, $response, $seconds) = @_;
    my $deadline = time + ($seconds || $self->{timeout});
    while (1) {
        my $bytes = $response->take_body(\$self->{in});
        return undef  if $response->error;
        return $bytes if length $bytes || $response->{done};
        my $got = $self->fill($deadline - time);
        next if $got;
        if (defined $got && $response->{framing} eq 'close' && !$self->{reset}) {
            $response->{done} = 1;
            return '';
        }
        $response->{error} = defined $got ? ($self->{reset} ? 'reset' : 'truncated body') : 'timeout';
        return undef;
    }
}

# next_event: the next server-sent event of RESPONSE (fetched with read_head) as { event, data, id }; undef at the end or on error.
sub next_event {
    my ($self, $response, $seconds) = @_;
    while (1) {
        if ($response->{body} =~ s/\A(.*?)\r?\n\r?\n//s) {
            my %event = (event => 'message', data => '');
            my @data;
            for my $line (split /\r?\n/, $1) {
                my ($field, $value) = $line =~ /^(\w*):\s?(.*)$/ or next;
                if ($field eq 'data') { push @data, $value } elsif (length $field) { $event{$field} = $value }
            }
            $event{data} = join "\n", @data;
            return \%event;
        }
        my $bytes = $self->read_body($response, $seconds);
        return undef unless defined $bytes && length $bytes;
        $response->{body} .= $bytes;
    }
}

package Test::Sluice::Http::Response;

sub failed {
    my ($class, $why, $raw, $interim) = @_;
    return bless { error => $why, status => '', headers => [], body => '', raw_head => $raw, interim => $interim, done => 1 }, $class;
}

# parse: HEAD is everything up to the empty line.
sub parse {
    my ($class, $head, $interim) = @_;
    my ($first, @lines) = split /\r?\n/, $head;
    return $class->failed('bad head', $head, $interim)
        unless defined $first && $first =~ m{^HTTP/(\d\.\d) (\d\d\d)(?: (.*))?$};
    my $self = bless { version => $1, status => $2, reason => $3, headers => [], body => '', raw_head => $head,
                       interim => $interim, done => 0, error => '' }, $class;
    for my $line (@lines) {
        next unless length $line;
        return $class->failed('bad head', $head, $interim) unless $line =~ /^([^:\s]+):[ \t]*(.*?)[ \t]*$/;
        push @{ $self->{headers} }, [$1, $2];
    }
    return $self;
}

# frame: how the body ends (RFC 9112, 6.3).
sub frame {
    my ($self, $method) = @_;
    my $coding = $self->header('Transfer-Encoding');
    my $length = $self->header('Content-Length');
    if ($method eq 'HEAD' || $self->{status} =~ /^(?:1..|204|304)$/) { $self->{framing} = 'none'; $self->{done} = 1 }
    elsif (defined $coding && $coding =~ /chunked\s*$/i) { $self->{framing} = 'chunked' }
    elsif (defined $length) {
        $self->{framing} = 'length';
        $self->{left}    = $length;
        $self->{error}   = 'bad Content-Length' unless $length =~ /^\d+$/;
        $self->{done}    = 1 if $length eq '0';
    }
    else { $self->{framing} = 'close' }
}

# take_body: moves what it can from the input to the caller.
sub take_body {
    my ($self, $in) = @_;
    return $self->take_chunked($in) if $self->{framing} eq 'chunked';
    my $count = length $$in;
    $count = $self->{left} if $self->{framing} eq 'length' && $count > $self->{left};
    my $bytes = substr $$in, 0, $count, '';
    if ($self->{framing} eq 'length') {
        $self->{left} -= $count;
        $self->{done} = 1 unless $self->{left};
    }
    return $bytes;
}

sub take_chunked {
    my ($self, $in) = @_;
    my $out = '';
    while (1) {
        if (!defined $self->{left}) {
            $$in =~ s/\A([^\n]*)\n// or return $out;
            my $line = $1;
            unless ($line =~ /^([0-9a-fA-F]+)(?:;[^\r]*)?\r$/) { $self->{error} = 'bad chunk size'; return $out }
            push @{ $self->{chunk_sizes} }, hex $1;
            $self->{left} = hex $1;
            $self->{last} = 1 if $self->{left} == 0;
        }
        return $self->take_trailers($in, $out) if $self->{last};
        if ($self->{left} > 0) {
            my $bytes = substr $$in, 0, $self->{left}, '';
            $self->{left} -= length $bytes;
            $out .= $bytes;
        }
        return $out if $self->{left} || length $$in < 2;
        if (substr($$in, 0, 2, '') ne "\r\n") { $self->{error} = 'bad chunk end'; return $out }
        $self->{left} = undef;
    }
}

sub take_trailers {
    my ($self, $in, $out) = @_;
    while ($$in =~ s/\A([^\n]*)\r\n//) {
        if ($1 eq '') { $self->{done} = 1; return $out }
        push @{ $self->{trailers} }, [$1 =~ /^([^:]+):\s*(.*)$/];
    }
    return $out;
}

sub status   { return $_[0]{status} }
sub version  { return $_[0]{version} }
sub reason   { return $_[0]{reason} }
sub body     { return $_[0]{body} }
sub error    { return $_[0]{error} }
sub raw_head { return $_[0]{raw_head} }
sub interim  { return @{ $_[0]{interim} } }
sub headers  { return @{ $_[0]{headers} } }
sub trailers { return @{ $_[0]{trailers} || [] } }

# header: the field's value, several joined by ", "; undef when absent.
sub header {
    my ($self, $name) = @_;
    my @values = map { $_->[1] } grep { lc $_->[0] eq lc $name } @{ $self->{headers} };
    return @values ? join(', ', @values) : undef;
}

1;
