# A password file that changes takes effect at once, without a reload, and what was right before stays right only while it is.
use strict;
use warnings;
use lib 't/lib';
use MIME::Base64 qw(encode_base64);
use Test::More;
use Test::Sluice::Server;

my $server = Test::Sluice::Server->new(config => 'auth_basic "realm"; auth_basic_user_file $TEST_SLUICE_PREFIX/users; location / { return 402; }
    location /in { content_by_lua_block { ngx.say("in") } }');
my $users = $server->prefix . '/users';
my $hash  = sub { crypt $_[0], '$2y$04$abcdefghijklmnopqrstuu' };
my $asks  = sub {
    my ($password) = @_;
    return $server->get('/in', headers => ['Authorization: Basic ' . encode_base64("a:$password", '')])->status;
};

write_file($users, "a:" . $hash->('one') . "\n");
$server->start;
is $asks->('one'), 200, 'right';
is $asks->('one'), 200, 'right again, from memory';
is $asks->('two'), 401, 'wrong';
for my $round (1 .. 10) {
    my ($old, $new) = $round % 2 ? qw(one two) : qw(two one);
    write_file($users, "a:" . $hash->($new) . "\n");
    my @seen = map { $asks->($_) } $old, $new, $new;
    next if "@seen" eq '401 200 200';
    fail "round $round: @seen: a change of the same size is seen at once";
    last;
}
pass 'ten changes in a row are each seen at once';
write_file($users, "b:" . $hash->('one') . "\n");
is $asks->('one'), 401, 'a name that is gone';
unlink $users;
is $asks->('one'), 403, 'a file that is gone';
write_file($users, "a:" . $hash->('one') . "\n");
is $asks->('one'), 200, 'a file that is back';
$server->stop;
done_testing;

sub write_file {
    my ($path, $text) = @_;
    open my $file, '>', $path or die "$path: $!";
    print $file $text;
    close $file or die "$path: $!";
}
