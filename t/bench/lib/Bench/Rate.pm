# CPU per unit of work: the time that all processes of a contestant used between before and after a load, divided by what the
# load completed.
package Bench::Rate;
use strict;
use warnings;
use Bench::Checks qw(check_answers check_same_request check_counts check_log);
use Bench::Load qw(load);
use Bench::Proc qw(cpu_us);
use Bench::Quiet qw(watch_others);
use Bench::Requests qw(backend_counts);
use Bench::Rounds qw(rounds);
use Test::Sluice::Process;
use Exporter 'import';

our @EXPORT_OK = qw(begin rate_cell);

my %kUnits  = (req => 'us/req', msg => 'us/msg', event => 'us/event', GB => 'ms/GB');
my %kDigits = (req => 2, msg => 2, event => 2, GB => 0);

sub measure {
    my ($row, $peers, $option) = @_;
    begin($row, $peers, $option);
    my $cells = rounds($option, $option->{rounds}, $peers, sub { rate_cell($row, $_[0], $_[1], $option) });
    if ($option->{profile}) { profile($row, $_, $option) for @$peers }
    return { unit => $kUnits{ $row->{per} }, digits => $kDigits{ $row->{per} }, cells => $cells };
}

# begin: PEERS run, do what the row says, and are warm.
sub begin {
    my ($row, $peers, $option) = @_;
    $_->start($row) for @$peers;
    check_answers($row, $_) for @$peers;
    check_same_request($row, @$peers);
    load($row, $_->port, 1, $option) for @$peers;
}

# rate_cell: one load on PEER; value is microseconds per unit, or milliseconds per GB.
sub rate_cell {
    my ($row, $peer, $round, $option) = @_;
    $peer->empty_log if $row->{log};
    my @pids   = $peer->pids;
    my $counts = $row->{backend} ? backend_counts() : {};
    my $watch  = watch_others();
    my $cpu    = cpu_us(@pids);
    my $load   = load($row, $peer->port, $option->{seconds}, $option);
    $cpu = cpu_us(@pids) - $cpu;
    my ($foreign, $who) = $watch->();
    die $peer->name . ": its processes changed under load\n" . $peer->said unless "@pids" eq join ' ', $peer->pids;
    check_counts($row, $peer, $load, $counts, $row->{backend} ? backend_counts() : {});
    check_log($row, $peer, $load) if $row->{log} && !$peer->is_floor;
    return { peer => $peer->name, round => $round, value => $cpu / $load->{count} / ($row->{per} eq 'GB' ? 1000 : 1),
             count => $load->{count}, seconds => $load->{seconds}, cpu_us => $cpu,
             map({ defined $load->{$_} ? ($_ => $load->{$_}) : () } qw(requests p50_us p99_us)),
             foreign_percent => $foreign, foreign_name => $who, disturbed => $foreign > $option->{foreign} ? 1 : 0 };
}

# profile: one more load, not measured, under perf; for perf report -i PROFILE/ROW-PEER.data.
sub profile {
    my ($row, $peer, $option) = @_;
    my $perf = Test::Sluice::Process->spawn(
        argv => [qw(perf record -q -g -e cpu-clock -F 4999 -o), "$option->{profile}/$row->{name}-" . $peer->name . '.data',
                 '-p', join ',', $peer->pids], stderr => "$option->{profile}/perf.err");
    load($row, $peer->port, $option->{seconds}, $option);
    $perf->signal('INT');
    $perf->wait_exit(20);
}

1;
