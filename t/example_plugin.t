# The example plug-in, as an operator meets it: sluice is installed, the plug-in is built outside of the tree against it, dropped in, used,
# replaced, damaged.
use strict;
use warnings;
use lib 't/lib';
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;
use Test::Sluice::Process qw(wait_until slurp);
use Test::Sluice::Server;

my $root  = abs_path(dirname(__FILE__) . '/..');
my $build = dirname(abs_path(Test::Sluice::Server::binary()));
plan skip_all => 'the server to test is not in a build folder' unless -e "$build/cmake_install.cmake";

my $dir       = tempdir('sluice-plugin-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $installed = "$dir/sluice";
my $source    = "$dir/my-module";
my $so        = "$dir/build/example.so";

# --- install and build

ok run("cmake --install '$build' --prefix '$installed'"), 'sluice is installed';
ok -x "$installed/bin/sluice",              'its executable';
ok -s "$installed/lib/sluice/modules/index", 'its modules and their index';
ok run("cp -r '$root/plugins/example' '$source'"), 'the folder is copied';
ok run("cmake -G Ninja -S '$source' -B '$dir/build' -DCMAKE_PREFIX_PATH='$installed' -DCMAKE_CXX_FLAGS='-Wall -Wextra -Wshadow -Werror'")
    && run("cmake --build '$dir/build'"), 'the plug-in builds outside of the tree, without a warning';
BAIL_OUT('no plug-in to test') unless -s $so;

# --- drop it in

$ENV{SLUICE_BIN} = "$installed/bin/sluice";
my $server = Test::Sluice::Server->new(
    workers     => 2,
    main_config => 'load_module modules/*.so;',
    http_config => '
        upstream app {
            balance_by_tenant;
            server 127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
            server 127.0.0.1:$TEST_SLUICE_RAND_PORT_2;
        }
        server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_1;  return 200 "I am one\n"; }
        server { listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_2;  return 200 "I am two\n"; }',
    config => 'tenant_header X-Tenant;
        location / { proxy_pass http://app; }
        location /open { tenant_header off;  return 200 "open\n"; }');
my $plugin = $server->prefix . '/modules/example.so';
mkdir $server->prefix . '/modules';
copy_over($so, $plugin);
$server->start;

my $refused = $server->get('/');
is $refused->status, 400, 'the handler: a request without a tenant is refused';
is $refused->body, "who are you? a tenant is missing\n", 'in its own words';
is $server->get('/open')->body, "open\n", 'the directive: an inner location turned it off';

my %peer_of = map { $_ => ask($_) } map { "tenant$_" } 1 .. 20;
my %seen    = map { $_ => 1 } values %peer_of;
is_deeply [sort keys %seen], ["I am one\n", "I am two\n"], 'the balancer: tenants are spread over the peers';
is_deeply { map { $_ => ask($_) } keys %peer_of }, \%peer_of, 'and each sticks to its own';

my $wrong = $server->conf;
my $good  = slurp($wrong);
write_text($wrong, $good =~ s/tenant_header X-Tenant/tenant_header "X Tenant"/r);
isnt $server->reload, 0, 'a value that is no field name fails the reload';
like $server->reload_output . $server->log, qr/invalid value "X Tenant" in \S+:\d+/, 'with its place';
write_text($wrong, $good);

# --- replace it

my $connection = $server->connection;
is $connection->request(GET => '/')->status, 400, 'an open connection';
edit_source(qr/a tenant is missing/, 'please name a tenant');
ok run("cmake --build '$dir/build'"), 'a new version is built';
copy_over($so, $plugin);
is $connection->request(GET => '/')->body, "who are you? a tenant is missing\n", 'copied over the old one it changes nothing yet';
is $server->reload, 0, 'the reload succeeds';
is $connection->request(GET => '/')->body, "who are you? please name a tenant\n", 'and brings the new code, to the open connection, too';

# --- damage it

my @workers = $server->worker_pids;
overwrite_in_place($plugin, "\0" x -s $plugin);
is ask($_), $peer_of{$_}, "$_ is served while the file is full of zeros" for map { "tenant$_" } 1 .. 3;
isnt $server->reload, 0, 'a reload with it fails';
overwrite_in_place($plugin, slurp($so) =~ s/epoch=\d+ compiler=\S+/'epoch=0 compiler=x' . ' ' x (length($&) - 18)/ger);
isnt $server->reload, 0, 'one that was built for another sluice is refused';
like $server->reload_output . $server->log, qr/its ABI is "epoch=0 compiler=x[^"]*", this sluice has "epoch=[1-9]\d* compiler=[^"]+"/, 'with both stamps';
is ask('tenant1'), $peer_of{tenant1}, 'the running configuration stays';
is_deeply [sort $server->worker_pids], [sort @workers], 'no worker died of all this';

copy_over($so, $plugin);
is $server->reload, 0, 'the good file again';
is ask('tenant1'), $peer_of{tenant1}, 'and all is well';
$server->stop(allowed => [qr/\[emerg\]/]);
done_testing;

# --- helpers

sub ask {
    my ($tenant) = @_;
    return $server->get('/', headers => ["X-Tenant: $tenant"])->body;
}

# run: true when the command succeeded; else shows what it said.
sub run {
    my ($command) = @_;
    my $output = qx{$command 2>&1};
    diag $output if $?;
    return $? == 0;
}

sub copy_over {
    my ($from, $to) = @_;
    write_text($to, slurp($from));
}

# overwrite_in_place: the same inode gets other bytes, as by cp.
sub overwrite_in_place {
    my ($path, $bytes) = @_;
    open my $file, '+<:raw', $path or die "$path: $!\n";
    print $file $bytes;
    close $file;
}

sub write_text {
    my ($path, $text) = @_;
    open my $file, '>:raw', $path or die "$path: $!\n";
    print $file $text;
    close $file;
}

sub edit_source {
    my ($what, $by) = @_;
    my $text = slurp("$source/example.cc");
    $text =~ s/$what/$by/ or die "the example has no $what\n";
    write_text("$source/example.cc", $text);
}
