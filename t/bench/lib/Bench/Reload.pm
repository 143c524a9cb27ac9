# What a reload does to the requests of the time: p99 and the slowest at a fixed rate, without and with a reload of a large configuration
# in the middle. The reload runs on the contestant's own CPU, the load on the other one where there are two.
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

my %kLines = (quiet => 'p99_us', 'quiet slowest' => 'max_us', p99 => 'p99_us', slowest => 'max_us');

sub measure {
    my ($row, $peers, $option) = @_;
    my %apart = (%$option, load_cpu => $option->{other_cpu});
    $_->start($row), Bench::Config::wait_version($_, 1) for @$peers;
    my $version = 1;
    my $cells = rounds($option, min($option->{rounds}, $kRounds), $peers, sub { cell($row, @_, ++$version, \%apart) });
    return map {
        my ($half, $field) = (/^quiet/ ? 'quiet' : 'reload', $kLines{$_});
        { name => "$row->{name} $_", unit => 'us', digits => 0, target => $row->{targets}{$_} || {},
          cells => [map { { peer => $_->{peer}, round => $_->{round}, value => $_->{$half}{$field}, %{ $_->{$half} } } } @$cells] }
    } 'quiet', 'quiet slowest', 'p99', 'slowest';
}

sub cell {
    my ($row, $peer, $round, $version, $option) = @_;
    my $quiet  = loaded($row, $peer, $option);
    my $reload = loaded($row, $peer, $option, $version);
    return { peer => $peer->name, round => $round, quiet => $quiet, reload => $reload, foreign_percent => $quiet->{foreign_percent},
             foreign_name => $quiet->{foreign_name}, disturbed => $quiet->{disturbed} || $reload->{disturbed} };
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
    die $peer->name . ": $load->{errors}{failed} errors\n" if $load->{errors}{failed};
    return { map({ $_ => $load->{$_} } qw(requests unsent p50_us p99_us p999_us max_us)), foreign_percent => $foreign, foreign_name => $who,
             disturbed => $foreign > $option->{foreign} ? 1 : 0 };
}

1;
