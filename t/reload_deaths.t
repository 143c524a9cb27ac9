# Processes die while configurations change: the master goes on, and in the end everything is as the last good reload says.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Footprint qw(footprint);
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my $kRounds = 12;

sub config { return "location / { content_by_lua_block { ngx.say('$_[0] ' .. ngx.shared.kept:get('made')) } }" }

my $server = Test::Sluice::Server->new(
    workers     => 3, log_level => 'notice', config => config('round 0'),
    http_config => 'lua_shared_dict kept 1m; init_by_lua_block { ngx.shared.kept:add("made", "kept") for i = 1, 200000 do end }');
$server->start;

# pick_victim: a worker, the control process or the loader of a reload, whichever N says and there is.
sub pick_victim {
    my ($n) = @_;
    my @workers = $server->worker_pids;
    return $n % 3 == 0 ? $server->loader_pid || wait_until { $server->loader_pid } 0.05
         : $n % 3 == 1 ? $server->control_pid
         :               $workers[$n % @workers];
}

# settle: everyone is there.
sub settle { return wait_until { my @workers = $server->worker_pids; @workers == 3 && $server->control_pid } 15 }

my $before = footprint($server->master_pid);
for my $n (1 .. $kRounds) {
    $server->write_config(config => config("round $n"));
    my $mark = $server->log_mark;
    $server->hup;
    my $victim = pick_victim($n);
    kill 'KILL', $victim if $victim;
    ok $server->wait_for_log(qr/reload done|reload failed/, $mark, 15), "reload $n has an end";
    ok settle(), 'everyone is there again' or diag join "\n", map { Test::Sluice::Process::process_title($_) } $server->all_pids;
}
is $server->reload, 0, 'a reload that nobody disturbs';
is $server->get('/')->body, "round $kRounds kept\n", "takes effect in every worker, the dictionary is as it was ($_)" for 1 .. 12;
is_deeply footprint($server->master_pid), $before, 'the master holds what it held';
$server->stop(allowed => [qr/exited on signal 9/, qr/was killed by signal 9/, qr/cannot (?:speak to|send) /]);

# A failed reload takes back who has not served yet; a place of the running configuration is filled again nevertheless.
for my $kind (qw(worker control)) {
    my $slow = Test::Sluice::Server->new(
        workers     => 2, log_level => 'notice', config => config('slow'),
        http_config => 'lua_shared_dict kept 1m; init_by_lua_block { ngx.shared.kept:add("made", "kept") local t = os.clock() while os.clock() - t < 0.4 do end }');
    $slow->start;
    my $old = $kind eq 'worker' ? ($slow->worker_pids)[0] : $slow->control_pid;
    my $new_pid = sub { (grep { $_ && $_ != $old } $kind eq 'worker' ? $slow->children_titled(qr/^\w+: worker/) : $slow->control_pid) };
    my $known = { map { $_ => 1 } $slow->all_pids };
    my $fresh = sub { (grep { !$known->{$_} } $new_pid->())[0] };
    kill 'KILL', $old;
    my $building = wait_until { $fresh->() };
    ok $building, "another $kind process is being built";
    my $mark = $slow->log_mark;
    $slow->write_config(config => "nonsense;");
    $slow->hup;
    ok $slow->wait_for_log(qr/reload failed/, $mark, 15), 'a reload fails meanwhile';
    ok wait_until(sub { my @workers = $slow->worker_pids; @workers == 2 && $slow->control_pid }, 5), 'everyone is there again';
    $slow->write_config(config => config('slow'));
    is $slow->reload, 0, 'a good reload takes effect';
    is $slow->get('/')->body, "slow kept\n", 'it serves';
    $slow->stop(allowed => [qr/exited on signal 9/, qr/unknown directive "nonsense"/, qr/reload failed/, qr/cannot (?:speak to|send) /]);
}

done_testing;
