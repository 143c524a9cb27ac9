# What a reload does to the requests of the time: p99 and the slowest at a fixed rate, without and with a reload of a large configuration
# in the middle. The reload runs on the contestant's own CPU, the load on the other one where there are two. A request that fails because
# of the reload is counted; it is what some contestants do to connections that are kept open.
package Bench::Reload;
use strict;
use warnings;
use List::Util qw(max min);
use Time::HiRes qw(sleep);
use Bench::Config;
use Bench::Load qw(open_loop_begin);
use Bench::Quiet qw(watch_others);
use Bench::Rounds qw(rounds);

my $kRounds       = 3;      # at most
my $kSeconds      = 3;      # of load, at least
my $kBeginSeconds = 0.5;    # of load before the reload

# name, half, field, unit
my @kLines = (['quiet p99', 'quiet', 'p99_us', 'us'], ['quiet slowest', 'quiet', 'max_us', 'us'], ['p99', 'reload', 'p99_us', 'us'],
              ['slowest', 'reload', 'max_us', 'us'], ['failed', 'reload', 'failed', 'requests']);

sub measure {
    my ($row, $peers, $option) = @_;
    my %apart = (%$option, load_cpu => $option->{other_cpu});
    $_->start($row), Bench::Config::wait_version($_, 1) for @$peers;
    my $version = 1;
    my $cells = rounds($option, min($option->{rounds}, $kRounds), $peers, sub { cell($row, @_, ++$version, \%apart) });
    return map {
        my ($what, $half, $field, $unit) = @$_;
        { name => "$row->{name} $what", unit => $unit, digits => 0, target => $row->{targets}{$what} || {},
          cells => [map { { peer => $_->{peer}, round => $_->{round}, value => $_->{$half}{$field}, %{ $_->{$half} } } } @$cells] }
    } @kLines;
}

sub cell {
    my ($row, $peer, $round, $version, $option) = @_;
    my $quiet  = loaded($row, $peer, $option);
    my $reload = loaded($row, $peer, $option, $version);
    my ($most) = sort { $b->{foreign_percent} <=> $a->{foreign_percent} } $quiet, $reload;
    return { peer => $peer->name, round => $round, quiet => $quiet, reload => $reload,
             map { $_ => $most->{$_} } qw(foreign_percent foreign_name disturbed) };
}

# loaded: the latencies of one load; VERSION is loaded in the meantime, if there is one.
sub loaded {
    my ($row, $peer, $option, $version) = @_;
    my $watch = watch_others();
    my $end   = open_loop_begin($row, $peer->port, $row->{rate}, max($option->{seconds}, $kSeconds), $option);
    if ($version) {
        sleep $kBeginSeconds;
        Bench::Config::reload($row, $peer, $version);
    }
    my $load = $end->();
    my ($foreign, $who) = $watch->();
    my $failed = $load->{errors}{failed};
    die $peer->name . ": $failed errors without a reload\n" if $failed && !$version;
    return { failed => $failed, map({ $_ => $load->{$_} } qw(requests unsent p50_us p99_us p999_us max_us)), foreign_percent => $foreign, foreign_name => $who,
             disturbed => $foreign > $option->{foreign} ? 1 : 0 };
}

1;
