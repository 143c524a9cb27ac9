# Whichever way it ends, nothing is left: no process, no listening socket, no socket file, no pid file, no memory file.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Footprint qw(descriptors_of memory_files_of);
use Test::Sluice::Load;
use Test::Sluice::Process qw(wait_until slurp);
use Test::Sluice::Server;

my $kHttp = "
    lua_shared_dict kept 1m;
    server { listen unix:\$TEST_SLUICE_PREFIX/logs/s.sock; listen 127.0.0.1:\$TEST_SLUICE_RAND_PORT_1; return 200; }";

sub server {
    my (%option) = @_;
    return Test::Sluice::Server->new(workers => 2, log_level => 'notice', http_config => $kHttp,
                                     config => 'location / { content_by_lua_block { ngx.print(ngx.shared.kept:incr("n", 1, 0)) } }', %option);
}

# ours: every memory file that some process has open or mapped, with its pid. Those of other servers on this machine are told apart by their
# inode: the server's own are collected while it runs.
sub ours {
    my (@pids) = @_;
    my %inode;
    for my $pid (@pids) {
        for my $fd (glob "/proc/$pid/fd/*") {
            $inode{ (stat $fd)[1] || 0 } = 1 if (readlink $fd || '') =~ m{^/memfd:};
        }
        $inode{ (split / /)[-1] } = 1 for memory_files_of($pid);
    }
    return \%inode;
}

sub holders {
    my ($inodes) = @_;
    my @found;
    for my $pid (grep { /^\d+$/ } map { m{^/proc/(.*)} } glob '/proc/[0-9]*') {
        next if $pid == $$;
        push @found, "$pid maps $_" for grep { $inodes->{ (split / /)[-1] } } memory_files_of($pid);
        for my $fd (glob "/proc/$pid/fd/*") {
            push @found, "$pid has $fd" if (readlink $fd || '') =~ m{^/memfd:} && $inodes->{ (stat $fd)[1] || 0 };
        }
    }
    return @found;
}

# ends: STOP ends the running server; then everything is looked for.
sub ends {
    my ($name, $s, $stop, %option) = @_;
    subtest $name => sub {
        is $s->get('/')->status, 200, 'it serves';
        ok -S "$s->{prefix}/logs/s.sock", 'it has a socket file';
        my @pids   = $s->all_pids;
        my $inodes = ours(@pids);
        cmp_ok scalar keys %$inodes, '>=', 3, 'it has memory files';
        $stop->($s);
        ok wait_until { !grep { -e "/proc/$_" && slurp("/proc/$_/stat") !~ /\) Z / } @pids }, 'its processes end';
        ok !$s->listens($_), "nobody listens on port $_" for $s->port, $s->rand_port(1);
        ok !-e "$s->{prefix}/logs/s.sock", 'the socket file is gone';
        ok !-e $s->pid_file, 'the pid file is gone';
        is_deeply [holders($inodes)], [], 'nobody has one of its memory files';
        $s->stop(%option);
    };
}

for my $signal (qw(TERM INT QUIT)) {
    ends("SIG$signal", server()->start, sub { $_[0]->signal($signal) });
}
ends('-s stop', server()->start, sub { $_[0]->command('-s', 'stop') });
ends('one process, SIGQUIT', server(master => 'off')->start, sub { $_[0]->signal('QUIT') });
ends('after reloads', server()->start, sub {
    my ($s) = @_;
    is $s->reload, 0, 'a reload' for 1 .. 3;
    $s->signal('QUIT');
});
ends('during a reload', server()->start, sub { $_[0]->hup; $_[0]->signal('TERM') });
ends('after workers were killed', server()->start, sub {
    my ($s) = @_;
    my @workers = $s->worker_pids;
    kill 'KILL', @workers, $s->control_pid;
    $s->wait_for_workers(2, @workers);
    $s->signal('QUIT');
}, allowed => [qr/exited on signal 9/]);
ends('stopped workers', server()->start, sub {
    my ($s) = @_;
    kill 'STOP', $s->worker_pids;
    $s->signal('TERM');
}, allowed => [qr/exited on signal 9/]);
ends('under load', server()->start, sub {
    my ($s) = @_;
    my $load = Test::Sluice::Load->start(port => $s->port, targets => ['/']);
    $s->signal('TERM');
    ok wait_until { !$s->listens }, 'it ends';
    $load->stop;
});

done_testing;
