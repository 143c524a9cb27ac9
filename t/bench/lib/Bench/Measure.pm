# One row: the contestants start, are looked at, are loaded in rounds, and end. What a round is depends on the row's kind.
#
# A result is one line of the table: { name, unit, digits, row, target, peers => [names], cells => [{ peer, round, value, disturbed, ... }],
# disturbed => how many cells }.
package Bench::Measure;
use strict;
use warnings;
use Bench::Config;
use Bench::Latency;
use Bench::Memory;
use Bench::Rate;
use Bench::Reload;
use Bench::Workers;
use Exporter 'import';

our @EXPORT_OK = qw(measure_row);

my %kKinds = (rate => \&Bench::Rate::measure, memory => \&Bench::Memory::measure, config => \&Bench::Config::measure,
              reload => \&Bench::Reload::measure, workers => \&Bench::Workers::measure);

# measure_row: the results of ROW for the PEERS that fit. OPTION: rounds, seconds, foreign, keep_disturbed, layout, cpu, load_cpu, bench,
# tools. Dies when the row can't be measured, with the reason.
sub measure_row {
    my ($row, $peers, $option) = @_;
    my @peers = grep { $_->fits($row) } @$peers;
    die "no contestant fits\n" unless @peers;
    my $measure = $option->{layout} eq 'rate' ? \&Bench::Latency::measure : $kKinds{ $row->{kind} };
    my @results = eval { $measure->($row, \@peers, $option) };
    my $error = $@;
    $_->stop for @peers;
    die $error if $error;
    return map { complete($_, $row, \@peers) } @results;
}

sub complete {
    my ($result, $row, $peers) = @_;
    return { name => $row->{name}, digits => 2, target => $row->{target}, row => $row, peers => [map { $_->name } @$peers], %$result,
             disturbed => scalar grep { $_->{disturbed} } @{ $result->{cells} } };
}

1;
