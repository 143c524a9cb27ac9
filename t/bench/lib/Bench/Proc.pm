# What /proc tells about processes and the machine: CPU time and memory of a process with all its descendants, and how busy
# the machine was.
package Bench::Proc;
use strict;
use warnings;
use POSIX ();
use Test::Sluice::Process qw(descendants_of slurp);
use Exporter 'import';

our @EXPORT_OK = qw(cpu_us memory_kb busy_us family);

my $kTickUs = 1e6 / POSIX::sysconf(&POSIX::_SC_CLK_TCK);

# family: PID and all its descendants, sorted.
sub family {
    my ($pid) = @_;
    return sort { $a <=> $b } ($pid, descendants_of($pid));
}

# cpu_us: microseconds on a CPU of every task of PIDS since each was started.
sub cpu_us {
    my $ns = 0;
    for my $pid (@_) {
        for my $file (glob "/proc/$pid/task/*/schedstat") {
            $ns += (split ' ', slurp($file))[0] || 0;
        }
    }
    return $ns / 1000;
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

# busy_us: microseconds that all CPUs together were not idle since the machine started; what the hypervisor took counts as busy.
sub busy_us {
    my ($user, $nice, $system, undef, undef, $irq, $softirq, $steal) = slurp('/proc/stat') =~ /^cpu +(\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)/;
    return ($user + $nice + $system + $irq + $softirq + $steal) * $kTickUs;
}

1;
