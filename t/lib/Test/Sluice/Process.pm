# A child process in its own process group, and what /proc knows about it and its descendants.
#
# The test process makes itself the "subreaper" of its descendants, so that a daemon that leaves its group and
# session is reparented to us instead of init and still counts as left over.
package Test::Sluice::Process;
use strict;
use warnings;
use POSIX qw(:sys_wait_h setpgid);
use Time::HiRes qw(time sleep);
use Exporter 'import';

our @EXPORT_OK = qw(wait_until timeout_factor children_of process_title descendants_of slurp helper_pid);

my %kPrctl = (x86_64 => 157, aarch64 => 167);
my ($kSetDeathSignal, $kSetSubreaper) = (1, 36);

my %live;       # pid -> object: processes that END must end
my %helpers;    # pid -> 1: the runner's own servers, never counted as left over
my $owner = $$;

# timeout_factor: every timeout of the runner is multiplied by this (slow machines, sanitizers, valgrind).
sub timeout_factor { return $ENV{TEST_SLUICE_TIMEOUT_FACTOR} || 1 }

# wait_until: polls CODE until it returns a true value, which is returned; undef after SECONDS (default 10, scaled).
sub wait_until (&;$) {
    my ($code, $seconds) = @_;
    my $deadline = time + ($seconds || 10) * timeout_factor();
    my $pause    = 0.001;
    while (1) {
        my $value = $code->();
        return $value if $value;
        return undef  if time > $deadline;
        sleep $pause;
        $pause *= 1.5 if $pause < 0.02;
    }
}

sub slurp {
    my ($path, $offset) = @_;
    open my $file, '<:raw', $path or return '';
    seek $file, $offset, 0 if $offset;
    local $/;
    my $text = <$file>;
    return defined $text ? $text : '';
}

# spawn: starts argv => [...] with stdout => path, stderr => path (appended), env => {...}, dir => path.
sub spawn {
    my ($class, %option) = @_;
    subreaper();
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    exec_child(%option) if $pid == 0;
    setpgid($pid, $pid);
    my $self = bless { pid => $pid, status => undef }, $class;
    $live{$pid} = $self;
    return $self;
}

# adopt: a daemon that detached itself from a process we ran; it has been reparented to us, so it can be waited for as if spawned.
sub adopt {
    my ($class, $pid) = @_;
    return $live{$pid} = bless { pid => $pid, status => undef }, $class;
}

sub exec_child {
    my (%option) = @_;
    setpgid(0, 0);
    end_with_parent();
    open STDIN,  '<',  '/dev/null';
    open STDOUT, '>>', $option{stdout} || '/dev/null';
    open STDERR, '>>', $option{stderr} || '/dev/null';
    chdir $option{dir} if $option{dir};
    my %env = %{ $option{env} || {} };
    @ENV{ keys %env } = values %env;
    $SIG{$_} = 'DEFAULT' for qw(INT TERM PIPE);
    { no warnings 'exec'; exec { $option{argv}[0] } @{ $option{argv} }; }
    print STDERR "cannot run $option{argv}[0]: $!\n";
    POSIX::_exit(127);
}

sub prctl {
    my ($what, $value) = @_;
    my $number = $kPrctl{ (POSIX::uname())[4] } or return;
    syscall $number, $what + 0, $value + 0, 0, 0, 0;
}

# end_with_parent: this process, a fork of the test, gets SIGTERM when the test ends, however it ends.
sub end_with_parent { prctl($kSetDeathSignal, POSIX::SIGTERM()) }

my $is_subreaper;
sub subreaper { prctl($kSetSubreaper, 1) unless $is_subreaper++ }

sub pid { return $_[0]{pid} }

# helper_pid: PID belongs to the runner itself.
sub helper_pid { $helpers{ $_[0] } = 1 }

# exited: the wait status once the process has ended, else undef.
sub exited {
    my ($self) = @_;
    return $self->{status} if defined $self->{status};
    my $got = waitpid $self->{pid}, WNOHANG;
    $self->{status} = $got == $self->{pid} ? $? : -1 if $got;
    delete $live{ $self->{pid} } if defined $self->{status};
    return $self->{status};
}

# wait_exit: the wait status, or undef when the process still runs after SECONDS.
sub wait_exit {
    my ($self, $seconds) = @_;
    wait_until { defined $self->exited } $seconds;
    return $self->{status};
}

sub signal {
    my ($self, $signal) = @_;
    return kill $signal, $self->{pid};
}

# leftovers: [pid, title] of every process that still belongs to the ended process: its group, and what was
# reparented to us.
sub leftovers {
    my ($self) = @_;
    my %known = (%helpers, map { $_ => 1 } keys %live);
    my @pids  = grep { my $s = stat_of($_); $s && $s->{group} == $self->{pid} && $s->{state} ne 'Z' } all_pids();
    for my $pid (children_of($$)) {
        next if $known{$pid};
        my $s = stat_of($pid);
        if ($s && $s->{state} eq 'Z') { waitpid $pid, WNOHANG; next }
        push @pids, $pid;
    }
    my %seen;
    return map { [$_, process_title($_)] } grep { !$seen{$_}++ } @pids;
}

sub kill_group {
    my ($self) = @_;
    kill 'KILL', -$self->{pid};
    kill 'KILL', map { $_->[0] } $self->leftovers;
}

sub all_pids {
    opendir my $dir, '/proc' or return;
    return grep { /^\d+$/ } readdir $dir;
}

sub stat_of {
    my ($pid) = @_;
    my $text = slurp("/proc/$pid/stat");
    return undef unless $text =~ /^\d+ \(.*\) (\S) (\d+) (\d+) (\d+)/s;
    return { state => $1, parent => $2, group => $3, session => $4 };
}

sub children_of {
    my ($parent) = @_;
    return grep { my $s = stat_of($_); $s && $s->{parent} == $parent } all_pids();
}

sub descendants_of {
    my ($parent) = @_;
    my @direct = children_of($parent);
    return (@direct, map { descendants_of($_) } @direct);
}

sub process_title {
    my ($pid) = @_;
    my $title = slurp("/proc/$pid/cmdline");
    $title =~ tr/\0/ /;
    $title =~ s/\s+\z//;
    return $title;
}

$SIG{INT} = $SIG{TERM} = $SIG{HUP} = sub { exit 1 };

END {
    if ($$ == $owner) {
        my $code = $?;
        for my $process (values %live) {
            $process->signal('TERM');
            $process->kill_group unless defined $process->wait_exit(2);
        }
        $? = $code;
    }
}

1;
