# t/floors accepts this tree and refuses each kind of broken rule.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

my $floors = abs_path('t/floors');

# verdict: exit status and output of t/floors on a tree of FILES.
sub verdict {
    my (%files) = @_;
    my $top = tempdir(CLEANUP => 1);
    for my $path (keys %files) {
        make_path(dirname("$top/$path"));
        open my $file, '>', "$top/$path" or die "$path: $!";
        print $file $files{$path};
    }
    my $output = qx{$^X $floors $top};
    return ($? >> 8, $output);
}

sub refuses {
    my ($what, $path, $line, $pattern) = @_;
    my ($code, $output) = verdict($path => "#pragma once\n$line\n");
    ok($code == 1 && $output =~ $pattern, "refuses $what") or diag($output);
}

my ($code, $output) = verdict(
    'core/include/sluice/net/a.h' => "#include <sluice/base/b.h>\n#include <vector>\n#include <sys/socket.h>\n",
    'core/net/a.cc'               => "#include <sluice/net/a.h>\n#include \"net/detail.h\"\n#include \"event/loop.h\"\n#include <openssl/ssl.h>\n",
    'core/include/sluice/sluice.h' => "#include <sluice/net/a.h>\n",
    'core/event/loop.cc'          => "#include <event2/event.h>\n#include <spdlog.h>\n",
    'modules/rr/rr.cc'            => "#include <sluice/upstream/balancer.h>\n#include \"rr.h\"\n#include <vector>\n",
    'modules/rr/rr.h'             => "#include <string>\n",
    'lua/engine/vm.cc'            => "#include <lua.hpp>\n#include \"engine/vm.h\"\n",
    'lua/engine/vm.h'             => '',
);
is($code, 0, 'accepts a tree that keeps the rules') or diag($output);

refuses('a higher floor',               'core/base/a.cc',              '#include <sluice/net/stream.h>', qr{core/base/a\.cc:2: .*floor 0.*must not see net}s);
refuses('a higher floor\'s private one', 'core/event/a.cc',            '#include "http/parser.h"',       qr/event.*must not see http/);
refuses('a neighbour',                  'core/log/a.cc',               '#include "os/fd.h"',             qr/must not see os/);
refuses('a private header in public',   'core/include/sluice/net/a.h', '#include "base/detail.h"',       qr/public header includes a private one/);
refuses('the umbrella header in core',  'core/net/a.cc',               '#include <sluice/sluice.h>',     qr/sluice is not a floor/);
refuses('a folder that is no floor',    'core/util/a.cc',              '#include <sluice/base/a.h>',     qr/no floor's folder/);
refuses('a core header in a module',    'modules/rr/rr.cc',            '#include "upstream/pool.h"',     qr{not of modules/rr});
refuses('another module\'s header',     'modules/rr/rr.cc',            '#include "../hash/ring.h"',      qr{not of modules/rr});
refuses('libevent outside event',       'core/net/a.cc',               '#include <event2/event.h>',      qr{wrapped by core/event});
refuses('spdlog outside log',           'plugins/x/a.cc',              '#include <spdlog/spdlog.h>',     qr{wrapped by core/log});
refuses('nghttp2 outside http',         'core/server/a.cc',            '#include <nghttp2/nghttp2.h>',   qr{wrapped by core/http});
refuses('LuaJIT outside lua',           'modules/x/a.cc',              '#include <luajit-2.1/lua.hpp>',  qr{wrapped by lua});
refuses('OpenSSL in a module',          'modules/x/a.cc',              '#include <openssl/sha.h>',       qr{wrapped by core/net and core/module});

done_testing;
