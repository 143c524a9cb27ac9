# What we aim for, compared with what was measured. A target that was missed is printed like one that was met.
package Bench::Targets;
use strict;
use warnings;
use List::Util qw(min);
use Exporter 'import';

our @EXPORT_OK = qw(verdicts);

# verdicts: ["nginx 0.65 met", ...] for a summarised RESULT of SUBJECT; MEDIANS has { row => SUBJECT's median } of all rows of the run.
# A target whose contestant or row was not measured has no verdict.
sub verdicts {
    my ($result, $subject, $medians) = @_;
    my $target = $result->{target};
    my $own    = $result->{median}{$subject};
    return () unless defined $own;
    my @list;
    for my $what (sort { order($a) <=> order($b) || $a cmp $b } keys %$target) {
        my ($seen, $text) = compared($what, $target->{$what}, $result, $subject, $medians);
        my $wanted = ref $target->{$what} ? $target->{$what}[1] : $target->{$what};
        push @list, $text . (!defined $seen ? '' : $seen <= $wanted ? ' met' : ' missed');
    }
    return @list;
}

my %kOrder = (value => 0, over => 1, best => 2, nginx => 3, floor => 5);
sub order { return $kOrder{ $_[0] } // 4 }

# compared: the measured number and the target's text.
sub compared {
    my ($what, $wanted, $result, $subject, $medians) = @_;
    my $own = $result->{median}{$subject};
    if ($what eq 'value') { return ($own, $wanted) }
    if ($what eq 'over') {
        my $base = $medians->{ $wanted->[0] };
        return (defined $base ? $own - $base : undef, "$wanted->[0] + $wanted->[1]");
    }
    if ($what eq 'best') {
        my $best = min(map { $result->{median}{$_} } grep { $_ ne $subject && $_ ne 'floor' } keys %{ $result->{median} });
        return ($best ? $own / $best : undef, "best $wanted");
    }
    return ($result->{ratio}{$what} ? $result->{ratio}{$what}{median} : undef, "$what $wanted");
}

1;
