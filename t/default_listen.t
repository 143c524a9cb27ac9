# A server without `listen`: port 80 when sluice is started by root, whoever its workers run as, port 8000 otherwise.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Server;

plan skip_all => 'needs root, for a network namespace of its own' if $> != 0;

for my $case (['nobody', '80'], ['root', '80']) {
    my ($user, $port) = @$case;
    my $server = Test::Sluice::Server->new(raw_config => <<"END");
        user $user; worker_processes 1; daemon off;
        pid logs/sluice.pid; error_log logs/error.log notice;
        events { }
        http { server { return 200 "default\\n"; } }
END
    my ($binary, $prefix) = (Test::Sluice::Server::binary(), $server->prefix);
    my $said = qx{unshare -n sh -c 'ip link set lo up; "$binary" -p $prefix/ -c conf/proxy.conf 2>/dev/null & i=0;
        until curl -s --noproxy "*" http://127.0.0.1:$port/ || [ \$((i += 1)) = 200 ]; do sleep 0.02; done; kill -QUIT \$!; wait \$!' 2>&1};
    is $said, "default\n", "started by root, workers of $user: port $port" or diag Test::Sluice::Process::slurp("$prefix/logs/error.log");
    $server->remove;
}
done_testing;
