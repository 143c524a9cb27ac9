# What a rule for a path sees is what is passed on: no way to write a path leads past a rule, and nothing is decoded twice.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Server;

my $origin = Test::Sluice::Origin->start;
my $server = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port },
    files => { 'images/a' => "image\n", 'secret' => "secret\n", 'images-old/b' => "old\n" }, config => <<'END');
        location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /admin { return 403; }
        location /normal/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /once {
            rewrite_by_lua_block { ngx.req.set_uri((ngx.var.uri:gsub("^/once", ""))) }
            proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
        }
        location /seen { return 200 "$uri"; }
        location /i { alias $TEST_SLUICE_HTML_DIR/images/; }
        location /keys { return 200 "$arg_a|$arg_b|$cookie_a|$args"; }
END
$server->start;

# sloppy: the path that a careless server makes of PATH: parameters cut off, decoded, '\' and an overlong '/' taken for '/', dots resolved.
sub sloppy {
    my ($path) = @_;
    $path =~ s/\?.*//s;
    $path =~ s/;[^\/]*//g;
    $path =~ s/%([0-9a-fA-F]{2})/chr hex $1/ge;
    $path =~ s/\xc0\xaf/\//g;
    $path =~ s/;[^\/\\]*//g;
    $path =~ s/\0.*//s;
    my @segments;
    for my $segment (split /[\/\\]+/, $path) {
        next if $segment eq '' || $segment eq '.';
        if ($segment eq '..') { pop @segments }
        else { push @segments, $segment }
    }
    return '/' . join '/', @segments;
}

# Every way in which somebody has written "/admin" to get past a rule.
my @ways = map { my $way = $_; map { $way =~ s/ADMIN/$_/gr } 'admin', 'admi%6e', '%61dmin', 'adm%69n/x' } qw(
    /ADMIN /ADMIN/ //ADMIN ///ADMIN /./ADMIN /.//ADMIN /a/../ADMIN /a/./../ADMIN /a//../ADMIN /a/b/../../ADMIN /%2fADMIN /%2FADMIN /%2e/ADMIN /%2E%2FADMIN
    /a/%2e%2e/ADMIN /a/.%2e/ADMIN /a/%2e./ADMIN /a/..%2fADMIN /a/%2e%2e%2fADMIN /a%2f..%2fADMIN /a%2f%2e%2e%2fADMIN /a/..;/ADMIN /a/..;x=1/ADMIN
    /a/%2e%2e;/ADMIN /a/..%3b/ADMIN /a/..%3bx/ADMIN /.;/ADMIN /;/../ADMIN /a;x/../ADMIN /a/..%5cADMIN /a/.%5cADMIN /a%5c..%5cADMIN /a/%2e%2e%5cADMIN
    /a/..%c0%afADMIN /%2e%2e/ADMIN /../ADMIN /a/../../ADMIN /ADMIN;jsessionid=1 /ADMIN%00.css /ADMIN%0a /ADMIN%0d%0a /ADMIN? /ADMIN?a=/../b /ADMIN/. /ADMIN/b/..
    /ADMIN/..%2fADMIN /a/..%2f./ADMIN /a/%2e%2e%2f%2e%2fADMIN /x/y/..%2f..%2fADMIN http://a/ADMIN http://a//ADMIN http://a/b/%2e%2e/ADMIN);
for my $way (@ways) {
    $origin->reset;
    my $c = $server->connection;
    $c->write("GET $way HTTP/1.1\r\nHost: a\r\n\r\n");
    my $status = $c->read_response->status;
    like $status, qr/^(?:400|403|200)$/, "$way - $status";
    my @past = grep { sloppy($_->{target}) =~ m{^/admin} } $origin->requests;
    is_deeply [map { $_->{target} } @past], [], '- does not get past the rule';
}

# The listed ones end as they should, one by one.
for my $case (['/a/../admin', 403], ['/a/%2e%2e%2fadmin', 403], ['//admin', 403], ['/admin;jsessionid=1', 403], ['/admin%00.css', 400], ['/admin%0a', 400],
              ['/a/..;/admin', 400], ['/a/..%5cadmin', 400], ['/..%c0%afadmin', 400], ['/%2e%2e/admin', 400]) {
    my ($path, $status) = @$case;
    is $server->get($path)->status, $status, "$path: $status";
}

# A path that is passed on without a change is passed on in the very bytes; one that is made anew means the same.
for my $case (['/a/./b', '/a/./b'], ['/a//b', '/a//b'], ['/a/b/..', '/a/b/..'], ['/a/%2561dmin', '/a/%2561dmin'], ['/%252e%252e/admin', '/%252e%252e/admin'],
              ['/normal/a/./b', '/a/b'], ['/normal//a//b', '/a/b'], ['/normal/a/b/..', '/a/'], ['/normal/%2561dmin', '/%2561dmin'],
              ['/normal/%252e%252e/b', '/%252e%252e/b'], ['/normal/a%2fb', '/a/b'], ['/normal/a%3fb%23c', '/a%3Fb%23c'], ['/normal/a%20b', '/a%20b'],
              ['/once/%2561', '/%2561'], ['/once/%253f', '/%253f'], ['/once/a%3fb', '/a%3Fb'], ['/once/%252e%252e/x', '/%252e%252e/x']) {
    my ($path, $arrives) = @$case;
    $origin->reset;
    is $server->get($path)->status, 200, $path;
    is_deeply [map { $_->{target} } $origin->requests], [$arrives], "- arrives as $arrives";
}
is $server->get('/seen/%2561')->body, '/seen/%61', 'a variable is decoded once';

# "alias" with a slash more than its location (R3): the rest of the path is joined as in nginx, but never leaves the directory.
for my $path ('/i../secret', '/i%2e%2e/secret', '/i..%2fsecret', '/i/../i../secret', '/i../images-old/b', '/i..;/secret', '/i..') {
    my $response = $server->get($path);
    unlike $response->body, qr/secret|old/, "$path does not leave the directory: " . $response->status;
}
is $server->get('/i/a')->body, "image\n", 'what is in it is served';

# The first of several keys counts, in arguments and in cookies, and only '&' separates arguments.
my $keys = $server->request(GET => '/keys?a=1&a=2;b=3&b=4', headers => ['Cookie: a=first; a=second', 'Cookie: a=third']);
is $keys->body, '1|4|first|a=1&a=2;b=3&b=4', 'the first of each';
is $server->request(GET => '/keys?a=1', headers => ['Cookie: ' . join '; ', map { "c$_=1" } 1 .. 1000])->body, '1|||a=1', 'a thousand cookies in one field';
is $server->request(GET => '/keys', headers => ['Cookie: a=' . 'v' x 9000])->status, 431, 'a cookie over the limit of a line';

$server->stop;
$origin->stop;
done_testing;
