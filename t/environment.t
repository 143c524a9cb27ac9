# The environment of workers: what `env` names, and TZ.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Server;

local @ENV{qw(SLUICE_TEST_KEPT SLUICE_TEST_GONE TZ)} = ('kept', 'gone', 'UTC');
my $config = 'location / { content_by_lua_block { ngx.print(tostring(os.getenv(ngx.var.arg_name))) } }';
my $server = Test::Sluice::Server->new(config => $config, main_config => "env SLUICE_TEST_KEPT;\nenv SLUICE_TEST_MADE=made=here;\nenv SLUICE_TEST_ABSENT;");
$server->start;

sub value { return $server->get("/?name=$_[0]")->body }

is value('SLUICE_TEST_KEPT'),   'kept',      'a variable that env names';
is value('SLUICE_TEST_MADE'),   'made=here', 'one that env sets';
is value('SLUICE_TEST_ABSENT'), 'nil',       'one that env names and nobody has';
is value('SLUICE_TEST_GONE'),   'nil',       'one that env does not name';
is value('TZ'),                 'UTC',       'the time zone';

my ($worker) = $server->worker_pids;
$server->write_config(main_config => 'env SLUICE_TEST_GONE;');
is $server->reload, 0, 'a reload that changes env';
like $server->log, qr/\[warn\] \d+#\d+: a change of "env" takes effect in processes that start from now on/, 'warns';
is value('SLUICE_TEST_KEPT'), 'kept', 'a running worker keeps what it has';
kill 'KILL', $worker;
ok $server->wait_for_workers(1, $worker), 'the next one';
is value('SLUICE_TEST_GONE'), 'gone', 'has the new ones';
is value('SLUICE_TEST_KEPT'), 'nil', 'and the old ones no more';
$server->stop(allowed => [qr/exited on signal 9/]);
done_testing;
