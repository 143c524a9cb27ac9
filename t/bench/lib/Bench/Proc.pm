# What /proc tells about processes: CPU time and memory of a process with all its descendants.
package Bench::Proc;
use strict;
use warnings;
use POSIX ();
use Test::Sluice::Process qw(descendants_of slurp);
use Exporter 'import';

our @EXPORT_OK = qw(cpu_us ended_children_us memory_kb family is_kernel_thread);

my $kTickUs = 1e6 / POSIX::sysconf(&POSIX::_SC_CLK_TCK);
my $kKernelThread = 0x00200000;    # PF_KTHREAD, of the flags in /proc/PID/stat

# family: PID and all its descendants, sorted.
sub family {
    my ($pid) = @_;
    return sort { $a <=> $b } ($pid, descendants_of($pid));
}

# cpu_us: microseconds on a CPU of every task of PIDS since each was started, from the scheduler's own nanoseconds.
sub cpu_us {
    my $ns = 0;
    for my $pid (@_) {
        for my $file (glob "/proc/$pid/task/*/schedstat") {
            $ns += (split ' ', slurp($file))[0] || 0;
        }
    }
    return $ns / 1000;
}

# ended_children_us: microseconds that the children of PIDS had used when they ended, rounded down to a tick (10 ms) for each PID.
sub ended_children_us {
    my $ticks = 0;
    for my $pid (@_) {
        my @field = stat_fields($pid) or next;
        $ticks += $field[13] + $field[14];
    }
    return $ticks * $kTickUs;
}

# is_kernel_thread: PID is one. Its command line doesn't tell: that of a process which has ended and waits for its parent is empty, too.
sub is_kernel_thread {
    my @field = stat_fields($_[0]) or return 0;
    return $field[6] & $kKernelThread ? 1 : 0;
}

# stat_fields: /proc/PID/stat after the name: the state is the first.
sub stat_fields {
    my ($fields) = slurp("/proc/$_[0]/stat") =~ /\) (.*)/s or return;
    return split ' ', $fields;
}

# memory_kb: { Pss => KB, Private => KB } of PIDS together: pages shared among them count once.
sub memory_kb {
    my %sum = (Pss => 0, Private => 0);
    for my $pid (@_) {
        my $text = slurp("/proc/$pid/smaps_rollup");
        $sum{Pss} += $1 if $text =~ /^Pss:\s+(\d+)/m;
        $sum{Private} += $_ for $text =~ /^Private_\w+:\s+(\d+)/mg;
    }
    return \%sum;
}

1;
