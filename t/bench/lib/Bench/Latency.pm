# Latency at a fixed rate, open loop: what a request takes from the instant at which it was due, at 30, 50 and 70 per cent of what the
# reference (nginx, or else the first contestant) answers when it is saturated.
package Bench::Latency;
use strict;
use warnings;
use Bench::Load qw(load open_loop);
use Bench::Quiet qw(watch_others);
use Bench::Rate qw(begin);
use Bench::Rounds qw(rounds);

my @kPercent = (30, 50, 70);
my %kNames   = (p50 => 'p50_us', p99 => 'p99_us', 'p99.9' => 'p999_us');
my %kTargets = ('70 p99' => { best => 0.8 });

sub measure {
    my ($row, $peers, $option) = @_;
    die "no row of single requests\n" unless $row->{kind} eq 'rate' && $row->{load} eq 'wrk' && !$row->{request_body};
    begin($row, $peers, $option);
    my ($reference) = ((grep { $_->{kind} eq 'nginx' } @$peers), $peers->[0]);
    my $most = load($row, $reference->port, $option->{seconds}, $option);
    my $maximum = $most->{requests} / $most->{seconds};
    return map { at($row, $peers, $_, $maximum, $option) } @kPercent;
}

# at: a line per percentile, at PERCENT of MAXIMUM requests a second.
sub at {
    my ($row, $peers, $percent, $maximum, $option) = @_;
    my $rate  = int($maximum * $percent / 100);
    my $cells = rounds($option, $option->{rounds}, $peers, sub { cell($row, @_, $rate, $option) });
    return map {
        my $field = $kNames{$_};
        { name => "$row->{name} at $percent % $_", unit => 'us', digits => 0, target => $kTargets{"$percent $_"} || {}, rate => $rate,
          cells => [map { { %$_, value => $_->{$field} } } @$cells] }
    } sort keys %kNames;
}

sub cell {
    my ($row, $peer, $round, $rate, $option) = @_;
    my $watch = watch_others();
    my $load  = open_loop($row, $peer->port, $rate, $option->{seconds}, $option);
    my ($foreign, $who) = $watch->();
    die $peer->name . ": $load->{errors}{failed} errors\n" if $load->{errors}{failed};
    die $peer->name . " and the generator do not reach $rate a second: $load->{unsent} unsent\n" if $load->{unsent} > $rate * $option->{seconds} / 100;
    return { peer => $peer->name, round => $round, rate => $rate, map({ $_ => $load->{$_} } qw(requests unsent p50_us p90_us p99_us p999_us max_us)),
             foreign_percent => $foreign, foreign_name => $who, disturbed => $foreign > $option->{foreign} ? 1 : 0 };
}

1;
