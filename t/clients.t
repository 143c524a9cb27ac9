# Clients that people use: curl, wget, ApacheBench and node, before files and before a node server.
use strict;
use warnings;
use lib 't/lib';
use Digest::SHA qw(sha256_hex);
use File::Temp qw(tempdir);
use IPC::Open2;
use JSON::PP ();
use Test::More;
use Test::Sluice::Process qw(slurp);
use Test::Sluice::Server;

my $upstream_pid = open2(my $from_upstream, my $to_upstream, 'node', 't/lib/node/upstream.js');
Test::Sluice::Process::helper_pid($upstream_pid);
chomp(my $upstream_port = <$from_upstream>);

my $bytes  = join '', map { pack 'N', $_ * 2_654_435_761 % 4_294_967_296 } 1 .. 500_000;  # 2 MB, no two parts alike
my $server = Test::Sluice::Server->new(files => { 'big.bin' => $bytes, 'page.html' => "<p>page</p>\n" }, vars => { NODE => $upstream_port },
    config => <<'END', http_config => 'keepalive_requests 100000;', log_level => 'warn');
    root $TEST_SLUICE_HTML_DIR;
    client_max_body_size 100m;
    location / { }
    location /node/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_NODE/; }
END
$server->start;
my $url = 'http://127.0.0.1:' . $server->port;
my $dir = tempdir(CLEANUP => 1);

sub run { my (@command) = @_; open my $out, '-|', @command or die "@command: $!\n"; local $/; my $text = <$out>; close $out; return $text // '' }
sub curl { return run('curl', '-sS', '--noproxy', '*', @_) }
sub write_bytes { my ($path, $text) = @_; open my $file, '>:raw', $path or die "$path: $!\n"; print $file $text; close $file }
sub report { my ($text) = @_; return length($text) . ' ' . sha256_hex($text) . "\n" }

subtest 'curl: files' => sub {
    is curl("$url/page.html"), "<p>page</p>\n", 'a page';
    is curl('-o', '/dev/null', '-o', '/dev/null', '-w', '%{http_code} %{num_connects},', "$url/page.html", "$url/page.html"), '200 1,200 0,', 'two on one connection';
    is curl('-o', '/dev/null', '-w', '%{http_code} %{http_version}', '--http1.0', "$url/page.html"), '200 1.1', 'HTTP/1.0';
    like curl('-I', "$url/big.bin"), qr/^Content-Length: 2000000\r$/m, 'HEAD';
    is curl('-r', '1000-1999', "$url/big.bin"), substr($bytes, 1000, 1000), 'a range';
    is curl('-r', '-500', "$url/big.bin"), substr($bytes, -500), 'the end';
    like curl('-r', '0-9,100-109', "$url/big.bin"), qr/\Q@{[substr $bytes, 0, 10]}\E.*\Q@{[substr $bytes, 100, 10]}\E/s, 'two ranges';
    write_bytes("$dir/part", substr $bytes, 0, 777_777);
    curl('-C', '-', '-o', "$dir/part", "$url/big.bin");
    ok slurp("$dir/part") eq $bytes, 'a download goes on where it was broken off';
    curl('-R', '-o', "$dir/page.html", "$url/page.html");
    is curl('-z', "$dir/page.html", '-o', '/dev/null', '-w', '%{http_code}', "$url/page.html"), '304', 'not modified since';
    is curl('--path-as-is', '-o', '/dev/null', '-w', '%{http_code}', "$url/../../etc/passwd"), '400', 'nothing above the root';
};

subtest 'curl: uploads' => sub {
    write_bytes("$dir/upload", $bytes);
    is curl('-T', "$dir/upload", "$url/node/digest"), report($bytes), 'PUT, which asks with Expect: 100-continue';
    is curl('--data-binary', "\@$dir/upload", '-H', 'Transfer-Encoding: chunked', "$url/node/digest"), report($bytes), 'chunked POST';
    is curl('-H', 'Expect:', '--data-binary', "\@$dir/upload", "$url/node/digest"), report($bytes), 'POST without Expect';
    like curl('-F', "file=\@$dir/upload", "$url/node/digest"), qr/^20\d{5} /, 'a form';
    is curl('-d', 'a=b', "$url/node/digest", '--next', '-d', 'c=d', "$url/node/digest"), report('a=b') . report('c=d'), 'two on one connection';
    is curl("$url/node/stream?n=3"), "piece 0\npiece 1\npiece 2\n", 'a chunked response';
};

subtest 'wget' => sub {
    write_bytes("$dir/big.bin", substr $bytes, 0, 1_234_567);
    run('wget', '-q', '--no-proxy', '-c', '-P', $dir, "$url/big.bin");
    ok slurp("$dir/big.bin") eq $bytes, 'goes on where it was broken off';
    is run('wget', '-q', '--no-proxy', '-O', '-', "$url/node/stream?n=2"), "piece 0\npiece 1\n", 'a chunked response';
    is run('wget', '-q', '--no-proxy', '-O', '-', '--post-data', 'a=b', "$url/node/digest"), report('a=b'), 'POST';
};

subtest 'ApacheBench' => sub {
    for my $target ('/page.html', '/node/ab') {
        my $report = run('ab', '-q', '-k', '-n', 2000, '-c', 20, "$url$target");
        like $report, qr/^Complete requests:\s+2000$/m, "$target, keep-alive of HTTP/1.0";
        like $report, qr/^Failed requests:\s+0$/m, "$target, none fails";
        like $report, qr/^Keep-Alive requests:\s+(?!0$)\d+$/m, "$target, connections are kept";
        unlike $report, qr/^Non-2xx/m, "$target, all are answered";
    }
};

subtest 'node' => sub {
    my $seen = JSON::PP::decode_json(run('node', 't/lib/node/agent.js', $server->port, '/node'));
    is $seen->{error}, undef, 'no error';
    is $seen->{answers}, 200, 'an agent that keeps connections gets 200 answers';
    is $seen->{sockets}, 5, '- over its five connections';
    is $seen->{upload}, report('a' x (1 << 20)), '- posts on one of them';
    ok $seen->{aborted}, '- leaves a download in the middle';
    is $seen->{after}, "GET /after\n", '- and goes on';
};

close $to_upstream;
waitpid $upstream_pid, 0;
$server->stop;
done_testing;
