# A scripted DNS server on 127.0.0.1, UDP and TCP: the records a test gives it, and every way in which a server can misbehave.
#
#   my $dns = Test::Sluice::Dns->start;                       # $dns->address is "127.0.0.1:port"
#   $dns->set('app.test', A => ['127.0.0.1'], ttl => 1);      # replaces what the name had of this type; AAAA, CNAME; SRV: 'prio weight port host'
#   $dns->behave('app.test', 'servfail');                     # from now on; '' as told by the records
#   $dns->count('app.test', 'A')                              # how many questions came; without type: all; 'tcp': over TCP
#
# Ways: nxdomain, servfail, refused, silent, hold (answers at release), wrong_id (a wrong answer before the right one), truncated (over
# UDP), garbage, loop (names that compress to themselves), flip (one record per answer, in turn), empty. `servfail/AAAA`: for this type.
package Test::Sluice::Dns;
use strict;
use warnings;
use parent 'Test::Sluice::EventServer';
use Socket qw(AF_INET AF_INET6 inet_pton);

my %kTypes = (A => 1, CNAME => 5, AAAA => 28, SRV => 33);
my %kNames = reverse %kTypes;
my %kCodes = (nxdomain => 3, servfail => 2, refused => 5);
my $kMaxUdpBytes = 512;
my $kMaxChain    = 20;

sub start {
    my ($class, %option) = @_;
    for (1 .. 10) {    # the port must be free for both protocols
        my $self = eval { $class->SUPER::start(%option, udp => 1) };
        return $self if $self;
        die $@ unless $@ =~ /no UDP socket/ && !$option{port};
    }
    die "no port is free for UDP and TCP\n";
}

sub address { return "127.0.0.1:$_[0]{port}" }

sub set {
    my ($self, $name, $type, $values, %option) = @_;
    $self->ask(set => $name, $type, $option{ttl} // 60, map { tr/ /,/r } @$values);
    return $self;
}

sub behave { return $_[0]->ask(behave => $_[1], $_[2] || 'right') }
sub count  { return $_[0]->ask(count => $_[1], $_[2] || 'all') }
sub release { return $_[0]->ask('release') }
sub forget { return $_[0]->ask('forget') }

# What follows runs in the child.

sub command_set {
    my ($self, $name, $type, $ttl, @values) = @_;
    $self->{zone}{$name}{$type} = { ttl => $ttl, values => [map { tr/,/ /r } @values] };
    return 1;
}

sub command_behave { $_[0]{ways}{ $_[1] } = $_[2]; return 1 }
sub command_count  { return $_[0]{counts}{ $_[1] }{ $_[2] } || 0 }
sub command_forget { $_[0]{counts} = {}; return 1 }

sub command_release {
    my ($self) = @_;
    my @held = @{ delete $self->{held} || [] };
    $_->() for @held;
    return scalar @held;
}

sub on_datagram {
    my ($self, $question, $from) = @_;
    $self->question($question, 'udp', sub { $self->send_datagram($_[0], $from) });
}

sub on_data {
    my ($self, $conn) = @_;
    while (length $conn->{in} >= 2 && length $conn->{in} >= 2 + unpack 'n', $conn->{in}) {
        my $question = substr $conn->{in}, 2, unpack 'n', $conn->{in};
        substr $conn->{in}, 0, 2 + length $question, '';
        $self->question($question, 'tcp', sub { $self->send($conn, pack('n', length $_[0]) . $_[0]) if $conn->{socket} });
    }
}

sub question {
    my ($self, $bytes, $transport, $reply) = @_;
    my ($id, $flags, $questions) = unpack 'nnn', $bytes;
    my ($name, $at) = read_name($bytes, 12);
    my $type = $kNames{ unpack 'n', substr $bytes, $at, 2 } || 'other';
    my $ask = substr $bytes, 12, $at + 4 - 12;
    $name = lc $name;
    $self->{counts}{$name}{$_}++ for 'all', $type, $transport;

    my ($way, $only) = split m{/}, $self->{ways}{$name} || 'right';
    $way = 'right' if $only && $only ne $type;
    return if $way eq 'silent';
    return $reply->(pack('nnnnnn', $id, 0x8180 | $kCodes{$way}, 1, 0, 0, 0) . $ask) if $kCodes{$way};
    return $reply->(pack('nnnnnn', $id, 0x8180, 1, 1, 0, 0) . $ask . "\xc0" . chr(length($ask) + 12) . 'garbage' x 5) if $way eq 'garbage';
    return $reply->(pack('nnnnnn', $id, 0x8180, 1, 1, 0, 0) . $ask . "\xc0" . chr(length($ask) + 12) . pack('nnNn', 1, 1, 60, 4) . "\x7f\0\0\1") if $way eq 'loop';
    my $right = sub { $reply->($self->response($id, $ask, $name, $type, $way, $transport)) };
    return push @{ $self->{held} }, $right if $way eq 'hold';
    $reply->(pack('n', $id ^ 0x5555) . substr $self->response($id, $ask, $name, $type, 'empty', $transport), 2) if $way eq 'wrong_id';
    $right->();
}

sub response {
    my ($self, $id, $ask, $name, $type, $way, $transport) = @_;
    my $known = exists $self->{zone}{$name} || $way eq 'empty';
    my @answers = $way eq 'empty' ? () : $self->answers($name, $type, $way);
    my $body  = join '', @answers;
    my $is_long = $transport eq 'udp' && ($way eq 'truncated' || 12 + length($ask) + length $body > $kMaxUdpBytes);
    ($body, @answers) = ('') if $is_long;
    return pack('nnnnnn', $id, 0x8180 | ($known ? 0 : 3) | ($is_long ? 0x0200 : 0), 1, scalar @answers, 0, 0) . $ask . $body;
}

sub answers {
    my ($self, $name, $type, $way) = @_;
    my @answers;
    for (1 .. $kMaxChain) {
        my $zone = $self->{zone}{$name} or last;
        if (my $set = $zone->{$type}) {
            my @values = @{ $set->{values} };
            @values = $values[$self->{turns}{"$name $type"}++ % @values] if $way eq 'flip';
            return (@answers, map { record($name, $type, $set->{ttl}, data_of($type, $_)) } @values);
        }
        my $alias = $zone->{CNAME} or last;
        my ($target) = @{ $alias->{values} };
        push @answers, record($name, 'CNAME', $alias->{ttl}, name_bytes($target));
        $name = $target;
    }
    return @answers;
}

sub record { my ($name, $type, $ttl, $data) = @_; return name_bytes($name) . pack('nnNn', $kTypes{$type}, 1, $ttl, length $data) . $data }

sub data_of {
    my ($type, $value) = @_;
    return inet_pton(AF_INET, $value)  if $type eq 'A';
    return inet_pton(AF_INET6, $value) if $type eq 'AAAA';
    my ($priority, $weight, $port, $host) = split ' ', $value;
    return pack('nnn', $priority, $weight, $port) . name_bytes($host);
}

sub name_bytes { return join('', map { chr(length) . $_ } split /\./, $_[0]) . "\0" }

sub read_name {
    my ($bytes, $at) = @_;
    my @labels;
    while (my $length = ord substr $bytes, $at, 1) {
        push @labels, substr $bytes, $at + 1, $length;
        $at += 1 + $length;
    }
    return (join('.', @labels), $at + 1);
}

1;
