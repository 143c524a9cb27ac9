# Plug-ins across reloads: a replaced one takes effect, a damaged one does no harm, one that cannot be loaded fails the reload alone.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Plugin qw(compile_plugin answering_plugin);
use Test::Sluice::Process qw(slurp);
use Test::Sluice::Server;

my $server = Test::Sluice::Server->new(workers => 2, log_level => 'notice', main_config => "load_module modules/*.so;\nreload_timeout 2s;",
                                       config => 'location / { answer; }');
mkdir $server->prefix . '/modules';
my $plugin = $server->prefix . '/modules/answer.so';
my $spare  = $server->prefix . '/spare';
mkdir $spare;

# built: a plug-in, compiled elsewhere; gives its bytes.
my $builds = 0;
sub built { return slurp(compile_plugin("$spare/" . $builds++ . '.so', @_)) }

# replace: another file under the same name. overwrite: the same file gets other bytes.
sub replace {
    Test::Sluice::Server::write_file("$plugin.new", $_[0]);
    rename "$plugin.new", $plugin or die "rename: $!\n";
}
sub overwrite { Test::Sluice::Server::write_file($plugin, $_[0]) }

my $one = built(answering_plugin('one'));
my $two = built(answering_plugin('two'));

replace($one);
$server->start;
my @pids = $server->all_pids;
my $open = $server->connection;
is $open->request(GET => '/')->body, "one\n", 'a plug-in answers';

replace($two);
is $open->request(GET => '/')->body, "one\n", 'a replaced one changes nothing yet';
is $server->reload, 0, 'a reload';
is $open->request(GET => '/')->body, "two\n", 'brings it, to the open connection, too';
is $server->get('/')->body, "two\n", 'and to new ones';

replace($one);
is $server->reload, 0, 'the first one again';
is $open->request(GET => '/')->body, "one\n", 'is the first one';

# refused: the reload fails with REASON; the old plug-in answers, in the same processes.
sub refused {
    my ($name, $reason) = @_;
    is $server->reload, 1, "$name: the reload fails";
    like $server->reload_output, qr/^sluice: \[emerg\] .*$reason/m, "$name: with the reason";
    is $open->request(GET => '/')->body, "one\n", "$name: the open connection has the old one";
    is $server->get('/')->body, "one\n", "$name: new ones, too";
}

overwrite('');
refused('cut to nothing', qr/answer\.so/);
overwrite("\x7fELF" . join '', map { chr int rand 256 } 1 .. length $one);
refused('garbage', qr/dlopen\(\) "\S+answer\.so" failed/);
overwrite(substr $one, 0, length($one) / 2);
refused('cut in half', qr/answer\.so/);
overwrite($one =~ s/epoch=1 compiler=/epoch=0 compiler=/r);
refused('another ABI', qr/was built for another sluice: its ABI is "epoch=0 [^"]*", this sluice has "epoch=1 /);
overwrite(built('extern "C" int nothing = 0;'));
refused('no module', qr/answer\.so" is no sluice module/);
overwrite(built(answering_plugin('crash', 'raise(SIGSEGV);')));
refused('a crash in a constructor', qr/loader (?:was killed by signal 11 \(Segmentation fault\)|exited with code \d+) while loading module \S+answer\.so/);
overwrite(built(answering_plugin('exit', '_exit(3);')));
refused('an exit in a constructor', qr/loader exited with code 3 while loading module \S+answer\.so/);
overwrite(built(answering_plugin('hang', 'for (;;) pause();')));
refused('a hang in a constructor', qr/loader did not finish within 2s while loading module \S+answer\.so/);

is $server->loader_pid, undef, 'no loader is left';
is_deeply [$server->all_pids], \@pids, 'the same processes run';

my ($victim) = $server->worker_pids;
kill 'KILL', $victim;
ok $server->wait_for_workers(2, $victim), 'a worker that is killed now is replaced';
is $server->get('/')->body, "one\n", "the plug-in of the running configuration answers ($_)" for 1 .. 4;

overwrite($two);
is $server->reload, 0, 'a good one over the damaged one';
is $server->get('/')->body, "two\n", 'takes effect';
$server->stop(allowed => [qr/\[emerg\]/, qr/exited on signal 9/]);
done_testing;
