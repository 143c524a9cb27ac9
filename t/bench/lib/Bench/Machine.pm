# What a reader needs to know about the machine to judge the numbers.
package Bench::Machine;
use strict;
use warnings;
use Test::Sluice::Process qw(slurp);
use Exporter 'import';

our @EXPORT_OK = qw(cpu_count machine);

sub cpu_count { return scalar(() = slurp('/proc/stat') =~ /^cpu\d+/mg) }

sub machine {
    my ($model) = slurp('/proc/cpuinfo') =~ /^model name\s*:\s*(.*)$/m;
    my ($wrk) = `wrk -v 2>&1` =~ /^(wrk \S+)/;
    chomp(my $kernel = slurp('/proc/sys/kernel/osrelease'));
    return (cpu => $model || 'unknown', cpus => cpu_count(), kernel => $kernel, generator => $wrk);
}

1;
