# A scripted TCP upstream: sends fixed bytes whatever is asked, and keeps what it was sent (Test::Nginx's tcp_listen and friends).
#
#   replies => [ reply, ... ]   the i-th connection gets the i-th reply, later ones the last; a reply is a string or [pieces], which leave
#                               in separate segments
#   query_bytes => N            reply after that many bytes; default: after a complete HTTP head, or else after the first bytes
#   keep_open => 1              do not close after the reply
#   deaf => 1                   read nothing more once the reply has been sent
package Test::Sluice::TcpScript;
use strict;
use warnings;
use parent 'Test::Sluice::EventServer';

# queries: what each connection sent, in order of arrival.
sub queries { return @{ $_[0]->ask('queries') } }

sub on_open {
    my ($self, $conn) = @_;
    push @{ $self->{seen} }, $conn;
    $self->answer_now($conn) if defined $self->{query_bytes} && $self->{query_bytes} == 0;
}

sub on_data {
    my ($self, $conn) = @_;
    return if $conn->{answered};
    my $enough = $self->{query_bytes} ? length $conn->{raw} >= $self->{query_bytes}
        : $conn->{raw} !~ m{\A[A-Z]+ .* HTTP/1} || $conn->{raw} =~ /\r\n\r\n/;
    $self->answer_now($conn) if $enough;
}

sub answer_now {
    my ($self, $conn) = @_;
    $conn->{answered} = 1;
    my @replies = @{ $self->{replies} || [] };
    my $reply   = $conn->{number} <= @replies ? $replies[$conn->{number} - 1] : $replies[-1];
    my @pieces  = ref $reply ? @$reply : defined $reply ? ($reply) : ();
    $self->send($conn, $_) for @pieces;
    $conn->{paused} = 1 if $self->{deaf};
    $self->finish($conn) unless $self->{keep_open};
}

sub command_queries {
    my ($self) = @_;
    return [map { $_->{raw} } @{ $self->{seen} || [] }];
}

1;
