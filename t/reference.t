# docs/reference/ is what `sluice --reference` prints: every directive and variable is documented, by its own row.
use strict;
use warnings;
use lib 't/lib';
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;
use Test::Sluice::Process qw(slurp);
use Test::Sluice::Server;

my $root = abs_path(dirname(__FILE__) . '/..');
my $dir  = tempdir(TMPDIR => 1, CLEANUP => 1);
my $said = qx{'$root/docs/reference/update' '@{[abs_path(Test::Sluice::Server::binary())]}' '$dir' 2>&1};
is $?, 0, 'the pages are written' or diag $said;
for my $page (qw(directives variables nginx)) {
    my ($committed, $generated) = map { slurp("$_/$page.md") } "$root/docs/reference", $dir;
    ok $committed eq $generated, "$page.md is up to date: docs/reference/update writes it";
}
my $directives = slurp("$dir/directives.md");
like $directives, qr/^### `\Q$_\E`$/m, "it has $_" for qw(listen location proxy_pass upstream set return rewrite_by_lua_block lua_shared_dict least_conn);
my @silent = $directives =~ /^### `(\w+)`\n\n\n/mg;
is "@silent", '', 'every directive has a sentence of help';
like slurp("$dir/variables.md"), qr/^- `\$\Q$_\E`/m, "it has \$$_" for qw(host uri upstream_addr request_time http_NAME);
done_testing;
