# The pages keep what they promise: links lead somewhere, and what they quote is what the source says.
use strict;
use warnings;
use lib 't/lib';
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Find qw(find);
use Test::More;
use Test::Sluice::Process qw(slurp);

my $root = abs_path(dirname(__FILE__) . '/..');

# --- links

my @pages;
find({ no_chdir => 1, wanted => sub {
    if (-d && m{/(?:build|\.git|node_modules|tmp)\z}) { $File::Find::prune = 1; return }
    push @pages, $_ if /\.md\z/;
} }, $root);
for my $page (sort @pages) {
    my $text = slurp($page) =~ s/^(?: {4}|\t).*$//mgr =~ s/`[^`\n]*`//gr;
    my @broken = grep { !m{^(?:https?:|#)} && !-e dirname($page) . '/' . s/#.*//r } $text =~ /\]\(([^)\s]+)\)/g;
    is "@broken", '', substr($page, 1 + length $root) . ' has no broken link';
}

# --- docs/first-module.md quotes plugins/example

my $page   = slurp("$root/docs/first-module.md");
my $source = squeeze(join "\n", map { slurp("$root/plugins/example/$_") } qw(example.cc CMakeLists.txt));
my ($quotes) = $page =~ /^(## 2\. .*?)^## 4\. /ms;
for my $block ($quotes =~ /((?:^ {4}.*\n|^\n)+)/mg) {
    next if $block !~ /\S/ || $block =~ /slow\(/;
    my @missing = grep { length && $_ ne '...' && index($source, $_) < 0 } map { squeeze($_) } split /\n/, $block;
    is "@missing", '', 'the page quotes: ' . ($block =~ s{\A\s+|\n.*}{}gsr);
}

# --- README.md and conf/proxy.conf show the same loop

my $tour  = squeeze(slurp("$root/conf/proxy.conf"));
my ($lua) = slurp("$root/README.md") =~ /(local port, id = .*?local address = [^\n]*)/s;
ok index($tour, squeeze($lua)) >= 0, "the README's Lua is the tour's";

done_testing;

# squeeze: without comments, and any white space as one blank.
sub squeeze {
    my ($text) = @_;
    $text =~ s{(?<!:)//.*$}{}mg;
    return $text =~ s/\s+/ /gr =~ s/^ | $//gr;
}
