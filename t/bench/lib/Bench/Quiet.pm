# Whether anybody else used the machine during a cell.
#
# Every process that is not ours is asked for its CPU time, before and after. /proc/stat can't tell: it counts whole ticks by who
# runs when the clock ticks, which on a busy CPU errs by several per cent in a second. Kernel threads are left out: what they do
# in a quiet container is done for our load, or goes on forever. Ours is what descends from this process, wherever it ends.
package Bench::Quiet;
use strict;
use warnings;
use List::Util qw(max sum0);
use Time::HiRes qw(time);
use Bench::Proc qw(cpu_us ended_children_us family is_kernel_thread);
use Test::Sluice::Process qw(slurp);
use Exporter 'import';

our @EXPORT_OK = qw(watch_others);

# watch_others: a function that gives the per cent of one CPU that everybody else has used since, and the name of who used most.
sub watch_others {
    my $begin  = time;
    my $before = others();
    return sub {
        my $after = others();
        my %used  = map { $_ => ($after->{$_} || 0) - ($before->{$_} || 0) } keys %$before, keys %$after;
        my ($most) = sort { $used{$b} <=> $used{$a} } keys %used;
        my $name = defined $most ? slurp("/proc/$most/comm") =~ s/\n//r : '';
        return (max(0, 100 * sum0(values %used) / ((time - $begin) * 1e6)), $name);
    };
}

# others: { pid => microseconds of it and of its ended children } for every process that is neither ours nor the kernel's. What it counted
# of a process that ends meanwhile is then its parent's.
sub others {
    my %ours = map { $_ => 1 } family($$);
    opendir my $proc, '/proc' or die "/proc: $!\n";
    my %used;
    for my $pid (grep { /^\d+$/ && !$ours{$_} } readdir $proc) {
        $used{$pid} = cpu_us($pid) + ended_children_us($pid) unless is_kernel_thread($pid);
    }
    return \%used;
}

1;
