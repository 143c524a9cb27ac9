# Rounds A B C, then C B A, in a new random order for each pair: what drifts, drifts for all.
package Bench::Rounds;
use strict;
use warnings;
use List::Util qw(shuffle);
use Exporter 'import';

our @EXPORT_OK = qw(rounds);

# rounds: what CELL->(ENTRY, ROUND) gives for every entry of ENTRIES, ROUNDS times. A round that others disturbed is repeated, unless such
# rounds are to be kept. Dies when there are more of them than of the others.
sub rounds {
    my ($option, $rounds, $entries, $cell) = @_;
    my (@cells, @order);
    my ($round, $repeated) = (0, 0);
    while ($round < $rounds) {
        @order = $round % 2 ? reverse @order : shuffle @$entries;
        my @of_round = map { $cell->($_, $round) } @order;
        my ($disturbed) = grep { $_->{disturbed} } @of_round;
        if ($disturbed && !$option->{keep_disturbed}) {
            die sprintf "no quiet round: others use %.1f %% of a CPU, most of all %s\n", $disturbed->{foreign_percent}, $disturbed->{foreign_name}
                if ++$repeated > $rounds;
            next;
        }
        push @cells, @of_round;
        ++$round;
    }
    return \@cells;
}

1;
