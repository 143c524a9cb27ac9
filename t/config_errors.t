# Every mistake that a configuration can have: nginx's text, the file and the line, exit status 1, and nothing that starts.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Server;

my $server = Test::Sluice::Server->new(raw_config => '');
my $name   = $server->conf;

# Where a snippet stands: lines before and after it.
my %kPlaces = (
    main     => ['',                                                                        ''],
    events   => ["events {\n",                                                              "}\n"],
    http     => ["events { }\nhttp {\n",                                                    "}\n"],
    upstream => ["events { }\nhttp {\nupstream backend {\n",                                "}\n}\n"],
    server   => ["events { }\nhttp {\nserver {\nlisten 127.0.0.1:1;\n",                     "}\n}\n"],
    location => ["events { }\nhttp {\nserver {\nlisten 127.0.0.1:1;\nlocation / {\n",       "}\n}\n}\n"],
);

# tried: what "-t" says to TEXT, in the place named; and the line that has the mark "# here".
sub tried {
    my ($place, $text) = @_;
    my ($before, $after) = @{ $kPlaces{$place} };
    $text = "$before$text" . ($place eq 'main' ? '' : "\n$after");
    $server->write_config(raw_config => $text);
    my ($line, $number) = (0, 0);
    for (split /\n/, $text) { $number++; $line = $number if /# here/ }
    return ($server->command('-t'), $line || 1 + $text =~ tr/\n//);
}

# refused: TEXT is refused with MESSAGE at the marked line, or, without a mark, at the last one.
sub refused {
    my ($place, $text, $message) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($done, $line) = tried($place, $text);
    my ($first) = split /\n/, $done->{stderr};
    my $what = $message =~ s/\s+/ /gr;
    is $first, "sluice: [emerg] $message in $name:$line", "$place: $what" or diag $done->{stderr};
    is $done->{status}, 1, "$place: $what - exit status";
    like $done->{stderr}, qr/^sluice: configuration file \Q$name\E test failed$/m, "$place: $what - the last word";
    return $done->{stderr};
}

# warned: TEXT is taken, with a warning.
sub warned {
    my ($place, $text, $message) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($done, $line) = tried($place, $text);
    like $done->{stderr}, qr/^sluice: \[warn\] \Q$message in $name:$line\E$/m, "$place: $message";
    is $done->{status}, 0, "$place: $message - is a warning";
}

# --- words

refused(main => 'worker_processes 1',          'unexpected end of file, expecting ";" or "}"');
refused(main => "http {\n    server {\n    }\n", 'unexpected end of file, expecting "}"');
refused(main => "http {\n} # here\n} # here",  'unexpected "}"');
refused(main => '; # here',                    'unexpected ";"');
refused(main => '{ # here',                    'unexpected "{"');
refused(main => 'pid "a"b; # here',            'unexpected "b"');
refused(main => 'pid "a""b"; # here',          'unexpected """');
refused(main => "pid \"a;\n\n",                'unexpected end of file, expecting ";" or "}"');
refused(http => 'server { listen 127.0.0.1:1 } # here', 'unexpected "}"');
refused(main => "http {\ninit_by_lua_block {\n    local a = { -- # here\n", 'unexpected end of file, expecting terminating characters for lua code block');

# --- directives

refused(main     => 'lisen 80; # here',              'unknown directive "lisen"');
like refused(server => 'lisen 80; # here',           'unknown directive "lisen"'), qr/did you mean "listen"\?/, 'with what was probably meant';
like refused(server => "    lisen 80; # here",       'unknown directive "lisen"'), qr/^  5 \|     lisen 80; # here\n    \|     \^$/m, 'and the line, with a mark';
refused(http     => 'listen 80; # here',             '"listen" directive is not allowed here');
refused(main     => 'server { # here' . "\n}",       '"server" directive is not allowed here');
refused(location => 'upstream a { # here' . "\n}",   '"upstream" directive is not allowed here');
refused(http     => 'server; # here',                'directive "server" has no opening "{"');
refused(server   => 'listen 80 { # here' . "\n}",    'directive "listen" is not terminated by ";"');
refused(location => 'content_by_lua_block "a"; # here', 'directive "content_by_lua_block" has no opening "{"');
refused(server   => 'listen; # here',                'invalid number of arguments in "listen" directive');
refused(location => 'internal on; # here',           'invalid number of arguments in "internal" directive');
refused(http     => "http { # here\n}",              '"http" directive is not allowed here');
refused(main     => "pid a;\npid b; # here",         '"pid" directive is duplicate');
refused(main     => "http {\n}\nhttp { # here\n}",   '"http" directive is duplicate');
refused(server   => "merge_slashes on;\nmerge_slashes off; # here", '"merge_slashes" directive is duplicate');
refused(location => "proxy_pass http://127.0.0.1;\nproxy_pass http://127.0.0.2; # here", '"proxy_pass" directive is duplicate');

# --- values

refused(server   => 'merge_slashes yes; # here',            'invalid value "yes" in "merge_slashes" directive, it must be "on" or "off"');
refused(location => 'client_max_body_size 1x; # here',      '"client_max_body_size" directive invalid value');
refused(location => 'client_max_body_size -1; # here',      '"client_max_body_size" directive invalid value');
refused(location => 'client_max_body_size 9999999999g; # here', '"client_max_body_size" directive invalid value');
refused(location => 'proxy_buffer_size 1.5k; # here',       '"proxy_buffer_size" directive invalid value');
refused(location => 'proxy_read_timeout 1x; # here',        '"proxy_read_timeout" directive invalid value');
refused(location => 'proxy_read_timeout 1s1m; # here',      '"proxy_read_timeout" directive invalid value');
refused(location => 'keepalive_timeout ""; # here',         '"keepalive_timeout" directive invalid value');
refused(location => 'keepalive_requests many; # here',      '"keepalive_requests" directive invalid number');
refused(server   => 'large_client_header_buffers 0 8k; # here', '"large_client_header_buffers" directive invalid value');
refused(main     => 'worker_processes 0; # here',           '"worker_processes" directive invalid number');
refused(main     => 'worker_processes some; # here',        '"worker_processes" directive invalid number');
refused(main     => 'worker_processes 241; # here',         '"worker_processes" directive allows 240 at most, not 241');
refused(main     => 'daemon maybe; # here',                 'invalid value "maybe" in "daemon" directive, it must be "on" or "off"');
refused(events   => 'worker_connections 0; # here',         'invalid number "0" in "worker_connections" directive');
refused(events   => 'use kqueue; # here',                   'invalid event type "kqueue", sluice has epoll alone');
refused(location => 'proxy_http_version 2; # here',         'invalid value "2"');
refused(location => 'proxy_next_upstream error never; # here', 'invalid value "never"');
refused(location => 'proxy_via "no name"; # here', 'invalid value "no name"');

# --- files

refused(main => 'include missing.conf; # here', "open() \"" . $name =~ s/[^\/]*$//r . "missing.conf\" failed (2: No such file or directory)");
refused(main => 'include proxy.conf; # here',   "\"include\" directive makes a cycle: $name -> $name");

refused(main => 'load_module modules/missing.so; # here', 'open() "' . $server->prefix . '/modules/missing.so" failed (2: No such file or directory)');
refused(location => 'content_by_lua_file missing.lua; # here',
    'failed to load external Lua file "' . $server->prefix . '/missing.lua": open() "' . $server->prefix . '/missing.lua" failed (2: No such file or directory)');

# The user is looked up only by root, who alone can become somebody else.
SKIP: {
    skip 'needs root', 2 if $>;
    my ($user) = tried(main => "user no-such-user-anywhere;\n");
    is $user->{status}, 1, 'a user that does not exist';
    like $user->{stderr}, qr/^sluice: \[emerg\] getpwnam\("no-such-user-anywhere"\) failed$/m, 'is named';
}

# --- variables

refused(location => 'return 200 $nothing; # here',     'unknown "nothing" variable');
refused(location => 'return 200 "${host"; # here',     'the closing bracket in "host" variable is missing');
refused(location => 'return 200 "a $"; # here',        'invalid variable name');
refused(location => 'return 200 "$-"; # here',         'invalid variable name');
refused(location => 'set x y; # here',                 'invalid variable name "x"');
refused(location => 'set $ y; # here',                 'invalid variable name "$"');
refused(location => 'set $host y; # here',             'the duplicate "host" variable');
refused(http     => "log_format a '\$nothing'; # here\nserver { access_log b a; }", 'unknown "nothing" variable');
refused(location => 'proxy_set_header X $nothing; # here', 'unknown "nothing" variable');

# --- scripts

refused(location => "if (\$host) {\n if (\$uri) { # here\n }\n}", '"if" directive is not allowed here');
refused(server   => "if (\$host) {\n root html; # here\n}",        '"root" directive is not allowed here');
refused(location => "if (\$host) {\n client_max_body_size 1; # here\n}", '"client_max_body_size" directive is not allowed here');
refused(http     => 'if ($host) { # here' . "\n}",                 '"if" directive is not allowed here');
refused(location => "if (\$host) {\n proxy_pass http://127.0.0.1:1/x; # here\n}",
    '"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, or inside "limit_except" block');
for my $condition (['($a', '$a'], ['$a)', '$a)'], ['()', ')'], ['( )', ')'], ['(a)', 'a'], ['($host = )', '$host'], ['($host a)', '$host'],
                   ['($host = a b)', '$host'], ['(-f)', '-f'], ['(-q /x)', '-q'], ['( ! -f /x )', '!'], ['($)', '$']) {
    refused(location => "if $condition->[0] { # here\n}", "invalid condition \"$condition->[1]\"");
}
refused(location => "if (\$host == x) { # here\n}",       'unexpected "==" in condition');
refused(location => "if (\$nothing = x) { # here\n}",     'unknown "nothing" variable');
refused(location => "if (\$host ~ \"(\") { # here\n}",    'pcre2_compile() failed: missing closing parenthesis in "("');
refused(location => 'rewrite a ""; # here',               'empty replacement');
refused(location => 'rewrite a b c; # here',              'invalid parameter "c"');
refused(location => 'rewrite a $nothing; # here',         'unknown "nothing" variable');
refused(location => 'rewrite a; # here',                  'invalid number of arguments in "rewrite" directive');
refused(location => 'break now; # here',                  'invalid number of arguments in "break" directive');
refused(location => "limit_except GET {\n return 400; # here\n}", '"return" directive is not allowed here');
refused(location => "limit_except BREW { # here\n}",      'invalid method "BREW"');
refused(location => "limit_except GET {\n}\nlimit_except POST { # here\n}", '"limit_except" directive is duplicate');
refused(server   => "limit_except GET { # here\n}",       '"limit_except" directive is not allowed here');
refused(server   => 'error_page 499 /x; # here',          'invalid value "499"');
refused(server   => 'error_page 404 =abc /x; # here',     'invalid value "=abc"');
refused(server   => 'error_page 404 =200 =201 /x; # here', 'invalid value "=200"');
refused(server   => 'error_page = /x; # here',            'invalid value "="');
refused(main     => 'worker_cpu_affinity 012; # here',    'invalid character "2" in "worker_cpu_affinity"');
refused(main     => 'worker_cpu_affinity auto 01 10; # here', 'invalid number of arguments in "worker_cpu_affinity" directive');
refused(main     => 'worker_priority 21; # here',         '"worker_priority" directive invalid number');
refused(main     => 'thread_pool x; # here',              'missing "threads" parameter in thread pool "x"');
refused(http     => 'keepalive_disable opera; # here',    'invalid value "opera"');

# --- what nginx has and sluice has not

like refused(server => 'ssl_certificate a.pem; # here', 'unknown directive "ssl_certificate"'),
    qr/^    directive "ssl_certificate" of nginx is not supported by this version of sluice: TLS is not there yet$/m, 'a family, with its reason';
like refused(location => 'fastcgi_pass a:1; # here', 'unknown directive "fastcgi_pass"'), qr/of nginx is not supported .*: another protocol/, 'another';
like refused(main => "stream { # here\n}", 'unknown directive "stream"'), qr/TCP and UDP are not there yet/, 'a block';
unlike refused(server => 'ssl_nonsense_of_mine; # here' =~ s/ssl_/sll_/r, 'unknown directive "sll_nonsense_of_mine"'), qr/of nginx/, 'a name that nginx does not have';

# --- servers

refused(server => 'listen 127.0.0.1:0; # here',            'invalid port in "127.0.0.1:0" of the "listen" directive');
refused(server => 'listen 0; # here',                      'invalid port in "0" of the "listen" directive');
refused(server => 'listen 127.0.0.1:70000; # here',        'invalid port in "127.0.0.1:70000" of the "listen" directive');
refused(server => 'listen 127.0.0.1:2 fast; # here',       'invalid parameter "fast"');
refused(server => 'listen 127.0.0.1:2 ssl; # here',        'the "ssl" parameter of "listen" is not supported yet');
refused(server => 'listen 127.0.0.1:2 backlog=x; # here',  'invalid backlog "x"');
refused(server => 'listen 127.0.0.1:1; # here',            'a duplicate listen 127.0.0.1:1');
refused(http   => "server { listen 127.0.0.1:2 default_server; }\nserver { listen 127.0.0.1:2 default_server; } # here", 'a duplicate default server for 127.0.0.1:2');
refused(http   => "server { listen 127.0.0.1:2 backlog=5; }\nserver { listen 127.0.0.1:2 backlog=6; } # here", 'duplicate listen options for 127.0.0.1:2');
refused(server => 'listen unix:; # here',                 'no path in the unix domain socket "unix:" of the "listen" directive');
refused(server => 'listen nobody.invalid:80; # here',      'host not found in "nobody.invalid:80" of the "listen" directive');
refused(server => 'server_name ~; # here',                 'empty regex in server name "~"');
refused(server => 'server_name ~a(b; # here',              'pcre2_compile() failed: missing closing parenthesis in "a(b"');
refused(server => 'server_name a.*.b; # here',             'invalid server name or wildcard "a.*.b" on 127.0.0.1:1');
warned(http    => 'tcp_nodelay off; # here', '"tcp_nodelay off" has no effect, it is always on');
warned(http    => 'allow 127.0.0.1/8; # here', 'low address bits of 127.0.0.1/8 are meaningless');
warned(http    => 'set_real_ip_from ::1/8; # here', 'low address bits of ::1/8 are meaningless');
warned(http    => "geo \$x {\n 10.0.0.1/8 a; # here\n}", 'low address bits of 10.0.0.1/8 are meaningless');
warned(http    => "geo \$x {\n 10.0.0.0/8 a;\n 10.0.0.0/8 b; # here\n}", 'duplicate network "10.0.0.0/8", value: "b", old value: "a"');
warned(http    => "geo \$x {\n delete 10.0.0.0/8; # here\n}", 'no network "10.0.0.0/8" to delete');
warned(main    => "pcre_jit off; # here\nevents { }\nhttp { }", '"pcre_jit off" has no effect, it is always on');
warned(http    => "server { listen 127.0.0.1:2; server_name a; }\nserver { listen 127.0.0.1:2; server_name a; } # here", 'conflicting server name "a" on 127.0.0.1:2, ignored');

# --- locations

refused(server => "location /a { }\nlocation /a { # here\n}",       'duplicate location "/a"');
refused(server => "location = /a { }\nlocation = /a { # here\n}",   'duplicate location "/a"');
refused(server => "location \@a { }\nlocation \@a { # here\n}",     'duplicate location "@a"');
refused(server => "location /a/ {\nlocation /b { # here\n}\n}",     'location "/b" is outside location "/a/"');
refused(server => "location = /a {\nlocation /a/b { # here\n}\n}",  'location "/a/b" cannot be inside the exact location "/a"');
refused(server => "location \@a {\nlocation /b { # here\n}\n}",     'location "/b" cannot be inside the named location "@a"');
refused(server => "location /a {\nlocation \@x { # here\n}\n}",     'named location "@x" can be on the server level only');
refused(server => "location =~ /a { # here\n}",                     'invalid location modifier "=~"');
refused(server => "location ~ a[ { # here\n}",                      'pcre2_compile() failed: missing terminating ] for character class in "a["');
refused(location => 'error_page 200 /a; # here',                    'value "200" must be between 300 and 599');
refused(location => 'error_page 4x4 /a; # here',                    'invalid value "4x4"');
refused(location => 'error_page 404 =x /a; # here',                 'invalid value "=x"');
refused(location => 'error_page /a; # here',                        'invalid number of arguments in "error_page" directive');
refused(location => 'return abc; # here',                           'invalid return code "abc"');
refused(location => 'return 1000; # here',                          'invalid return code "1000"');
refused(location => 'return 0; # here',                             'invalid return code "0"');
refused(location => 'return 100; # here',                           'invalid return code "100"');
refused(location => 'return 199; # here',                           'invalid return code "199"');
refused(location => 'return /a; # here',                            'invalid return code "/a"');

# --- upstreams

refused(http     => "upstream a { # here\n}",                'no servers are inside upstream');
refused(http     => "upstream a { server 127.0.0.1; }\nupstream a { # here\nserver 127.0.0.1;\n}", 'duplicate upstream "a"');
refused(upstream => 'server nobody.invalid; # here',         'host not found in upstream "nobody.invalid"');
refused(upstream => 'server 127.0.0.1:99999; # here',        'invalid port in upstream "127.0.0.1:99999"');
refused(upstream => 'server 127.0.0.1 weight=0; # here',     'invalid parameter "weight=0"');
refused(upstream => 'server 127.0.0.1 weight=x; # here',     'invalid parameter "weight=x"');
refused(upstream => 'server 127.0.0.1 max_fails; # here',    'invalid parameter "max_fails"');
refused(upstream => 'server 127.0.0.1 often; # here',        'invalid parameter "often"');
refused(upstream => "server 127.0.0.1;\nleast_conn;\nleast_conn; # here", '"least_conn" directive is duplicate');
refused(location => 'proxy_pass ftp://a/; # here',           'invalid URL prefix');
refused(location => 'proxy_pass 127.0.0.1; # here',          'invalid URL prefix');
refused(location => 'proxy_pass http://; # here',            'no host in upstream ""');
refused(location => 'proxy_pass http://nobody.invalid/; # here', 'host not found in upstream "nobody.invalid"');
refused(location => 'proxy_pass http://127.0.0.1:x/; # here', 'invalid port in upstream "127.0.0.1:x"');
refused(server   => "location ~ a {\nproxy_pass http://127.0.0.1/a; # here\n}",
    '"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, or inside "limit_except" block');
refused(server   => "location \@a {\nproxy_pass http://127.0.0.1/; # here\n}",
    '"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, or inside "limit_except" block');

# --- logs

refused(location => 'error_log a loud; # here',              'invalid log level "loud"');
refused(location => 'access_log logs/a nothing; # here',     'unknown log format "nothing"');
refused(location => 'access_log logs/a combined often; # here', 'invalid parameter "often"');
refused(location => 'access_log off combined; # here',       'invalid parameter "combined"');
refused(location => 'access_log logs/a combined flush=1s; # here', 'no buffer is defined for access_log "logs/a"');
refused(location => 'access_log logs/a combined buffer=x; # here', 'invalid buffer size "x"');
refused(http     => "log_format a b;\nlog_format a c; # here", 'duplicate "log_format" name "a"');
refused(http     => 'log_format a escape=xml b; # here',     'unknown log format escaping "xml"');

# --- Lua

refused(location => "content_by_lua_block {\n    local x = = 1 -- # here\n}",
    q(failed to load inlined Lua code: content_by_lua(proxy.conf:6):2: unexpected symbol near '='));
refused(location => "content_by_lua_block { ngx.say(1) }\ncontent_by_lua_block { ngx.say(2) } # here", '"content_by_lua_block" directive is duplicate');
refused(http => 'lua_shared_dict a 1x; # here', 'invalid lua shared dict size "1x"');
refused(http => "lua_shared_dict a 1m;\nlua_shared_dict a 2m; # here", 'lua_shared_dict "a" is already defined as "a"');

# --- several at once: each has its line

my ($several) = tried(server => "lisen 80;\nmerge_slashes yes;\nclient_max_body_size x;");
my @messages = $several->{stderr} =~ /^sluice: \[emerg\] (.*) in \Q$name\E:(\d+)$/mg;
is scalar(@messages), 6, 'three mistakes are three messages' or diag $several->{stderr};
is_deeply [@messages[1, 3, 5]], [5, 6, 7], 'each with its line';

# --- and nothing starts

$server->write_config(raw_config => "events { }\nhttp {\n    nonsense;\n}\n");
my $start = $server->command;
is $start->{status}, 1, 'a start with a mistake fails';
like $start->{stderr}, qr/^sluice: \[emerg\] unknown directive "nonsense" in \Q$name\E:3$/m, 'with the reason';
ok !-e $server->pid_file, 'and leaves no pid file';

# --- a good one says so

$server->write_config(raw_config => "events { }\nhttp { server { listen 127.0.0.1:1; } }\n");
my $good = $server->command('-t');
is $good->{status}, 0, 'a good configuration';
is $good->{stderr}, "sluice: the configuration file $name syntax is ok\nsluice: configuration file $name test is successful\n", 'is called good';

# --- blocks may come in any order

$server->write_config(raw_config => <<'END');
http {
    server {
        listen 127.0.0.1:1;
        location / { proxy_pass http://later; access_log logs/a late; }
        location /lua { content_by_lua_block { ngx.shared.later:get("x") } }
    }
    log_format late '$uri';
    upstream later { server 127.0.0.1:2; }
    lua_shared_dict later 1m;
}
events { worker_connections 64; }
worker_processes 1;
END
my $backwards = $server->command('-t');
is $backwards->{status}, 0, 'what is used may stand below, events below http' or diag $backwards->{stderr};
unlike $backwards->{stderr}, qr/\[(?:warn|emerg)\]/, 'without a warning';

# --- of two content handlers the last one counts, and that is told

for my $case (['proxy_pass http://127.0.0.1:2; content_by_lua_block { ngx.say(1) }', qr/proxy_pass gives way to content_by_lua/],
              ['content_by_lua_block { ngx.say(1) } proxy_pass http://127.0.0.1:2;', qr/content_by_lua\S* gives way to proxy_pass/]) {
    my ($told) = tried(location => $case->[0]);
    is $told->{status}, 0, "$case->[0] is accepted";
    like $told->{stderr}, qr/\[warn\] location "\/" has two content handlers: $case->[1]/, 'with a warning';
}

$server->remove;
done_testing;
