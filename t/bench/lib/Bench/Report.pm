# The table for readers and the JSON for machines. Nothing is printed that no cell carries.
package Bench::Report;
use strict;
use warnings;
use JSON::PP ();
use Bench::Stats qw(median interval);
use Exporter 'import';

our @EXPORT_OK = qw(summarise table json);

# summarise: adds to a measured row the median per contestant and, per other contestant, the ratio SUBJECT / other: the median
# of the rounds' ratios with its 95 % interval.
sub summarise {
    my ($result, $subject) = @_;
    my %value;
    push @{ $value{ $_->{peer} } }, $_->{value} for @{ $result->{cells} };
    $result->{median} = { map { $_ => median(@{ $value{$_} }) } keys %value };
    for my $other (grep { $_ ne $subject && $value{$subject} } keys %value) {
        my %by_round = map { $_->{round} => $_->{value} } grep { $_->{peer} eq $other } @{ $result->{cells} };
        my @ratios = map { $by_round{ $_->{round} } > 0 ? $_->{value} / $by_round{ $_->{round} } : () }
            grep { $_->{peer} eq $subject } @{ $result->{cells} };
        $result->{ratio}{$other} = { median => median(@ratios), interval => [interval(@ratios)], rounds => scalar @ratios } if @ratios;
    }
    return $result;
}

# table: RESULTS as text: one line per row, one column per contestant of NAMES, then the first one's ratios to the others.
sub table {
    my ($names, @results) = @_;
    my ($subject, @others) = @$names;
    my @lines = (['row', 'unit', @$names, map { "$subject/$_" } @others]);
    for my $result (@results) {
        my $row = $result->{row};
        my $memory = $row->{kind} eq 'memory';
        push @lines, [$row->{name} . ($result->{disturbed} ? ' !' : ''), $memory ? 'B/conn' : 'us/req',
                      (map { number($result->{median}{$_}, $memory ? 0 : 2) } @$names),
                      (map { ratio($result->{ratio}{$_}) } @others)];
    }
    return columns(@lines) . foot(@results);
}

sub number {
    my ($value, $digits) = @_;
    return defined $value ? sprintf("%.${digits}f", $value) : '-';
}

sub ratio {
    my ($ratio) = @_;
    return '-' unless $ratio;
    my ($low, $high) = @{ $ratio->{interval} };
    return sprintf('%.2f', $ratio->{median}) . (defined $low ? sprintf(' [%.2f, %.2f]', $low, $high) : '');
}

sub columns {
    my @lines = @_;
    my @width = map { my $i = $_; (sort { $b <=> $a } map { length $_->[$i] } @lines)[0] } 0 .. $#{ $lines[0] };
    return join '', map { my $line = $_; join('  ', map { sprintf "%-$width[$_]s", $line->[$_] } 0 .. $#width) =~ s/ +$//r . "\n" } @lines;
}

sub foot {
    my @results = @_;
    my $text = '';
    $text .= "! others used the machine in some rounds: do not quote\n" if grep { $_->{disturbed} } @results;
    for my $result (grep { $_->{row}{kind} eq 'memory' } @results) {
        for my $name (@{ $result->{peers} }) {
            my @cells = grep { $_->{peer} eq $name } @{ $result->{cells} };
            $text .= sprintf "%s: %s at rest %.1f MB, with %d connections %.1f MB\n", $result->{row}{name}, $name,
                median(map { $_->{rest_kb} } @cells) / 1024, $cells[0]{connections}, median(map { $_->{all_kb} } @cells) / 1024;
        }
    }
    return $text;
}

# json: everything, for machines.
sub json {
    my ($run, @results) = @_;
    my @rows = map { { name => $_->{row}{name}, kind => $_->{row}{kind}, median => $_->{median}, ratio => $_->{ratio} || {},
                       disturbed_cells => $_->{disturbed}, cells => $_->{cells} } } @results;
    return JSON::PP->new->canonical->pretty->encode({ %$run, rows => \@rows });
}

1;
