# Footprint: what a process holds, as /proc counts it.
package Test::Sluice::Footprint;
use strict;
use warnings;
use Exporter 'import';
use Test::Sluice::Process qw(slurp);

our @EXPORT_OK = qw(footprint memory_of descriptors_of memory_files_of);

# descriptors_of: every open descriptor's target, for example "socket:[123]" or "/memfd:lua.so (deleted)".
sub descriptors_of {
    my ($pid) = @_;
    return grep { defined } map { readlink } glob "/proc/$pid/fd/*";
}

# memory_files_of: the memory files that the process has mapped, each once: "memfd:name inode".
sub memory_files_of {
    my ($pid) = @_;
    my %seen;
    for my $line (split /\n/, slurp("/proc/$pid/maps")) {
        $seen{"$2 $1"} = 1 if $line =~ m{^\S+ \S+ \S+ \S+ (\d+)\s+/(memfd:.*?)(?: \(deleted\))?$};
    }
    return sort keys %seen;
}

# memory_of: the field of smaps_rollup (Pss, Private_Dirty, Rss, ...) in bytes.
sub memory_of {
    my ($pid, $field) = @_;
    return slurp("/proc/$pid/smaps_rollup") =~ /^$field:\s+(\d+) kB/m ? $1 * 1024 : 0;
}

# footprint: what can be counted exactly: sockets, other open descriptors, memory files among them, mapped memory files, mappings of code,
# threads.
sub footprint {
    my ($pid) = @_;
    my @descriptors = descriptors_of($pid);
    my $maps        = slurp("/proc/$pid/maps");
    return {
        sockets             => scalar(my @sockets = grep { /^socket:/ } @descriptors),
        descriptors         => scalar(my @others = grep { !/^socket:/ } @descriptors),
        memory_files_open   => scalar(grep { m{^/memfd:} } @descriptors),
        memory_files_mapped => scalar(my @files = memory_files_of($pid)),
        code_mappings       => scalar(my @code = $maps =~ /^\S+ r-xp /mg),
        threads             => scalar(my @threads = glob "/proc/$pid/task/*"),
    };
}

1;
