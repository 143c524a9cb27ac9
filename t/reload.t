# Reload: a good one swaps under open connections, a bad one changes nothing and says why.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use Test::More;
use Test::Sluice::Process qw(wait_until slurp);
use Test::Sluice::Server;

sub hello  { return "location / { return 200 \"$_[0]\\n\"; }" }
sub server { return Test::Sluice::Server->new(config => hello('one'), @_) }

subtest 'a reload changes the next request of an open connection' => sub {
    my $s       = server(workers => 2)->start;
    my @workers = $s->worker_pids;
    my $open    = $s->connection;
    is $open->request('GET', '/')->body, "one\n", 'before';
    $s->write_config(config => hello('two'));
    is $s->reload, 0, '-s reload';
    is $open->request('GET', '/')->body, "two\n", 'the same connection afterwards';
    is_deeply [$s->worker_pids], \@workers, 'the workers are the same';
    $s->stop;
};

subtest 'a bad reload changes nothing and is reported with file and line' => sub {
    my $s = server()->start;
    for my $case (['location / { retrun 200; }',          qr/unknown directive "retrun" in \S+:\d+/],
                  ['location / { return 200 }',           qr/unexpected "\}" in \S+:\d+/],
                  ['include nowhere.conf;',               qr/open\(\) "\S+nowhere\.conf" failed \(2: No such file or directory\) in \S+:\d+/]) {
        my ($config, $reason) = @$case;
        $s->write_config(config => $config);
        is $s->reload, 1, "$config: exit status";
        like $s->reload_output, qr/^sluice: \[emerg\] $reason/m, "$config: reason";
        is $s->get('/')->body, "one\n", 'the old configuration serves';
    }
    $s->stop(allowed => [qr/\[emerg\]/]);
};

subtest 'an address in use fails the reload' => sub {
    my $s     = server()->start;
    my $port  = $s->rand_port(1);
    my $other = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1) or die "cannot listen: $!";
    $s->write_config(config => "listen 127.0.0.1:$port;\n" . hello('two'));
    is $s->reload, 1, 'exit status';
    like $s->reload_output, qr/bind\(\) to 127\.0\.0\.1:$port failed \(98: Address already in use\)/, 'reason';
    is $s->get('/')->body, "one\n", 'the old configuration serves';
    $s->stop(allowed => [qr/Address already in use/]);
};

subtest 'addresses come and go' => sub {
    my $s    = server(workers => 2)->start;
    my $port = $s->rand_port(1);
    ok !$s->listens($port), 'not before';
    $s->write_config(config => "listen 127.0.0.1:$port;\n" . hello('two'));
    is $s->reload, 0, 'a reload that adds an address';
    is $s->request('GET', '/', connect => { port => $port })->body, "two\n", 'it serves there';
    $s->write_config(config => hello('three'));
    is $s->reload, 0, 'a reload that takes it away';
    ok wait_until { !$s->listens($port) }, 'nobody listens there any more';
    is $s->get('/')->body, "three\n", 'the other address serves';
    $s->stop;
};

subtest 'worker_processes can grow and shrink' => sub {
    my $s = server(workers => 1)->start;
    my @first = $s->worker_pids;
    $s->write_config(workers => 3);
    is $s->reload, 0, 'three workers';
    is scalar(my @three = $s->worker_pids), 3, 'they run';
    $s->write_config(workers => 1);
    is $s->reload, 0, 'one worker again';
    ok wait_until { my @now = $s->worker_pids; "@now" eq "@first" }, 'the first one is the one that stays';
    is $s->get('/')->body, "one\n", 'it serves';
    $s->stop;
};

subtest 'many reloads leave nothing behind' => sub {
    my $s = server(workers => 2)->start;
    my $count = sub { my @fds = glob "/proc/$_[0]/fd/*"; scalar @fds };
    my $round = sub { $s->write_config(config => hello("round $_[0]")); $s->reload };
    $round->($_) for 1 .. 3;
    my @pids   = $s->all_pids;
    my %before = map { $_ => $count->($_) } @pids;
    is $round->($_), 0, "reload $_" for 4 .. 15;
    is $s->get('/')->body, "round 15\n", 'the last one counts';
    is_deeply [$s->all_pids], \@pids, 'the same processes';
    is_deeply { map { $_ => $count->($_) } @pids }, \%before, 'as many open descriptors';
    $s->stop;
};

subtest 'reloads that are asked for at once all get their answer' => sub {
    my $s = server()->start;
    my @running = map {
        my $n = $_;
        Test::Sluice::Process->spawn(argv   => [$s->binary, '-p', "$s->{prefix}/", '-c', 'conf/proxy.conf', '-s', 'reload'],
                                     stdout => "$s->{prefix}/logs/reload.$n", stderr => "$s->{prefix}/logs/reload.$n")
    } 1 .. 5;
    is $_->wait_exit(20), 0, 'exit status' for @running;
    is $s->get('/')->body, "one\n", 'it serves';
    $s->stop;
};

subtest 'a worker that was killed comes back with the running configuration, not with what is on the disk' => sub {
    my $s = server()->start;
    my ($worker) = $s->worker_pids;
    $s->write_config(config => 'broken {');
    kill 'KILL', $worker;
    ok $s->wait_for_workers(1, $worker), 'it is back';
    is $s->get('/')->body, "one\n", 'with the old meaning';
    $s->stop(allowed => [qr/exited on signal 9/]);
};

subtest 'a module that crashes or hangs while it is loaded fails the reload alone' => sub {
    my $s        = server()->start;
    my $compiler = $ENV{CXX} || 'c++';
    for my $case (['crash', 'raise(SIGSEGV);',       qr/loader (?:was killed by signal 11|exited with code \d+).* while /],
                  ['hang',  'for (;;) sleep(1);',    qr/loader did not finish within 1s while /]) {
        my ($name, $code, $reason) = @$case;
        my $source = "$s->{prefix}/$name.cc";
        Test::Sluice::Server::write_file($source, "#include <signal.h>\n#include <unistd.h>\nstruct S { S() { $code } } s;\n");
        system($compiler, '-shared', '-fPIC', '-o', "$s->{prefix}/$name.so", $source) == 0 or die "cannot compile";
        $s->write_config(config => hello('two'), main_config => "load_module $s->{prefix}/$name.so;\nreload_timeout 1s;");
        is $s->command('-t')->{status}, 1, "$name: -t fails";
        is $s->command('-s', 'reload')->{status}, 1, "$name: the reload fails" if $name eq 'crash';
        like $s->command('-t')->{stderr}, $reason, "$name: reason";
        is $s->get('/')->body, "one\n", 'the old configuration serves';
    }
    $s->stop(allowed => [qr/loader/]);
};

done_testing;
