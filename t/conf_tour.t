# conf/: the tour and the examples are what they say: they load without a warning, and every location of the tour does its job.
use strict;
use warnings;
use lib 't/lib';
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Temp qw(tempdir);
use Test::More;
use Test::Sluice::Http;
use Test::Sluice::Ports qw(free_port);
use Test::Sluice::Process qw(wait_until slurp);
use Test::Sluice::Server;

my $root   = abs_path(dirname(__FILE__) . '/..');
my $binary = abs_path(Test::Sluice::Server::binary());

# --- the examples

for my $example (glob "$root/conf/examples/*.conf") {
    my $prefix = tempdir(TMPDIR => 1, CLEANUP => 1);
    mkdir "$prefix/logs";
    my $output = qx{'$binary' -t -p '$prefix' -c '$example' 2>&1};
    is $?, 0, basename($example) . ' is a good configuration' or diag $output;
    unlike $output, qr/\[(?:warn|emerg)\]/, 'without a warning';
}

# --- the tour, with the demo sandboxes behind it

my ($port, $sandbox_port) = (free_port(), free_port());
$ENV{SLUICE_BIN}              = $binary;
$ENV{QUICKSTART_PORT}         = $port;
$ENV{QUICKSTART_SANDBOX_PORT} = $sandbox_port;
my $pid = open my $output, '-|', "exec '$root/conf/quickstart' 2>&1" or die "quickstart: $!\n";
my $said = '';
while (my $line = <$output>) { $said .= $line; last if $line =~ /Ctrl-C/ }
my ($prefix) = $said =~ m{Logs are in (\S+)/build/} or BAIL_OUT("quickstart did not start:\n$said");

get('an exact location', 'localhost', '/', 200, qr{^sluice serves these sandboxes:\n\n  http://$sandbox_port-abc123\.localhost:$port/\n});
get('another', 'localhost', '/health', 200, qr/\Aok\n\z/);
get('what sluice counts', 'localhost', '/metrics', 200, qr{^# TYPE \w+ counter$}m);
get('^~ and a Lua file', 'localhost', '/sandboxes/', 200, qr/^abc123 127\.0\.0\.11 \d+$/m);
get('a prefix whose path is replaced', 'localhost', '/demo/x/y?z', 200, qr{^GET /x/y\?z HTTP/1\.1\r$}m);
get('a literal address', 'localhost', '/first/x', 200, qr{^This is sandbox abc123 .*^GET /x HTTP/1\.1\r$}ms);
my $redirect = get('a regular expression', 'localhost', '/go/abc123', 302);
is $redirect->header('Location'), "http://$sandbox_port-abc123.localhost:$port/", 'redirects with what it captured';
get('the last resort', 'localhost', '/x', 404, qr{\Anothing here: /x\n\z});
get('a wildcard name and an upstream', 'any.thing.app.localhost', '/x?y', 200, qr{^This is sandbox (?:abc123|def456) .*^GET /x\?y HTTP/1\.1\r\n.*^X-App: any\.thing\.app\.localhost\r$}ms);
get('no name at all', 'elsewhere.example', '/', 404, qr/\Ano such host: elsewhere\.example\n\z/);

my $sandbox = get('a sandbox', "$sandbox_port-abc123.sandbox.example", '/hello', 200, qr/^This is sandbox abc123 .*^X-Forwarded-For: 127\.0\.0\.1\r$/ms);
is $sandbox->header('X-Sandbox'), 'abc123', 'the header filter';
my $unknown = get('an unknown sandbox', "$sandbox_port-nobody.localhost", '/', 404, qr/^\{"error":"no such sandbox","sandbox":"nobody","port":"$sandbox_port"\}$/);
is $unknown->header('Content-Type'), 'application/json', 'as JSON';
is $unknown->header('X-Sandbox'), undef, 'without the field of a sandbox';
get('no such port', '99999-abc123.localhost', '/', 404, qr/"no such sandbox"/);
my $asleep = get('a named location for errors', '1-abc123.localhost', '/', 502, qr/^\{"error":"nothing answers","sandbox":"abc123","address":"127\.0\.0\.11:1"\}$/);
is $asleep->header('Content-Type'), 'application/json', 'as JSON';

my %put = (method => 'PUT', body => '127.0.0.13');
get('no sandbox yet', "$sandbox_port-new1.localhost", '/', 404);
get('the table takes one', 'localhost', '/sandboxes/new1', 201, qr/^new1 is at 127\.0\.0\.13$/, %put);
get('which is served', "$sandbox_port-new1.localhost", '/', 200, qr/^This is sandbox ghi789/);
ok wait_until(sub { body_of('localhost', '/sandboxes/') =~ /^new1 127\.0\.0\.13 1$/m }), 'and counted in the log phase, which comes after the response';
get('nothing but an address', 'localhost', '/sandboxes/new2', 400, undef, %put, body => $_) for '127.0.0.1/x', 'localhost', '1.2.3', '1.2.3.256', '';
get('nothing but an id', 'localhost', '/sandboxes/a/b', 405, undef, %put);
get('removed', 'localhost', '/sandboxes/new1', 200, qr/gone/, method => 'DELETE');
get('it is unknown again', "$sandbox_port-new1.localhost", '/', 404);

ok wait_until(sub { slurp("$prefix/build/access.log") =~ m{^127\.0\.0\.1 \[[^\]]+\] localhost "GET /demo/x/y\?z HTTP/1\.1" 200 \d+ upstream=127\.0\.0\.1[123]:$sandbox_port time=\d}m }),
    'the access log has its own format';
unlike slurp("$prefix/build/access.log"), qr{GET /health}, 'and leaves out what says access_log off';
unlike slurp("$prefix/build/error.log"), qr/\[(?:crit|alert|emerg)\]/, 'the error log is calm';

kill INT => $pid;
close $output;
done_testing;

sub body_of {
    my ($host, $target) = @_;
    return Test::Sluice::Http->connect(port => $port)->request(GET => $target, host => "$host:$port")->body;
}

# get: one request; checks its status and body.
sub get {
    my ($what, $host, $target, $status, $body, %option) = @_;
    my $method   = delete $option{method} || 'GET';
    my $response = Test::Sluice::Http->connect(port => $port)->request($method => $target, host => "$host:$port", %option);
    is $response->status, $status, "$what: $host$target";
    like $response->body, $body, 'its body' if $body;
    return $response;
}
