# What a large configuration costs: CPU of the start, CPU of a reload, and what finding its last name costs by finding its first.
package Bench::Config;
use strict;
use warnings;
use List::Util qw(min);
use Time::HiRes qw(sleep);
use Bench::Checks qw(check_answers);
use Bench::Load qw(load);
use Bench::Proc qw(cpu_us ended_children_us);
use Bench::Quiet qw(watch_others);
use Bench::Rounds qw(rounds);
use Test::Sluice::Http;
use Test::Sluice::Process qw(wait_until);
use Exporter 'import';

our @EXPORT_OK = qw(reload);

my $kRounds         = 3;      # at most
my $kPatienceSeconds = 60;    # for a start or a reload
my $kPauseSeconds   = 0.02;   # between two looks, so that they cost next to nothing
my $kSettledSeconds = 0.3;    # the same processes, with nothing more to do

sub measure {
    my ($row, $peers, $option) = @_;
    my $cells = rounds($option, min($option->{rounds}, $kRounds), $peers, sub { cell($row, $_[0], $_[1], $option) });
    my $line = sub {
        my ($what, $unit, $digits) = @_;
        return { name => "$row->{name} $what", unit => $unit, digits => $digits, target => $row->{targets}{$what} || {},
                 cells => [map { { %$_, value => $_->{$what} } } @$cells] };
    };
    return ($line->('start', 'ms', 0), $line->('reload', 'ms', 0), { %{ $line->('lookup', 'last/first', 2) }, own => 1 });
}

# cell: start and reload in ms of CPU, lookup as a ratio.
sub cell {
    my ($row, $peer, $round, $option) = @_;
    my $watch = watch_others();
    $peer->start($row);
    wait_version($peer, 1);
    my %cell = (peer => $peer->name, round => $round, start => used_us($peer) / 1000);
    check_answers($row, $peer);
    my $before = used_us($peer);
    reload($row, $peer, 2);
    $cell{reload} = (used_us($peer) - $before) / 1000;
    my ($first, $last, $again_last, $again) = map { cost($row, $peer, $_, $option) } @$row{qw(first last last first)};
    $cell{lookup} = ($last + $again_last) / ($first + $again);
    my ($foreign, $who) = $watch->();
    $peer->stop;
    return { %cell, foreign_percent => $foreign, foreign_name => $who, disturbed => $foreign > $option->{foreign} ? 1 : 0 };
}

# reload: PEER runs ROW's configuration as VERSION when this returns.
sub reload {
    my ($row, $peer, $version) = @_;
    $peer->configure($row, $version);
    $peer->signal('HUP');
    wait_version($peer, $version);
}

sub wait_version {
    my ($peer, $version) = @_;
    my $seen = '';
    for (1 .. $kPatienceSeconds / $kPauseSeconds) {
        my $response = eval { Test::Sluice::Http->connect(port => $peer->port)->request(GET => '/version') };
        return if $response && ($seen = $response->body // '') eq $version;
        $peer->pids;
        sleep $kPauseSeconds;
    }
    die $peer->name . " answers with version \"$seen\" and not $version\n" . $peer->said;
}

# used_us: everything that PEER has used since its start, once its processes have settled.
sub used_us {
    my ($peer) = @_;
    my @pids;
    do { @pids = $peer->pids; sleep $kSettledSeconds } until "@pids" eq join ' ', $peer->pids;
    return cpu_us(@pids) + ended_children_us(@pids);
}

# cost: microseconds per request for HOST.
sub cost {
    my ($row, $peer, $host, $option) = @_;
    my @pids = $peer->pids;
    my $cpu  = cpu_us(@pids);
    my $load = load({ %$row, first => $host }, $peer->port, $option->{seconds}, $option);
    die $peer->name . ": errors under load\n" if grep { $_ } values %{ $load->{errors} };
    return (cpu_us(@pids) - $cpu) / $load->{count};
}

1;
