# disable_symlinks: which symbolic links on the way to a file are followed.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Server;

my $server = Test::Sluice::Server->new(files => { 'real/f' => "file\n", 'real/deep/f' => "deep\n", 'real/index.html' => "index\n" }, config => <<'END');
        location /any/ { alias $TEST_SLUICE_HTML_DIR/; }
        location /none/ { alias $TEST_SLUICE_HTML_DIR/; disable_symlinks on; autoindex on; }
        location /own/ { alias $TEST_SLUICE_HTML_DIR/; disable_symlinks if_not_owner; autoindex on; }
        location /from/ { alias $TEST_SLUICE_HTML_DIR/folder/; disable_symlinks on from=$TEST_SLUICE_HTML_DIR/folder/; }
        location /tried { root $TEST_SLUICE_HTML_DIR; disable_symlinks on; try_files /folder/f /real/deep/f =404; }
END
my $html = $server->html_dir;
symlink 'real', "$html/folder"       or die "symlink: $!\n";
symlink 'f', "$html/real/link"       or die "symlink: $!\n";
symlink '/etc/hostname', "$html/etc" or die "symlink: $!\n";
symlink '/etc/hostname', "$html/theirs" or die "symlink: $!\n";
my $is_root = $> == 0;
SKIP: {
    skip 'only root may give files away', 1 unless $is_root;
    is system('chown', '-h', 'nobody', "$html/theirs"), 0, 'a link of somebody else';
}
$server->start;

sub gets { my ($target, $status, $body) = @_; my $got = $server->get($target); is $got->status, $status, $target; is $got->body, $body, "$target - its text" if defined $body }

gets '/any/folder/f', 200, "file\n";
gets '/any/real/link', 200, "file\n";
gets '/none/real/f', 200, "file\n";
gets '/none/real/deep/f', 200, "deep\n";
gets '/none/real/', 200, "index\n";
gets '/none/real/deep/', 200;
gets "/none/$_", 403 for 'folder/f', 'real/link', 'etc', 'folder/', 'folder/deep/', 'folder';
gets '/none/nothing', 404;
gets '/none/real/f/x', 404;
gets '/own/folder/f', 200, "file\n";
gets '/own/folder/', 200, "index\n";
gets '/own/folder/deep/', 200;
gets '/own/theirs', 403 if $is_root;
gets '/from/f', 200, "file\n";
gets '/from/link', 403;
gets '/tried', 200, "deep\n";
ok $server->wait_for_log(qr{open\(\) "\Q$html\E/real/link" failed \(40: Too many levels of symbolic links\)}), 'the log says why';

$server->stop;

for my $bad (['maybe', 'maybe'], ['on to=/', 'to=/'], ['off from=/', 'from=/']) {
    my ($value, $parameter) = @$bad;
    my $refused = Test::Sluice::Server->new(config => "disable_symlinks $value;");
    like $refused->command('-t')->{stderr}, qr/invalid parameter "\Q$parameter\E" in /, "disable_symlinks $value is refused";
}
done_testing;
