# The table for readers, as text and as Markdown, and the JSON for machines. Nothing is printed that no cell carries.
package Bench::Report;
use strict;
use warnings;
use JSON::PP ();
use Bench::Stats qw(median interval);
use Bench::Targets qw(verdicts);
use Exporter 'import';

our @EXPORT_OK = qw(summarise table markdown json);

# summarise: adds to a result the median per contestant and, per other contestant, the ratio SUBJECT / other: the median of the rounds'
# ratios with its 95 % interval. A result that is "own" is a ratio already.
sub summarise {
    my ($result, $subject) = @_;
    my %value;
    push @{ $value{ $_->{peer} } }, $_->{value} for @{ $result->{cells} };
    $result->{median} = { map { $_ => median(@{ $value{$_} }) } keys %value };
    return $result if $result->{own};
    for my $other (grep { $_ ne $subject && $value{$subject} } keys %value) {
        my %by_round = map { $_->{round} => $_->{value} } grep { $_->{peer} eq $other } @{ $result->{cells} };
        my @ratios = map { $by_round{ $_->{round} } > 0 ? $_->{value} / $by_round{ $_->{round} } : () }
            grep { $_->{peer} eq $subject } @{ $result->{cells} };
        $result->{ratio}{$other} = { median => median(@ratios), interval => [interval(@ratios)], rounds => scalar @ratios } if @ratios;
    }
    return $result;
}

# lines: RESULTS as lists of columns, titles first: one line per result, the contestants of NAMES, the first one's ratios to the others,
# and the targets.
sub lines {
    my ($names, @results) = @_;
    my ($subject, @others) = @$names;
    my %medians = map { $_->{name} => $_->{median}{$subject} } @results;
    my @lines = (['row', 'unit', @$names, (map { "$subject/$_" } @others), 'target']);
    for my $result (@results) {
        push @lines, [$result->{name} . ($result->{disturbed} ? ' !' : ''), $result->{unit},
                      (map { number($result->{median}{$_}, $result->{digits}) } @$names), (map { ratio($result->{ratio}{$_}) } @others),
                      join(', ', verdicts($result, $subject, \%medians)) || '-'];
    }
    return @lines;
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

# table: RESULTS as text.
sub table {
    my @lines = lines(@_);
    my @width = map { my $i = $_; (sort { $b <=> $a } map { length $_->[$i] } @lines)[0] } 0 .. $#{ $lines[0] };
    my $text = join '', map { my $line = $_; join('  ', map { sprintf "%-$width[$_]s", $line->[$_] } 0 .. $#width) =~ s/ +$//r . "\n" } @lines;
    return $text . foot(@_[1 .. $#_]);
}

sub foot {
    my @results = @_;
    my $text = '';
    $text .= "! others used the machine in some rounds: do not quote\n" if grep { $_->{disturbed} } @results;
    for my $result (grep { $_->{unit} eq 'B/conn' } @results) {
        for my $name (@{ $result->{peers} }) {
            my @cells = grep { $_->{peer} eq $name } @{ $result->{cells} };
            $text .= sprintf "%s: %s at rest %.1f MB, with %d connections %.1f MB\n", $result->{name}, $name,
                median(map { $_->{rest_kb} } @cells) / 1024, $cells[0]{connections}, median(map { $_->{all_kb} } @cells) / 1024;
        }
    }
    return $text;
}

# markdown: the RESULTS of RUN as a page's section: machine, versions, command, table, and what was not measured.
sub markdown {
    my ($run, $failures, @results) = @_;
    my ($titles, @lines) = lines($run->{peers}, @results);
    my $text = "`$run->{command}`: $run->{layout}, $run->{rounds} rounds of $run->{seconds} s; medians; ratios with their 95 % intervals.\n" .
        "$run->{cpu}, $run->{cpus} CPUs, Linux $run->{kernel}, $run->{generator}.\n" .
        join(', ', map { "$_ $run->{versions}{$_}" } @{ $run->{peers} }) . ".\n\n";
    $text .= '| ' . join(' | ', @$_) . " |\n" for $titles, ['---', '---', ('--:') x (@$titles - 3), '---'], @lines;
    my $foot = foot(@results);
    $text .= "\n" . join('', map { "- $_\n" } split /\n/, $foot) if length $foot;
    $text .= "\nNot measured: " . join('; ', map { (split /\n/)[0] } @$failures) . ".\n" if @$failures;
    return $text;
}

# json: everything, for machines.
sub json {
    my ($run, @results) = @_;
    my @rows = map { { name => $_->{name}, unit => $_->{unit}, kind => $_->{row}{kind}, median => $_->{median}, ratio => $_->{ratio} || {},
                       target => $_->{target}, disturbed_cells => $_->{disturbed}, cells => $_->{cells} } } @results;
    return JSON::PP->new->canonical->pretty->encode({ %$run, rows => \@rows });
}

1;
