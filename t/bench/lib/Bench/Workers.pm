# What a second worker costs: CPU per request with two workers divided by that with one, for each contestant. Both run beside each other
# and are loaded in turn. Where they share one CPU this says nothing about throughput.
package Bench::Workers;
use strict;
use warnings;
use Bench::Rate qw(begin rate_cell);
use Bench::Rounds qw(rounds);

sub measure {
    my ($row, $peers, $option) = @_;
    my @pairs = map { [$_, $_->twin(2)] } @$peers;
    my @cells = eval {
        begin($row, [map { @$_ } @pairs], $option);
        @{ rounds($option, $option->{rounds}, \@pairs, sub { pair_cell($row, @_, $option) }) };
    };
    my $error = $@;
    $_->[1]->stop for @pairs;
    die $error if $error;
    return { unit => '2w/1w', cells => \@cells, own => 1 };
}

sub pair_cell {
    my ($row, $pair, $round, $option) = @_;
    my %of = map { $_->workers => rate_cell($row, $_, $round, $option) } $round % 2 ? reverse @$pair : @$pair;
    return { peer => $pair->[0]->name, round => $round, value => $of{2}{value} / $of{1}{value},
             one_us => $of{1}{value}, two_us => $of{2}{value}, disturbed => $of{1}{disturbed} || $of{2}{disturbed},
             foreign_percent => $of{1}{foreign_percent}, foreign_name => $of{1}{foreign_name} };
}

1;
