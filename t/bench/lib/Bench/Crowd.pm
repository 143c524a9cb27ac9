# Idle connections to one contestant, held by a tool until they are told to leave.
package Bench::Crowd;
use strict;
use warnings;

# new: COUNT more connections of ROW's sort to PORT, idle when this returns.
sub new {
    my ($class, $row, $port, $count, $option) = @_;
    my @command = $row->{load} eq 'ws'
        ? ("$option->{tools}/bench_ws", $port, $row->{path}, '--connections', $count, '--bytes', $row->{message}, '--idle')
        : ("$option->{tools}/bench_idle", $port, $row->{path}, $count, $row->{load} eq 'burst' ? ('--burst', $row->{message}) : ());
    my $pid = open my $pipe, '-|', 'taskset', '-c', $option->{load_cpu}, @command;
    die "$command[0]: $!\n" unless $pid;
    my $self = bless { pid => $pid, pipe => $pipe }, $class;
    my $line = <$pipe>;
    die "$command[0] could not open $count connections\n" unless defined $line && $line eq "ready $count\n";
    return $self;
}

sub DESTROY {
    my ($self) = @_;
    kill 'TERM', $self->{pid} if $self->{pipe};
}

# leave: ends the connections; how many the other side had closed before.
sub leave {
    my ($self) = @_;
    kill 'TERM', $self->{pid};
    my $line = readline $self->{pipe};
    close delete $self->{pipe};
    return defined $line && $line =~ /^closed (\d+)/ ? $1 : die "the idle connections ended early\n";
}

1;
