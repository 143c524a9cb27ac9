# Bytes per idle connection: a cell per contestant and round, each in a fresh process: at rest, then with a quarter of the crowd, then
# with all of it. The value is from a quarter to all, so that what is allocated once doesn't count; that is the line "rest".
package Bench::Memory;
use strict;
use warnings;
use Time::HiRes qw(sleep);
use Bench::Checks qw(check_answers);
use Bench::Crowd;
use Bench::Proc qw(memory_kb);

my $kSettleSeconds = 3;     # after a crowd came: longer than any timer that trims
my $kRestMb        = 10;    # the target at rest

sub measure {
    my ($row, $peers, $option) = @_;
    my @cells;
    for my $round (0 .. ($option->{rounds} > 1 ? 1 : 0)) {
        for my $peer ($round ? reverse @$peers : @$peers) {
            $peer->start($row);
            check_answers($row, $peer);
            push @cells, eval { cell($row, $peer, $round, $option) } || die $peer->name . ": $@";
            $peer->stop;
        }
    }
    return { unit => 'B/conn', digits => 0, cells => \@cells } unless $row->{load} eq 'crowd';
    my @rest = map { { %$_, value => $_->{rest_kb} / 1024 } } @cells;
    return ({ unit => 'B/conn', digits => 0, cells => \@cells },
            { name => "$row->{name} rest", unit => 'MB', digits => 1, target => { value => $kRestMb }, cells => \@rest });
}

sub cell {
    my ($row, $peer, $round, $option) = @_;
    my $few  = int($row->{connections} / 4);
    my $rest = settled($peer, $option);
    my $first = Bench::Crowd->new($row, $peer->port, $few, $option);
    my $quarter = settled($peer, $option);
    my $others = Bench::Crowd->new($row, $peer->port, $row->{connections} - $few, $option);
    my $all = settled($peer, $option);
    my $closed = $first->leave + $others->leave;
    die $peer->name . " closed $closed idle connections\n" if $closed;
    return { peer => $peer->name, round => $round, disturbed => 0, connections => $row->{connections},
             value => ($all->{Pss} - $quarter->{Pss}) * 1024 / ($row->{connections} - $few),
             whole_bytes => ($all->{Pss} - $rest->{Pss}) * 1024 / $row->{connections},
             rest_kb => $rest->{Pss}, all_kb => $all->{Pss}, private_kb => $all->{Private} };
}

sub settled {
    my ($peer, $option) = @_;
    sleep($option->{settle} // $kSettleSeconds);
    return memory_kb($peer->pids);
}

1;
