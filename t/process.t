# The processes: start, end, the command line, signals, the pid file, deaths and hangs.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);
use Test::Sluice::Process qw(wait_until slurp process_title);
use Test::Sluice::Server;

my $kHello = 'location / { return 200 "hello\n"; }';

sub server { return Test::Sluice::Server->new(config => $kHello, @_) }
sub alive  { return kill 0, $_[0] }

subtest 'a start in the foreground has a master, a control process and the workers' => sub {
    my $s = server(workers => 2)->start;
    is slurp($s->pid_file), $s->master_pid . "\n", 'the pid file names the master';
    like process_title($s->master_pid), qr/^sluice: master process /, 'title of the master';
    is process_title($s->control_pid), 'sluice: control process', 'title of the control process';
    is scalar(my @workers = $s->worker_pids), 2, 'two workers';
    is $s->get('/')->body, "hello\n", 'they serve';
    $s->stop;
};

subtest 'QUIT, TERM and INT end everything' => sub {
    for my $signal (qw(QUIT TERM INT)) {
        my $s    = server()->start;
        my @pids = $s->all_pids;
        my $idle = $s->connection;
        $idle->request('GET', '/');
        $s->stop(signal => $signal, name => "$signal ends it, an idle keep-alive connection or not");
        is_deeply [grep { alive($_) } @pids], [], "no process is left after $signal";
    }
};

subtest 'a daemon\'s parent exits with 0 when the daemon listens and its pid file is written' => sub {
    my $s = server(daemon => 'on');
    my $started = $s->command;
    is $started->{status}, 0, 'exit status' or diag $started->{stderr};
    ok -s $s->pid_file, 'the pid file is there';
    ok $s->listens, 'it listens';
    my $pid = $s->daemon_pid;
    is $s->command('-s', 'quit')->{status}, 0, '-s quit';
    ok wait_until { !-e $s->pid_file }, 'the pid file goes away';
    ok wait_until { !alive($pid) || process_title($pid) eq '' }, 'the daemon ends';
    waitpid $pid, POSIX::WNOHANG();
    $s->remove;
};

subtest 'who reads the output of a starting daemon comes to its end' => sub {
    my $s = server(daemon => 'on', workers => 2);
    open my $out, '-|', Test::Sluice::Server::binary(), '-p', $s->prefix . '/', '-c', 'conf/proxy.conf' or die "cannot run sluice: $!";
    my $text = eval { local $SIG{ALRM} = sub { die "still open\n" }; alarm 10; my @lines = <$out>; alarm 0; join '', @lines };
    is $text, '', 'no process keeps it open' or diag $@;
    my $pid = $s->daemon_pid;
    is $s->command('-s', 'stop')->{status}, 0, '-s stop';
    ok wait_until { !-e $s->pid_file }, 'it ends';
    close $out;
    waitpid $pid, POSIX::WNOHANG();
    $s->remove;
};

subtest 'a start fails with a reason when the address is in use' => sub {
    my $s     = server(daemon => 'on');
    my $other = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $s->port, Listen => 1) or die "cannot listen: $!";
    my $start = $s->command;
    is $start->{status}, 1, 'exit status';
    like $start->{stderr}, qr/^sluice: \[emerg\] bind\(\) to \S+:${\$s->port} failed \(98: Address already in use\)$/m, 'standard error';
    like $s->log, qr/\[emerg\] \d+#\d+: bind\(\) to \S+:${\$s->port} failed \(98: Address already in use\)$/m, 'error log';
    ok !-e $s->pid_file, 'no pid file';
    $s->remove;
};

subtest 'a second sluice on the same address is refused although workers share addresses' => sub {
    my $s      = server()->start;
    my $second = $s->command;
    is $second->{status}, 1, 'exit status';
    like $second->{stderr}, qr/Address already in use/, 'reason';
    is $s->get('/')->body, "hello\n", 'the first one serves on';
    is slurp($s->pid_file), $s->master_pid . "\n", 'and keeps its pid file';
    $s->stop(allowed => [qr/Address already in use/]);
};

subtest '-t says what nginx says' => sub {
    my $s    = server();
    my $good = $s->command('-t');
    is $good->{status}, 0, 'a good configuration';
    is $good->{stderr}, "sluice: the configuration file " . $s->conf . " syntax is ok\n" .
        "sluice: configuration file " . $s->conf . " test is successful\n", 'its two lines';
    is $s->command('-t', '-q')->{stderr}, '', '-q says nothing about a good one';
    $s->write_config(config => 'loction / { }');
    my $bad = $s->command('-t');
    is $bad->{status}, 1, 'a bad configuration';
    like $bad->{stderr}, qr/\Asluice: \[emerg\] unknown directive "loction" in \Q${\$s->conf}\E:\d+\n/, 'nginx\'s line comes first';
    like $bad->{stderr}, qr/did you mean "location"\?/, 'a suggestion follows';
    like $bad->{stderr}, qr/^sluice: configuration file \Q${\$s->conf}\E test failed\n\z/m, 'nginx\'s last line';
    like $s->log, qr/\[emerg\] \d+#\d+: unknown directive "loction"/, 'the error log has it, too';
    $s->remove;
};

subtest '-T prints the files' => sub {
    my $s    = server();
    my $dump = $s->command('-T');
    is $dump->{status}, 0, 'exit status';
    is $dump->{stdout}, '# configuration file ' . $s->conf . ":\n" . slurp($s->conf) . "\n", 'standard output';
    $s->remove;
};

subtest 'mistakes on the command line' => sub {
    my $s = server();
    for my $case (['-x',         'invalid option: "x"'],
                  ['word',       'invalid option: "word"'],
                  ['-c',         'option "-c" requires file name'],
                  ['-p',         'option "-p" requires directory name'],
                  ['-g',         'option "-g" requires parameter'],
                  ['-s',         'option "-s" requires parameter'],
                  ['-s restart', 'invalid option: "-s restart"']) {
        my ($words, $text) = @$case;
        my $run = $s->command(split / /, $words);
        is $run->{status}, 1, "$words: exit status";
        is $run->{stderr}, "sluice: $text\n", "$words: text";
    }
    like $s->command('-v')->{stderr}, qr{\Asluice version: sluice/[\d.]+\n\z}, '-v';
    like $s->command('-V')->{stderr}, qr{^module ABI: epoch=}m, '-V';
    like $s->command('-h')->{stderr}, qr{^Usage: sluice }m, '-h';
    $s->remove;
};

subtest '-s without a running master fails as in nginx' => sub {
    my $s = server();
    for my $name (qw(stop quit reopen reload)) {
        my $run = $s->command('-s', $name);
        is $run->{status}, 1, "-s $name: exit status";
        like $run->{stderr}, qr/^sluice: \[error\] open\(\) "\Q${\$s->pid_file}\E" failed \(2: No such file or directory\)$/m, "-s $name: text";
    }
    Test::Sluice::Server::write_file($s->pid_file, "nonsense\n");
    like $s->command('-s', 'stop')->{stderr}, qr/invalid PID number "nonsense" in "\Q${\$s->pid_file}\E"/, 'a broken pid file';
    $s->remove;
};

subtest 'a killed worker is back within 100 ms and keeps its socket' => sub {
    my $s = server()->start;
    my ($worker) = $s->worker_pids;
    my $began = time;
    kill 'KILL', $worker;
    ok $s->wait_for_workers(1, $worker), 'another worker runs';
    cmp_ok time - $began, '<', 0.1 * Test::Sluice::Process::timeout_factor() * 2, 'soon';
    is $s->get('/')->body, "hello\n", 'it serves';
    like $s->log, qr/\[alert\] \d+#\d+: worker process $worker exited on signal 9$/m, 'the log has its end';
    $s->stop(allowed => [qr/exited on signal 9/]);
};

subtest 'a crashing worker leaves an obituary line and is replaced' => sub {
    my $s = server(config => $kHello . q( location /die { content_by_lua_block {
        local ffi = require "ffi"
        ffi.cdef "void abort(void);"
        ffi.C.abort()
    } }))->start;
    my ($worker) = $s->worker_pids;
    my $dying = $s->connection;
    $dying->write("GET /die?really HTTP/1.1\r\nHost: a\r\n\r\n");
    ok $s->wait_for_workers(1, $worker), 'another worker runs';
    ok $s->wait_for_log(qr/\[alert\] \d+#\d+: worker process $worker exited on signal 6/), 'the log has its end';
    ok $s->wait_for_log(qr{\[alert\] \d+#\d+: worker process $worker died in \S+ for request "GET /die\?really HTTP/1\.1"}), 'and what it was doing';
    is $s->get('/')->body, "hello\n", 'its successor serves';
    $s->stop(allowed => [qr/exited on signal 6/, qr/worker process \d+ died/]);
};

subtest 'a hung worker is killed by the watchdog and replaced' => sub {
    my $s = server(main_config => 'worker_watchdog 1s;')->start;
    my ($worker) = $s->worker_pids;
    kill 'STOP', $worker;
    ok $s->wait_for_log(qr/worker process $worker has been hung for \d+ ms and is killed/), 'the watchdog speaks';
    ok $s->wait_for_workers(1, $worker), 'another worker runs';
    is $s->get('/')->body, "hello\n", 'it serves';
    $s->stop(allowed => [qr/has been hung/, qr/exited on signal/]);
};

subtest 'a worker that keeps dying is started again with a delay' => sub {
    my $s = server()->start;
    my @seen;
    for (1 .. 6) {
        my ($worker) = $s->worker_pids;
        push @seen, $worker;
        kill 'KILL', $worker;
        $s->wait_for_workers(1, @seen) if $_ < 6;
    }
    my $began = time;
    ok $s->wait_for_workers(1, @seen), 'it comes back';
    cmp_ok time - $began, '>', 0.8, 'after a second';
    $s->stop(allowed => [qr/exited on signal 9/]);
};

subtest 'workers serve on when the master is killed, and leave when another one takes over' => sub {
    my $s = server()->start;
    my ($worker) = $s->worker_pids;
    my $control = $s->control_pid;
    kill 'KILL', $s->master_pid;
    ok defined $s->process->wait_exit(5), 'the master is gone';
    is $s->get('/')->body, "hello\n", 'the worker serves a new connection';
    $s->start;
    ok wait_until { !alive($worker) || process_title($worker) eq '' }, 'the old worker leaves';
    waitpid $_, POSIX::WNOHANG() for $worker, $control;
    is $s->get('/')->body, "hello\n", 'the new master\'s worker serves';
    $s->stop(allowed => [qr/the master process is gone/]);
};

subtest 'reopen makes the log file again under the same name, in every process' => sub {
    my $s = server()->start;
    my $log = "$s->{prefix}/logs/error.log";
    rename $log, "$log.old" or die "cannot rename: $!";
    is $s->command('-s', 'reopen')->{status}, 0, '-s reopen';
    ok wait_until { -e $log }, 'the file is back';
    my ($worker) = $s->worker_pids;
    ok wait_until { readlink_all($worker) =~ m{\Q$log\E$}m }, 'the worker writes to it';
    $s->stop;
};

sub readlink_all {
    my ($pid) = @_;
    return join "\n", map { readlink($_) || '' } glob "/proc/$pid/fd/*";
}

subtest 'a Unix socket is listened on, and its file goes away' => sub {
    my $s = server();
    my $path = "$s->{prefix}/logs/s.sock";
    $s->write_config(config => "listen unix:$path;\n$kHello", workers => 2);
    $s->start;
    my $socket = IO::Socket::UNIX->new(Peer => $path) or die "cannot connect: $!";
    print {$socket} "GET / HTTP/1.0\r\n\r\n";
    local $/;
    like <$socket>, qr/hello/, 'it answers';
    $s->stop;
};

subtest 'master_process off is one process' => sub {
    my $s = server(master => 'off')->start;
    is_deeply [Test::Sluice::Process::children_of($s->master_pid)], [], 'no children';
    is $s->get('/')->body, "hello\n", 'it serves';
    $s->write_config(config => 'location / { return 200 "other\n"; }');
    is $s->reload, 0, 'it reloads';
    is $s->get('/')->body, "other\n", 'into the new configuration';
    $s->stop;
};

done_testing;
