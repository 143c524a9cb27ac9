# WebSocket (RFC 6455): frames as bytes, and a client.
#
#   my $ws = Test::Sluice::WebSocket->connect(port => 8080, target => '/ws', headers => ['X-A: 1']);
#   $ws->send_text('hello');  $ws->recv->{payload};  $ws->close;
package Test::Sluice::WebSocket;
use strict;
use warnings;
use Digest::SHA qw(sha1);
use MIME::Base64 qw(encode_base64);
use Test::Sluice::Http;
use Exporter 'import';

our @EXPORT_OK = qw(encode_frame decode_frame accept_key OP_CONT OP_TEXT OP_BINARY OP_CLOSE OP_PING OP_PONG);

use constant { OP_CONT => 0, OP_TEXT => 1, OP_BINARY => 2, OP_CLOSE => 8, OP_PING => 9, OP_PONG => 10 };

my $kGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

# accept_key: the Sec-WebSocket-Accept value for KEY (RFC 6455, 4.2.2).
sub accept_key { return encode_base64(sha1($_[0] . $kGuid), '') }

# encode_frame: opcode, payload, fin => 1, mask => 4 bytes (clients must mask).
sub encode_frame {
    my ($opcode, $payload, %option) = @_;
    my $fin    = exists $option{fin} ? $option{fin} : 1;
    my $masked = defined $option{mask} ? 0x80 : 0;
    my $length = length $payload;
    my $head   = pack 'C', ($fin ? 0x80 : 0) | $opcode;
    if    ($length < 126)     { $head .= pack 'C',   $masked | $length }
    elsif ($length < 65_536)  { $head .= pack 'Cn',  $masked | 126, $length }
    else                      { $head .= pack 'CQ>', $masked | 127, $length }
    return $head . $payload unless $masked;
    return $head . $option{mask} . mask($payload, $option{mask});
}

# decode_frame: removes one frame from the buffer: { fin, opcode, payload, masked }; undef when it is not complete.
sub decode_frame {
    my ($in) = @_;
    return undef if length $$in < 2;
    my ($first, $second) = unpack 'CC', $$in;
    my ($length, $offset) = ($second & 0x7f, 2);
    if    ($length == 126) { return undef if length $$in < 4;  $length = unpack 'x2n',  $$in; $offset = 4 }
    elsif ($length == 127) { return undef if length $$in < 10; $length = unpack 'x2Q>', $$in; $offset = 10 }
    my $masked = $second & 0x80;
    my $key_at = $offset;
    $offset += 4 if $masked;
    return undef if length $$in < $offset + $length;
    my $payload = substr $$in, $offset, $length;
    $payload = mask($payload, substr $$in, $key_at, 4) if $masked;
    substr $$in, 0, $offset + $length, '';
    return { fin => $first & 0x80 ? 1 : 0, opcode => $first & 0x0f, payload => $payload, masked => $masked ? 1 : 0 };
}

sub mask {
    my ($payload, $key) = @_;
    return $payload ^ substr $key x (length($payload) / 4 + 1), 0, length $payload;
}

# connect: options of Test::Sluice::Http's connect, plus target, host, headers, protocol. The handshake's response is in response();
# usable() says whether it was accepted.
sub connect {
    my ($class, %option) = @_;
    my $http = Test::Sluice::Http->connect(%option);
    my $key  = encode_base64(join('', map { chr int rand 256 } 1 .. 16), '');
    my @protocol = $option{protocol} ? ("Sec-WebSocket-Protocol: $option{protocol}") : ();
    $http->write(Test::Sluice::Http::build_request('GET', $option{target} || '/ws', host => $option{host},
        headers => ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', "Sec-WebSocket-Key: $key",
                    @protocol, @{ $option{headers} || [] }]));
    my $response = $http->read_head;
    my $accepted = $response->status eq '101' && ($response->header('Sec-WebSocket-Accept') || '') eq accept_key($key);
    return bless { http => $http, response => $response, usable => $accepted }, $class;
}

sub response { return $_[0]{response} }
sub usable   { return $_[0]{usable} }
sub http     { return $_[0]{http} }

sub send_frame {
    my ($self, $opcode, $payload, %option) = @_;
    return $self->{http}->write(encode_frame($opcode, $payload, mask => pack('N', int rand 2**32), %option));
}

sub send_text   { return $_[0]->send_frame(OP_TEXT,   $_[1]) }
sub send_binary { return $_[0]->send_frame(OP_BINARY, $_[1]) }
sub ping        { return $_[0]->send_frame(OP_PING,   defined $_[1] ? $_[1] : '') }
sub send_close  { return $_[0]->send_frame(OP_CLOSE,  pack('n', $_[1] || 1000)) }

# recv: the next frame, undef on timeout or end of stream.
sub recv {
    my ($self, $seconds) = @_;
    my $http = $self->{http};
    my $deadline = Time::HiRes::time() + ($seconds || $http->{timeout});
    while (1) {
        my $frame = decode_frame(\$http->{in});
        return $frame if $frame;
        return undef unless $http->fill($deadline - Time::HiRes::time());
    }
}

# echo: sends TEXT and gives back what came as the answer's payload ('' when nothing did).
sub echo {
    my ($self, $text) = @_;
    $self->send_text($text);
    my $frame = $self->recv;
    return $frame ? $frame->{payload} : '';
}

sub at_eof { return $_[0]{http}->at_eof($_[1]) }
sub close  { $_[0]{http}->close }

1;
