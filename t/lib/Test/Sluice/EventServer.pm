# A small server in a child process: one select loop, one listening socket, and a control pipe to the test that started it.
#
# Subclasses give on_data(conn) (bytes wait in conn->{in}), and may give on_open, on_close, and command_NAME(args) for what the
# test asks over the pipe. Every byte that a client sends is kept in conn->{raw}.
#
# Output: send(conn, bytes) now, or conn->{more} = code that gives the next piece or undef, called as the client reads.
# finish(conn) closes after the output has left. conn->{paused} stops reading from the client.
package Test::Sluice::EventServer;
use strict;
use warnings;
use Errno qw(EAGAIN EINTR);
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(:DEFAULT IPPROTO_TCP TCP_NODELAY);
use Storable qw(freeze thaw);
use Test::Sluice::Corpus qw(keep_seed);
use Test::Sluice::Ports qw(free_port);
use Test::Sluice::Process;

my $kReadBytes  = 65_536;
my $kQueueBytes = 65_536;

# start: port => N (default: a free one) or path => 'unix socket', host => '127.0.0.1', and what the subclass takes. With udp => 1 it
# has a UDP socket on the same port, too, whose datagrams go to on_datagram(bytes, from); send_datagram(bytes, to) answers.
# Listens before it returns. Ends when the test ends or calls stop.
sub start {
    my ($class, %option) = @_;
    $option{port} ||= free_port() unless $option{path};
    my $listener = listener(%option);
    my $datagrams = $option{udp} ? datagram_socket(%option) : undef;
    CORE::socketpair my $parent, my $child, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die "socketpair: $!\n";
    Test::Sluice::Process::subreaper();
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    if ($pid == 0) {
        close_others(map { fileno $_ } grep { $_ } $child, $listener, $datagrams);
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP __DIE__);
        $SIG{PIPE} = 'IGNORE';
        my $self = bless { %option, listener => $listener, datagrams => $datagrams, control => $child, connections => [], credits => {} }, $class;
        eval { $self->loop; 1 } or print STDERR "$class: $@";
        POSIX::_exit(0);
    }
    CORE::close $child;
    CORE::close $_ for grep { $_ } $listener, $datagrams;
    Test::Sluice::Process::helper_pid($pid);
    $parent->autoflush(1);
    return bless { %option, control => $parent, pid => $pid }, $class;
}

# close_others: the child keeps no copy of a client's connection or of another server's pipe, which would hide that they were closed.
# The descriptors are replaced, not closed: Perl still counts its handles on them, and would never close a socket that got the same number.
sub close_others {
    my %kept = map { $_ => 1 } 0 .. 2, @_;
    opendir my $dir, '/proc/self/fd' or return;
    my @open = grep { /^\d+$/ && !$kept{$_} } readdir $dir;
    closedir $dir;
    my $null = POSIX::open('/dev/null');
    POSIX::dup2($null, $_) for @open;
    POSIX::close($null);
}

sub listener {
    my (%option) = @_;
    my $socket = $option{path}
        ? IO::Socket::UNIX->new(Local => $option{path}, Listen => 128)
        : IO::Socket::INET->new(LocalAddr => $option{host} || '127.0.0.1', LocalPort => $option{port}, Listen => 128, ReuseAddr => 1);
    die 'cannot listen on ' . ($option{path} || $option{port}) . ": $!\n" unless $socket;
    chmod 0777, $option{path} if $option{path};
    $socket->blocking(0);
    return $socket;
}

sub datagram_socket {
    my (%option) = @_;
    my $socket = IO::Socket::INET->new(LocalAddr => $option{host} || '127.0.0.1', LocalPort => $option{port}, Proto => 'udp')
        or die "no UDP socket on $option{port}: $!\n";
    $socket->blocking(0);
    return $socket;
}

sub port { return $_[0]{port} }
sub pid  { return $_[0]{pid} }

# stop: ends the server; its connections are closed.
sub stop {
    my ($self) = @_;
    return unless $self->{control};
    CORE::close delete $self->{control};
    waitpid $self->{pid}, 0;
    unlink $self->{path} if $self->{path};
}

# ask: runs command_NAME in the server and gives its answer.
sub ask {
    my ($self, $name, @arguments) = @_;
    my $control = $self->{control} or die "the server has stopped\n";
    local $SIG{PIPE} = 'IGNORE';
    print $control join(' ', $name, @arguments), "\n";
    my $size = $self->get_exactly(4);
    return ${ thaw($self->get_exactly(unpack 'N', $size)) };
}

sub get_exactly {
    my ($self, $count) = @_;
    my $text = '';
    while (length $text < $count) {
        my $got = sysread $self->{control}, $text, $count - length $text, length $text;
        next if !defined $got && $! == EINTR;
        die ref($self) . ": the server process died\n" unless $got;
    }
    return $text;
}

# What follows runs in the child.

sub loop {
    my ($self) = @_;
    while (1) {
        my @open  = @{ $self->{connections} };
        my @read  = map { $_->{socket} } grep { !$_->{paused} && !$_->{finishing} } @open;
        my @write = map { $_->{socket} } grep { length $_->{out} || $_->{more} } @open;
        my ($readable, $writable) = IO::Select::select(
            IO::Select->new($self->{listener}, $self->{control}, $self->{datagrams} || (), @read), IO::Select->new(@write), undef);
        my %by_fd = map { fileno($_->{socket}) => $_ } @open;
        for my $socket (@{ $writable || [] }) { $self->flush($by_fd{ fileno $socket }) }
        my $asked = 0;
        for my $socket (@{ $readable || [] }) {
            if    ($socket == $self->{listener}) { $self->accept_all }
            elsif ($socket == $self->{control})  { $asked = 1 }
            elsif ($self->{datagrams} && $socket == $self->{datagrams}) { $self->receive_datagrams }
            elsif (defined fileno $socket)       { $self->read_from($by_fd{ fileno $socket }) }
        }
        return if $asked && !$self->answer;
        $self->{connections} = [grep { $_->{socket} } @{ $self->{connections} }];
    }
}

sub accept_all {
    my ($self) = @_;
    while (my $socket = $self->{listener}->accept) {
        $socket->blocking(0);
        setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1 unless $self->{path};
        my $conn = { socket => $socket, in => '', raw => '', out => '', number => ++$self->{accepted} };
        push @{ $self->{connections} }, $conn;
        $self->on_open($conn);
    }
}

sub receive_datagrams {
    my ($self) = @_;
    while (defined(my $from = CORE::recv $self->{datagrams}, my $bytes, $kReadBytes, 0)) { $self->on_datagram($bytes, $from) }
}

sub send_datagram { CORE::send $_[0]{datagrams}, $_[1], 0, $_[2] }

sub read_from {
    my ($self, $conn) = @_;
    return unless $conn && $conn->{socket};
    my $got = sysread $conn->{socket}, $conn->{in}, $kReadBytes, length $conn->{in};
    return if !defined $got && ($! == EAGAIN || $! == EINTR);
    if (!$got) {
        $conn->{client_reset} = 1 unless defined $got;
        $conn->{client_closed} = 1;
        $self->on_eof($conn);
        return;
    }
    $conn->{raw} .= substr $conn->{in}, -$got;
    $self->on_data($conn);
    $self->flush($conn);
}

sub send {
    my ($self, $conn, $bytes) = @_;
    keep_seed(response => $bytes);
    $conn->{out} .= $bytes;
    $self->flush($conn);
}

sub flush {
    my ($self, $conn) = @_;
    return unless $conn && $conn->{socket};
    while (1) {
        if ($conn->{more} && length $conn->{out} < $kQueueBytes) {
            my $piece = $conn->{more}->();
            if (defined $piece) { $conn->{out} .= $piece } else { delete $conn->{more} }
        }
        last unless length $conn->{out};
        my $sent = syswrite $conn->{socket}, $conn->{out};
        if (!defined $sent) {
            return if $! == EAGAIN || $! == EINTR;
            return $self->drop($conn);
        }
        substr $conn->{out}, 0, $sent, '';
    }
    $self->drop($conn) if $conn->{finishing};
}

# finish: closes once what is queued has been written.
sub finish {
    my ($self, $conn) = @_;
    $conn->{finishing} = 1;
    $self->flush($conn);
}

# abort: closes with a TCP reset.
sub abort {
    my ($self, $conn) = @_;
    setsockopt $conn->{socket}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    $self->drop($conn);
}

sub drop {
    my ($self, $conn) = @_;
    my $socket = delete $conn->{socket} or return;
    CORE::close $socket;
    delete $conn->{more};
    $self->on_close($conn);
}

sub on_datagram { }
sub on_open  { }
sub on_data  { }
sub on_close { }
sub on_eof   { $_[0]->drop($_[1]) }

sub answer {
    my ($self) = @_;
    my $got = sysread $self->{control}, $self->{asked}, 4096, length($self->{asked} || '');
    return 0 unless $got;
    while ($self->{asked} =~ s/\A([^\n]*)\n//) {
        my ($name, @arguments) = split / /, $1;
        my $method = "command_$name";
        my $reply  = freeze(\$self->$method(@arguments));
        $reply = pack('N', length $reply) . $reply;
        $self->{control}->blocking(1);
        while (length $reply) {
            my $sent = syswrite $self->{control}, $reply;
            return 0 unless $sent;
            substr $reply, 0, $sent, '';
        }
    }
    return 1;
}

# command_close_all: drops every connection.
sub command_close_all {
    my ($self) = @_;
    $self->drop($_) for grep { $_->{socket} } @{ $self->{connections} };
    return 1;
}

1;
