# One row: the contestants start, are looked at, are loaded in rounds A B C, C B A, ..., and end.
#
# The number of a cell is the CPU time that all processes of the contestant used between before and after the load, divided by
# the requests that the load completed.
package Bench::Measure;
use strict;
use warnings;
use List::Util qw(max shuffle);
use Time::HiRes qw(time sleep);
use Bench::Checks qw(check_answers check_same_request check_counts check_log);
use Bench::Load qw(wrk backend_counts crowd);
use Bench::Peers;
use Bench::Proc qw(cpu_us memory_kb busy_us family);
use Exporter 'import';

our @EXPORT_OK = qw(measure_row);

my $kSettleSeconds = 3;    # after a crowd came: longer than any timer that trims

# measure_row: { row => ..., cells => [...], disturbed => N } for the PEERS that fit. OPTION: rounds, seconds, foreign,
# keep_disturbed, cpu, bench, tools, backend (its pid). Dies when the row can't be measured.
sub measure_row {
    my ($row, $peers, $option) = @_;
    my @peers = grep { $_->fits($row) } @$peers;
    my $cells = eval { $row->{kind} eq 'memory' ? memory($row, \@peers, $option) : rate($row, \@peers, $option) };
    my $error = $@;
    $_->stop for @peers;
    die $error if $error;
    return { row => $row, peers => [map { $_->name } @peers], cells => $cells,
             disturbed => scalar grep { $_->{disturbed} } @$cells };
}

sub rate {
    my ($row, $peers, $option) = @_;
    $_->start($row) for @$peers;
    check_answers($row, $_) for @$peers;
    check_same_request($row, @$peers);
    wrk($row, $_->port, 1, $option) for @$peers;    # warm
    my (@cells, @order);
    my ($round, $repeated) = (0, 0);
    while ($round < $option->{rounds}) {
        @order = $round % 2 ? reverse @order : shuffle @$peers;
        my @cells_of_round = map { rate_cell($row, $_, $round, $option) } @order;
        if (!$option->{keep_disturbed} && grep { $_->{disturbed} } @cells_of_round) {
            die "something else uses the machine: no quiet round\n" if ++$repeated > $option->{rounds};
            next;
        }
        push @cells, @cells_of_round;
        ++$round;
    }
    if ($option->{profile}) { profile($row, $_, $option) for @$peers }
    return \@cells;
}

# profile: one more load, not measured, under perf; for perf report -i PROFILE/ROW-PEER.data.
sub profile {
    my ($row, $peer, $option) = @_;
    my $perf = Test::Sluice::Process->spawn(
        argv => [qw(perf record -q -g -e cpu-clock -F 4999 -o), "$option->{profile}/$row->{name}-" . $peer->name . '.data',
                 '-p', join ',', $peer->pids], stderr => "$option->{profile}/perf.err");
    wrk($row, $peer->port, $option->{seconds}, $option);
    $perf->signal('INT');
    $perf->wait_exit(20);
}

sub rate_cell {
    my ($row, $peer, $round, $option) = @_;
    $peer->empty_log if $row->{log};
    my @pids   = $peer->pids;
    my $counts = backend_counts();
    my $watch  = watch_others($option);
    my $cpu    = cpu_us(@pids);
    my $load   = wrk($row, $peer->port, $option->{seconds}, $option);
    $cpu = cpu_us(@pids) - $cpu;
    my $foreign = $watch->();
    die $peer->name . ": its processes changed under load\n" . $peer->said unless "@pids" eq join ' ', $peer->pids;
    check_counts($row, $peer, $load, $counts, backend_counts());
    check_log($row, $peer, $load) if $row->{log} && $peer->logs;
    return { peer => $peer->name, round => $round, value => $cpu / $load->{requests}, requests => $load->{requests},
             seconds => $load->{seconds}, cpu_us => $cpu, foreign_percent => $foreign,
             disturbed => $foreign > $option->{foreign} ? 1 : 0 };
}

# watch_others: a function that tells what percentage of one CPU everybody else has used since. Ours are this process, the load that
# has ended meanwhile, the backend, and all contestants: they are our descendants.
sub watch_others {
    my ($option) = @_;
    my $own = sub {
        my ($user, $system, $child_user, $child_system) = times;
        return ($user + $system + $child_user + $child_system) * 1e6 + cpu_us(grep { $_ != $$ } family($$));
    };
    my ($busy, $ours, $begin) = (busy_us(), $own->(), time);
    return sub {
        my $foreign = (busy_us() - $busy) - ($own->() - $ours);
        return max(0, 100 * $foreign / ((time - $begin) * 1e6));
    };
}

# memory: a cell per contestant and round, each in a fresh process: at rest, then with a quarter of the crowd, then with all of it.
# The value is bytes per connection between a quarter and all, so that what is allocated once doesn't count.
sub memory {
    my ($row, $peers, $option) = @_;
    my @cells;
    for my $round (0 .. ($option->{rounds} > 1 ? 1 : 0)) {
        for my $peer ($round ? reverse @$peers : @$peers) {
            $peer->start($row);
            check_answers($row, $peer);
            push @cells, memory_cell($row, $peer, $round, $option);
            $peer->stop;
        }
    }
    return \@cells;
}

sub memory_cell {
    my ($row, $peer, $round, $option) = @_;
    my $few  = int($row->{connections} / 4);
    my $rest = settled($peer, $option);
    my $first = crowd($row, $peer->port, $few, $option);
    my $quarter = settled($peer, $option);
    my $others = crowd($row, $peer->port, $row->{connections} - $few, $option);
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
