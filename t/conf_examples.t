# conf/examples/: each of them runs and does the job that its first line names. Ports are the only thing that is changed.
use strict;
use warnings;
use lib 't/lib';
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(slurp);
use Test::Sluice::Server;

my $root   = abs_path(dirname(__FILE__) . '/..');
my $origin = Test::Sluice::Origin->start;

# --- reverse_proxy.conf
{
    my $server = start('reverse_proxy.conf');
    my %name   = (headers => ['Host: www.example.com']);
    like $server->get('/x', %name)->body, qr{^GET /x HTTP/1\.1\n.*^X-Forwarded-For: 127\.0\.0\.1$}ms, 'reverse_proxy: the pages';
    like $server->get('/api/x?y', %name)->body, qr{^GET /x\?y HTTP/1\.1\n}, 'the API, with its path replaced';
    my $sorry = $server->get('/drop', %name);
    is $sorry->status, 503, 'an application that answers nothing';
    is $sorry->body, "<h1>Back in a minute</h1>\n", 'gets an apology';
    is $sorry->header('Content-Type'), 'text/html', 'in HTML';
    $server->stop;
}

# --- token_streams.conf
{
    my $server = start('token_streams.conf', sub { s{location /v1/}{location /} });
    my ($stream, $response) = open_stream($server, '/sse?n=2&id=tokens');
    $origin->trigger('tokens');
    is $stream->next_event($response)->{data}, 'event 1', 'token_streams: a token arrives while the next is not there yet';
    $origin->trigger('tokens');
    is $stream->next_event($response)->{data}, 'event 2', 'then the next';
    $stream->close;
    $server->stop;
}

# --- canary.conf
{
    my $server = start('canary.conf');
    my %version = map { $_ => version_for($server, $_) } map { "user$_" } 1 .. 100;
    my $canaries = grep { $_ eq 'canary' } values %version;
    cmp_ok $canaries, '>', 0,  'canary: some users get the new version';
    cmp_ok $canaries, '<', 20, 'most do not';
    my @sample = sort keys %version;
    is_deeply { map { $_ => version_for($server, $_) } @sample[0 .. 19] }, { map { $_ => $version{$_} } @sample[0 .. 19] }, 'and nobody changes sides';
    $server->stop;
}

# --- sandbox_balancer.conf
{
    my $sandbox = Test::Sluice::Origin->start(host => '127.0.0.11');
    my $server  = start('sandbox_balancer.conf');
    my %name    = (headers => ['Host: ' . $sandbox->{port} . '-abc123.sandbox.example']);
    like $server->get('/x', %name)->body, qr{^GET /x HTTP/1\.1\nHost: $sandbox->{port}-abc123\.}, 'sandbox_balancer: the sandbox answers' for 1, 2;
    is $sandbox->connections, 1, 'over one connection, which was kept';
    is $server->get('/', headers => ["Host: $sandbox->{port}-nobody.sandbox.example"])->status, 404, 'an unknown one is not found';
    is $server->get('/', headers => ['Host: 1-abc123.sandbox.example'])->status, 502, 'a port on which nobody listens is a bad gateway';
    $server->stop;
    $sandbox->stop;
}

# --- idle_sandboxes.conf
{
    my $sandbox = Test::Sluice::Origin->start(host => '127.0.0.11');
    my $server  = start('idle_sandboxes.conf', sub { s/idle_seconds = 600/idle_seconds = 0.2/; s/timer\.at\(10,/timer.at(0.1,/g });
    is $server->get('/', headers => ["Host: $sandbox->{port}-abc123.sandbox.example"])->status, 200, 'idle_sandboxes: a sandbox is used';
    ok $server->wait_for_log(qr/sandbox abc123 was idle for \d+ seconds/), 'and found idle later';
    $server->stop;
    $sandbox->stop;
}

# --- static_site.conf
{
    my $server = start('static_site.conf', sub { s{\.\./mime\.types}{$root/conf/mime.types}; s/\bsite;/html;/; s{alias downloads/}{alias html/d/} });
    $server->write_files('index.html' => "page\n", 'style.css' => "css\n", 'd/x.bin' => "bytes\n", '404.html' => "lost\n");
    is $server->get('/')->body, "page\n", 'static_site: the page';
    is $server->get('/some/view')->body, "page\n", 'which is all others, too';
    my $style = $server->get('/style.css');
    is $style->body . $style->header('Content-Type'), "css\ntext/css", 'a file with its type';
    is $server->get('/downloads/x.bin')->header('Content-Type'), 'application/octet-stream', 'another folder';
    my $lost = $server->get('/downloads/nothing');
    is $lost->status . $lost->body, "404lost\n", 'a page for what is not there';
    is $server->get('/favicon.ico')->status, 404, 'no icon, no noise';
    like $server->get('/api/x', headers => ['Cookie: colour=test-1'])->body, qr{^GET /api/x}, 'the API';
    $server->stop;
}

$origin->stop;
done_testing;

# --- helpers

# start: the example with its ports replaced, and changed by EDIT (which works on $_).
sub start {
    my ($example, $edit) = @_;
    local $_ = "daemon off;\n" . slurp("$root/conf/examples/$example");
    s/\blisten( +)8080;/listen${1}127.0.0.1:\$TEST_SLUICE_PORT;/g;
    s/\b127\.0\.0\.1:(?:3001|3002|3009|4001|4002|8001|8002)\b/127.0.0.1:$origin->{port}/g;
    $edit->() if $edit;
    my $server = Test::Sluice::Server->new(raw_config => $_);
    $server->start;
    return $server;
}

sub version_for {
    my ($server, $user) = @_;
    return $server->get('/', headers => ["Cookie: user=$user"])->header('X-Version');
}

sub open_stream {
    my ($server, $target) = @_;
    my $http = $server->connection;
    $http->write(Test::Sluice::Http::build_request('GET', $target));
    return ($http, $http->read_head);
}
