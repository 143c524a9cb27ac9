# The origin: a recording HTTP/1.1 server for what is proxied to. Paths (anything else answers as /echo):
#
#   /echo            the request as it came: request line, header fields, empty line, body
#   /status/NNN      that status, a one-line body
#   /bytes/N         N bytes "0123456789..." with Content-Length;  /chunked-bytes/N the same, chunked
#   /chunked?n=3     n chunks "chunk 1\n" ... ;  &trailer=1 adds the trailer X-Trailer: end
#   /close           a body that ends with the connection;  /truncated promises 100 bytes, sends 10 and closes
#   /drop            closes without a response;  /reset the same with a TCP reset;  /hang never answers
#   /slow-trigger?id=X   answers after /trigger?id=X was asked over another connection
#   /slow-read?id=X      reads the request's body only after the trigger
#   /sse?n=3[&id=X][&stay=1]   n server-sent events "event 1" ...; with an id, each waits for one trigger (/sse-next?id=X is the same
#                    as /trigger?id=X); stay=1 leaves the stream open after the last one
#   /ws              WebSocket echo; the text "close" makes the origin start the closing handshake
#   /raw?data=...    the percent-decoded bytes and nothing else; &close=1 closes after them
#
# Every response carries X-Origin-Connection and X-Origin-Request (which connection, which request on it), so that a test sees pooling.
# The test side: state(), trigger(id), reset(), requests(), connections(), raw().
package Test::Sluice::Origin;
use strict;
use warnings;
use parent 'Test::Sluice::EventServer';
use Test::Sluice::WebSocket qw(encode_frame decode_frame accept_key OP_TEXT OP_CLOSE OP_PING OP_PONG);

my $kPattern = '0123456789' x 1000;

# state: [ { number, raw, open, reset, requests => [ { method, target, version, head, headers, body, complete } ] } ], one per
# connection since the last reset, in order of arrival.
sub state { return $_[0]->ask('state') }

# reset: forgets what was recorded and every trigger, and closes all connections.
sub reset { return $_[0]->ask('reset') }

# trigger: lets one thing that waits for ID go on (or the next that will wait). COUNT times.
sub trigger { return $_[0]->ask('trigger', $_[1], $_[2] || 1) }

sub connections { return scalar @{ $_[0]->state } }
sub requests    { return map { @{ $_->{requests} } } @{ $_[0]->state } }
sub raw         { return join '', map { $_->{raw} } @{ $_[0]->state } }

# What follows runs in the child.

sub on_open {
    my ($self, $conn) = @_;
    $conn->{requests} = [];
    push @{ $self->{seen} }, $conn;
}

sub on_data {
    my ($self, $conn) = @_;
    return $self->websocket_data($conn) if $conn->{websocket};
    1 while $conn->{socket} && !$conn->{busy} && $self->take_request($conn);
}

# take_request: one more step of the request that arrives; false when more bytes are needed.
sub take_request {
    my ($self, $conn) = @_;
    my $request = $conn->{current} ||= $self->take_head($conn) or return 0;
    return 0 if $request->{wait_for} && !$self->body_allowed($conn, $request);
    return 0 unless take_body($conn, $request);
    $request->{complete} = 1;
    delete $conn->{current};
    $self->respond($conn, $request);
    return 1;
}

sub take_head {
    my ($self, $conn) = @_;
    $conn->{in} =~ s/\A(?:\r\n)+//;
    $conn->{in} =~ s/\A(.*?\r\n)\r\n//s or return undef;
    my $head = $1;
    my ($line, @fields) = split /\r\n/, $head;
    my ($method, $target, $version) = $line =~ m{^(\S+) (\S+) HTTP/(\d\.\d)$};
    my $request = { method => $method || '', target => defined $target ? $target : '', version => $version || '', head => $head,
                    headers => [map { [/^([^:]*):[ \t]*(.*?)[ \t]*$/] } @fields], body => '', complete => 0 };
    push @{ $conn->{requests} }, $request;
    unless (defined $method) {
        $self->reply($conn, $request, 400, body => "bad request line\n", close => 1);
        return undef;
    }
    my ($path, $query) = split /\?/, $target, 2;
    $request->{path} = $path;
    $request->{args} = { map { my ($k, $v) = split /=/, $_, 2; $k => defined $v ? $v : '' } split /&/, defined $query ? $query : '' };
    my $coding = field($request, 'Transfer-Encoding');
    if    (defined $coding && $coding =~ /chunked/i)               { $request->{chunked} = 1 }
    elsif (defined(my $n = field($request, 'Content-Length')))     { $request->{left} = $n }
    $request->{wait_for} = $request->{args}{id} if $path eq '/slow-read';
    $self->send($conn, "HTTP/1.1 100 Continue\r\n\r\n")
        if lc(field($request, 'Expect') || '') eq '100-continue' && !length $conn->{in};
    return $request;
}

sub field {
    my ($request, $name) = @_;
    for (@{ $request->{headers} }) { return $_->[1] if defined $_->[0] && lc $_->[0] eq lc $name }
    return undef;
}

# body_allowed: for /slow-read; until the trigger the socket is not read.
sub body_allowed {
    my ($self, $conn, $request) = @_;
    my $id = $request->{wait_for};
    $conn->{paused} = 1;
    $self->wait_for($id, sub { $request->{wait_for} = undef; $conn->{paused} = 0; $self->on_data($conn) }) unless $request->{waits}++;
    return !defined $request->{wait_for};
}

sub take_body {
    my ($conn, $request) = @_;
    if (defined $request->{left}) {
        my $bytes = substr $conn->{in}, 0, $request->{left}, '';
        $request->{left} -= length $bytes;
        $request->{body} .= $bytes;
        return $request->{left} == 0;
    }
    return 1 unless $request->{chunked};
    while ($conn->{in} =~ /\A([0-9a-fA-F]+)[^\r\n]*\r\n/) {
        my ($head, $size) = (length $&, hex $1);
        if ($size == 0) {
            return 0 unless $conn->{in} =~ s/\A0+[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n//;
            $request->{trailers} = $1;
            return 1;
        }
        return 0 if length $conn->{in} < $head + $size + 2;
        $request->{body} .= substr $conn->{in}, $head, $size;
        substr $conn->{in}, 0, $head + $size + 2, '';
    }
    return 0;
}

my %kRoutes = (
    '/sse'           => \&route_sse,
    '/sse-next'      => \&route_trigger,
    '/trigger'       => \&route_trigger,
    '/ws'            => \&route_ws,
    '/chunked'       => \&route_chunked,
    '/close'         => \&route_close,
    '/truncated'     => \&route_truncated,
    '/drop'          => sub { my ($self, $conn) = @_; $self->drop($conn) },
    '/reset'         => sub { my ($self, $conn) = @_; $self->abort($conn) },
    '/hang'          => sub { my ($self, $conn) = @_; $conn->{busy} = 1 },
    '/slow-trigger'  => \&route_slow_trigger,
    '/raw'           => \&route_raw,
    '/status'        => \&route_status,
    '/bytes'         => \&route_bytes,
    '/chunked-bytes' => \&route_chunked_bytes,
);

sub respond {
    my ($self, $conn, $request) = @_;
    my ($path, $rest) = $request->{path} =~ m{^(/[a-z-]+)(?:/(\d+))?$} ? ($1, $2) : ('', undef);
    my $route = $kRoutes{$path} || \&route_echo;
    $self->$route($conn, $request, $rest);
}

sub head {
    my ($conn, $request, $status, @fields) = @_;
    my $count = @{ $conn->{requests} };
    return "HTTP/1.1 $status " . ($status == 200 ? 'OK' : 'Status') . "\r\n"
        . join('', map { "$_\r\n" } "X-Origin-Connection: $conn->{number}", "X-Origin-Request: $count", @fields) . "\r\n";
}

sub keeps_alive {
    my ($request) = @_;
    my $connection = lc(field($request, 'Connection') || '');
    return 0 if $connection =~ /close/;
    return $request->{version} eq '1.1' || $connection =~ /keep-alive/;
}

# reply: status, body => bytes, fields => [...], close => 1.
sub reply {
    my ($self, $conn, $request, $status, %option) = @_;
    my $body  = defined $option{body} ? $option{body} : '';
    my $close = $option{close} || !keeps_alive($request);
    my $empty = $status == 204 || $status == 304;
    my @fields = @{ $option{fields} || [] };
    push @fields, 'Content-Type: text/plain' unless $empty;
    push @fields, 'Content-Length: ' . length $body unless $empty;
    push @fields, 'Connection: ' . ($close ? 'close' : 'keep-alive');
    $self->send($conn, head($conn, $request, $status, @fields) . ($empty || $request->{method} eq 'HEAD' ? '' : $body));
    $self->finish($conn) if $close;
}

# end_of_stream: the body of a response sent in pieces is complete.
sub end_of_stream {
    my ($self, $conn, $request) = @_;
    $conn->{busy} = 0;
    return $self->finish($conn) unless keeps_alive($request);
    $self->on_data($conn);
}

sub chunk { return sprintf("%x\r\n", length $_[0]) . "$_[0]\r\n" }

sub route_echo {
    my ($self, $conn, $request) = @_;
    $self->reply($conn, $request, 200, body => "$request->{head}\r\n$request->{body}" =~ s/\r\n/\n/gr);
}

sub route_status {
    my ($self, $conn, $request, $status) = @_;
    $self->reply($conn, $request, $status || 200, body => "status $status\n");
}

sub route_bytes {
    my ($self, $conn, $request, $count) = @_;
    $count ||= 0;
    $conn->{out} .= head($conn, $request, 200, 'Content-Type: application/octet-stream', "Content-Length: $count");
    $self->stream($conn, $request, $request->{method} eq 'HEAD' ? 0 : $count, sub { $_[0] }, '');
}

sub route_chunked_bytes {
    my ($self, $conn, $request, $count) = @_;
    $conn->{out} .= head($conn, $request, 200, 'Content-Type: application/octet-stream', 'Transfer-Encoding: chunked');
    my $is_head = $request->{method} eq 'HEAD';
    $self->stream($conn, $request, $is_head ? 0 : $count || 0, \&chunk, $is_head ? '' : "0\r\n\r\n");
}

# stream: COUNT bytes of the pattern as the client reads, each piece through WRAP, then TAIL.
sub stream {
    my ($self, $conn, $request, $count, $wrap, $tail) = @_;
    $conn->{busy} = 1;
    my ($sent, $ended) = (0, 0);
    $conn->{more} = sub {
        if ($sent < $count) {
            my $piece = substr $kPattern, 0, $count - $sent;
            $sent += length $piece;
            return $wrap->($piece);
        }
        return $tail if length $tail && !$ended++;
        $conn->{more} = undef;
        $self->end_of_stream($conn, $request);
        return undef;
    };
    $self->flush($conn);
}

sub route_chunked {
    my ($self, $conn, $request) = @_;
    my $trailer = $request->{args}{trailer} ? "X-Trailer: end\r\n" : '';
    my $chunks  = join '', map { chunk("chunk $_\n") } 1 .. ($request->{args}{n} || 3);
    $self->send($conn, head($conn, $request, 200, 'Content-Type: text/plain', 'Transfer-Encoding: chunked') . "${chunks}0\r\n$trailer\r\n");
    $self->finish($conn) unless keeps_alive($request);
}

sub route_close {
    my ($self, $conn, $request) = @_;
    $self->send($conn, head($conn, $request, 200, 'Content-Type: text/plain', 'Connection: close') . "until close\n");
    $self->finish($conn);
}

sub route_truncated {
    my ($self, $conn, $request) = @_;
    $self->send($conn, head($conn, $request, 200, 'Content-Type: text/plain', 'Content-Length: 100') . '0123456789');
    $self->finish($conn);
}

sub route_raw {
    my ($self, $conn, $request) = @_;
    my $data = $request->{args}{data} || '';
    $data =~ s/%([0-9a-fA-F]{2})/chr hex $1/ge;
    $self->send($conn, $data);
    $self->finish($conn) if $request->{args}{close};
}

sub route_trigger {
    my ($self, $conn, $request) = @_;
    $self->command_trigger($request->{args}{id} || '', $request->{args}{n} || 1);
    $self->reply($conn, $request, 200, body => "ok\n");
}

sub route_slow_trigger {
    my ($self, $conn, $request) = @_;
    $conn->{busy} = 1;
    $self->wait_for($request->{args}{id} || '', sub {
        $conn->{busy} = 0;
        $self->reply($conn, $request, 200, body => "triggered\n");
        $self->on_data($conn) if $conn->{socket};
    });
}

sub route_sse {
    my ($self, $conn, $request) = @_;
    my ($count, $id, $sent) = ($request->{args}{n} || 3, $request->{args}{id}, 0);
    $conn->{busy} = 1;
    $self->send($conn, head($conn, $request, 200, 'Content-Type: text/event-stream', 'Cache-Control: no-cache', 'Transfer-Encoding: chunked'));
    my $next;
    $next = sub {
        return unless $conn->{socket};
        $sent++;
        $self->send($conn, chunk("id: $sent\ndata: event $sent\n\n"));
        if ($sent < $count) { return $self->wait_for($id, $next) if defined $id; return $next->() }
        return if $request->{args}{stay};
        $self->send($conn, "0\r\n\r\n");
        $self->end_of_stream($conn, $request);
    };
    return defined $id ? $self->wait_for($id, $next) : $next->();
}

sub route_ws {
    my ($self, $conn, $request) = @_;
    my $key = field($request, 'Sec-WebSocket-Key');
    return $self->reply($conn, $request, 426, body => "upgrade required\n", fields => ['Upgrade: websocket'])
        unless defined $key && lc(field($request, 'Upgrade') || '') eq 'websocket' && lc(field($request, 'Connection') || '') =~ /upgrade/;
    my ($protocol) = split /\s*,\s*/, field($request, 'Sec-WebSocket-Protocol') || '';
    $conn->{websocket} = 1;
    $self->send($conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        . 'Sec-WebSocket-Accept: ' . accept_key($key) . "\r\n"
        . (length($protocol || '') ? "Sec-WebSocket-Protocol: $protocol\r\n" : '')
        . "X-Origin-Connection: $conn->{number}\r\n\r\n");
}

sub websocket_data {
    my ($self, $conn) = @_;
    while ($conn->{socket} && (my $frame = decode_frame(\$conn->{in}))) {
        if ($frame->{opcode} == OP_CLOSE) {
            $self->send($conn, encode_frame(OP_CLOSE, $frame->{payload})) unless $conn->{close_sent};
            $self->finish($conn);
        }
        elsif ($frame->{opcode} == OP_PING) { $self->send($conn, encode_frame(OP_PONG, $frame->{payload})) }
        elsif ($frame->{opcode} == OP_TEXT && $frame->{payload} eq 'close') {
            $conn->{close_sent} = 1;
            $self->send($conn, encode_frame(OP_CLOSE, pack 'n', 1000));
        }
        elsif ($frame->{opcode} < OP_CLOSE) { $self->send($conn, encode_frame($frame->{opcode}, $frame->{payload}, fin => $frame->{fin})) }
    }
}

# wait_for: runs CODE once ID has been triggered: at once when it was before.
sub wait_for {
    my ($self, $id, $code) = @_;
    push @{ $self->{waiting}{$id} }, $code;
    $self->spend($id);
}

sub spend {
    my ($self, $id) = @_;
    while (($self->{credits}{$id} || 0) > 0 && @{ $self->{waiting}{$id} || [] }) {
        $self->{credits}{$id}--;
        (shift @{ $self->{waiting}{$id} })->();
    }
}

sub command_trigger {
    my ($self, $id, $count) = @_;
    $self->{credits}{$id} += $count;
    $self->spend($id);
    return 1;
}

sub command_state {
    my ($self) = @_;
    return [map {
        my $conn = $_;
        { number => $conn->{number}, raw => $conn->{raw}, open => $conn->{socket} ? 1 : 0, reset => $conn->{client_reset} ? 1 : 0,
          requests => [map { my $r = $_; +{ map { $_ => $r->{$_} } qw(method target version head headers body trailers complete) } }
                       @{ $conn->{requests} }] }
    } @{ $self->{seen} || [] }];
}

sub command_reset {
    my ($self) = @_;
    $self->command_close_all;
    @$self{qw(seen credits waiting accepted)} = ([], {}, {}, 0);
    return 1;
}

1;
