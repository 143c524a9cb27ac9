# A peer that does not answer a connection: its queue is full, so the kernel drops what comes.
package Test::Sluice::Deaf;
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my $MOST = 64;

# start listens on 127.0.0.1 and fills the queue. It stays full as long as the object lives.
sub start {
    my ($class) = @_;
    my $self = bless { queue => [] }, $class;
    $self->{listener} = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "listen: $!";
    until (@{ $self->{queue} } > $MOST) {
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->port, Blocking => 0) or last;
        push @{ $self->{queue} }, $socket;
        last unless IO::Select->new($socket)->can_write(0.2);
    }
    return $self;
}

sub port { return $_[0]{listener}->sockport }

1;
