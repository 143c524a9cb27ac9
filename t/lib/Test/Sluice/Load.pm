# Load: a client in a process of its own that asks without a pause until it is told to stop, and counts what failed.
#
#   my $load = Test::Sluice::Load->start(port => $s->port, targets => ['/a', '/b']);
#   ...
#   my $done = $load->stop;     # { requests => 1234, failures => 0, first => '' }
#
# Half of the requests go over connections that stay open, the others over new ones.
package Test::Sluice::Load;
use strict;
use warnings;
use POSIX ();
use Socket;
use Test::Sluice::Http;
use Test::Sluice::Process qw(wait_until);

my $kKeptConnections = 4;

# start: port, targets; statuses => qr/^200$/ that are no failure. Returns after the first request was answered.
sub start {
    my ($class, %option) = @_;
    socketpair my $parent, my $child, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die "socketpair: $!\n";
    Test::Sluice::Process::subreaper();
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    if ($pid == 0) {
        close $parent;
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP __DIE__);
        run($child, %option);
        POSIX::_exit(0);
    }
    close $child;
    Test::Sluice::Process::helper_pid($pid);
    sysread $parent, my $began, 1;
    return bless { pid => $pid, control => $parent }, $class;
}

# stop: what happened since start.
sub stop {
    my ($self) = @_;
    shutdown $self->{control}, 1;
    local $/;
    my $text = readline $self->{control};
    waitpid $self->{pid}, 0;
    my ($requests, $failures, $first) = split /\n/, $text, 3;
    return { requests => $requests || 0, failures => $failures || 0, first => defined $first ? $first : 'the client died' };
}

sub run {
    my ($control, %option) = @_;
    my $good   = $option{statuses} || qr/^200$/;
    my %count  = (requests => 0, failures => 0, first => '');
    my $fail   = sub { $count{failures}++; $count{first} ||= $_[0] };
    my @kept;
    my $told   = IO::Select->new($control);
    until ($told->can_read(0)) {
        for my $target (@{ $option{targets} }) {
            my $slot = $count{requests} % (2 * $kKeptConnections);
            my $new  = $slot >= $kKeptConnections;
            my $http = $new ? undef : $kept[$slot];
            $http ||= eval { Test::Sluice::Http->connect(port => $option{port}) } or do { $fail->($@); next };
            my $response = $http->request('GET', $target, headers => $new ? ['Connection: close'] : []);
            $count{requests}++;
            my $bad = $response->error || ($response->status =~ $good ? '' : 'status ' . $response->status);
            $fail->("$target: $bad") if $bad;
            my $ends = $new || $bad || ($response->header('Connection') || '') eq 'close';
            $http->close if $ends;
            $kept[$slot] = $ends ? undef : $http unless $new;
            syswrite $control, '.' if $count{requests} == 1;
        }
    }
    print {$control} "$count{requests}\n$count{failures}\n$count{first}";
    close $control;
}

1;
