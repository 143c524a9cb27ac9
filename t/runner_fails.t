# The runner's own tests, the other half: what must fail, fails, and says why. Each row is a test file that is run by itself.
use strict;
use warnings;
use lib 't/lib';
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use Test::More;
use Test::Sluice::Server;

my $dir    = tempdir(CLEANUP => 1);
my $binary = Test::Sluice::Server::binary();

my $kHello = qq{--- config\n    location / { return 200 "hello\\n"; }\n--- request\nGET /\n};
my $kLua   = sub { "--- config\n    location / { content_by_lua_block { $_[0] } }\n--- request\nGET /\n" };
my $kPass  = "--- config\n    location / { proxy_pass http://127.0.0.1:\$TEST_SLUICE_ORIGIN_PORT; }\n";

# run_file: the output of a test file with these blocks, its server started by the shell lines WRAPPER.
sub run_file {
    my ($blocks, $wrapper) = @_;
    my $file = "$dir/inner.t";
    my $lib  = abs_path('t/lib');
    write_file($file, "use lib '$lib'; use Test::Sluice 'no_plan'; run_tests();\n__DATA__\n\n$blocks");
    local $ENV{SLUICE_BIN} = $binary;
    if ($wrapper) {
        write_file("$dir/wrapper", "#!/bin/sh\n$wrapper\n");
        chmod 0755, $ENV{SLUICE_BIN} = "$dir/wrapper";
    }
    delete local $ENV{CI};
    my $output = qx{$^X $file 2>&1};
    return ($? >> 8, $output);
}

sub write_file {
    my ($path, $text) = @_;
    open my $file, '>', $path or die "$path: $!";
    print $file $text;
    close $file or die "$path: $!";
}

# [ what, the block without its first line, pattern of the output, shell lines that start the server ]
my @rows = (
    ['another status',             "${kHello}--- error_code: 201\n",                     qr/not ok.*status code/],
    ['another body',               "${kHello}--- response_body\nhallo\n",                qr/not ok.*response body/],
    ['a body that is not like',    "${kHello}--- response_body_like: hallo\n",           qr/not ok.*body is like/],
    ['a body that is like',        "${kHello}--- response_body_unlike: hello\n",         qr/not ok.*body is unlike/],
    ['a missing header',           "${kHello}--- response_headers\nX-A: 1\n",            qr/not ok.*header X-A/],
    ['an unwanted header',         "${kHello}--- response_headers\n!Content-Length\n",   qr/not ok.*no header Content-Length/],
    ['another header value',       "${kHello}--- response_headers_like\nContent-Length: 1\n", qr/not ok.*header Content-Length is like/],
    ['a missing log line',         "${kHello}--- error_log\nnever said\n",               qr/not ok.*error_log has .*never/],
    ['an unwanted log line',       $kLua->('ngx.log(ngx.ERR, "secret")') . "--- no_error_log\nsecret\n", qr/not ok.*no_error_log has no .*secret/],
    ['another grep',               $kLua->('ngx.log(ngx.ERR, "n1")') . "--- grep_error_log: n\\d\n--- grep_error_log_out\nn2\n", qr/not ok.*grep_error_log_out/],
    ['a missing access log line',  "${kHello}--- access_log\nnever asked\n",             qr/not ok.*access_log has .*never/],
    ['an unannounced alert',       $kLua->('ngx.log(ngx.ALERT, "wolf") ngx.say("x")'),   qr/not ok.*ends cleanly.*\[alert\].*wolf/s],
    ['an open connection',         "--- config\n    location / { return 204; }\n--- raw_request eval\n\"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"\n"
                                   . "--- error_code: 204\n--- timeout: 0.3\n--- connection_closed\n", qr/not ok.*closes the connection/],
    ['a truncated response',       "$kPass--- request\nGET /truncated\n",                qr/not ok.*the response is complete.*truncated body/s],
    ['a response that never comes', "$kPass--- request\nGET /hang\n--- timeout: 0.3\n",  qr/not ok.*status code/],
    ['too few origin requests',    "$kPass--- request\nGET /echo\n--- origin_requests: 2\n", qr/not ok.*origin_requests/],
    ['what the origin did not get', "$kPass--- request\nGET /echo\n--- origin_like: X-Nothing\n", qr/not ok.*origin received/],
    ['what the origin got',        "$kPass--- request\nGET /echo\n--- origin_unlike: GET\n", qr/not ok.*origin did not receive/],
    ['a configuration that is good', "${kHello}--- must_die\n",                          qr/not ok.*refuses to start/],
    ['a configuration that is bad', "--- config\n    nonsense;\n--- request\nGET /\n",   qr/not ok.*the server starts.*unknown directive/s],
    ['a misspelt section',         "${kHello}--- respons_body\nhello\n",                 qr/unknown section "respons_body"/],
    ['Perl that is wrong',         "${kHello}--- response_body eval\n\"hello\\n\" +++\n", qr/in TEST 1: a row/],
    ['an unknown variable',        "${kHello}--- response_body\n\$TEST_SLUICE_NO_SUCH\n", qr/unknown variable/],
    ['a status of the server other than 0', $kHello, qr/not ok.*ends cleanly.*ended with status 3/s,
        qq{exec perl -e '\$p = fork; exec "$binary", \@ARGV if !\$p; \$SIG{QUIT} = sub { kill QUIT => \$p }; }
      . qq{select(undef, undef, undef, 0.02) until waitpid(\$p, 1); exit 3' -- "\$@"}],
    ['a sanitizer report',         $kHello, qr/not ok.*ends cleanly.*sanitizer: .*runtime error/s,
        qq{echo "a.cc:1:2: runtime error: load of null pointer" >&2; exec "$binary" "\$@"}],
    ['a process left behind',      $kHello, qr/not ok.*ends cleanly.*process left behind: \d+ sleep 97/s,
        qq{sleep 97 & exec "$binary" "\$@"}],
    ['a daemon left behind',       $kHello, qr/not ok.*ends cleanly.*process left behind: \d+ sleep 98/s,
        qq{setsid sleep 98 & exec "$binary" "\$@"}],
    ['a socket left behind',       $kHello, qr/not ok.*ends cleanly.*socket left behind/s,
        qq{perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "\$ARGV[0]/left.sock", Listen => 1)' "\$2"; exec "$binary" "\$@"}],
);

for my $row (@rows) {
    my ($what, $block, $pattern, $wrapper) = @$row;
    my ($code, $output) = run_file("=== TEST 1: a row\n$block", $wrapper);
    ok($code != 0 && $output =~ $pattern, "fails: $what") or diag("exit code $code\n$output");
}

my ($code, $output) = run_file("=== TEST 1: a row\n${kHello}--- response_body\nhello\n");
is($code, 0, 'the same frame passes when nothing is wrong') or diag($output);

{
    local $ENV{TEST_SLUICE_REPEAT} = 3;
    ($code, $output) = run_file("=== TEST 1: a row\n${kHello}--- response_body\nhello\n\n=== TEST 2: the same server\n$kHello");
    is($code, 0, 'blocks can be repeated') or diag($output);
    is(scalar(() = $output =~ /^ok/mg), 9, 'and their tests count each time');
}

($code, $output) = run_file("=== TEST 1: a row\n$kHello--- SKIP\n\n=== TEST 2: chosen\n$kHello--- LAST\n\n=== TEST 3: another\n$kHello");
is(scalar(() = $output =~ /^ok/mg), 1, 'SKIP and LAST choose blocks') or diag($output);

done_testing;
