# Numbers from rounds: medians, and how far to trust them.
package Bench::Stats;
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(median interval);

my $kResamples = 4000;

sub median {
    my @sorted = sort { $a <=> $b } @_;
    return undef unless @sorted;
    my $middle = int(@sorted / 2);
    return @sorted % 2 ? $sorted[$middle] : ($sorted[$middle - 1] + $sorted[$middle]) / 2;
}

# interval: the bootstrap 95 % confidence interval of the median, as (low, high); the same values give the same answer. Empty
# for fewer than three values, which can't tell.
sub interval {
    my @values = @_;
    return () if @values < 3;
    srand 1;
    my @medians = sort { $a <=> $b } map { median(map { $values[rand @values] } @values) } 1 .. $kResamples;
    return ($medians[$kResamples * 0.025], $medians[$kResamples * 0.975 - 1]);
}

1;
