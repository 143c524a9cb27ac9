# Set-Cookie on its way to the client: proxy_cookie_domain, proxy_cookie_path, proxy_cookie_flags.
use lib 't/lib';
use Test::Sluice 'no_plan';

add_block_preprocessor(sub {
    my ($block) = @_;
    return if defined $block->must_die;
    my @cookies = $block->name =~ /<([^>]*)>/g;
    $block->set_value('tcp_listen', '$TEST_SLUICE_RAND_PORT_1');
    $block->set_value('tcp_reply', join "\r\n", 'HTTP/1.1 200 OK', 'Content-Length: 0', 'Connection: close', (map { "Set-Cookie: $_" } @cookies), '', '');
    $block->set_value('request', 'GET /');
    my $rules = $block->config;
    $block->set_value('config', "    location / { $rules proxy_pass http://127.0.0.1:\$TEST_SLUICE_RAND_PORT_1; }");
});

run_tests();

__DATA__

=== TEST 1: nothing is changed by default: <a=b;  Domain=x ;path = /y; other>
--- config
--- response_headers
Set-Cookie: a=b;  Domain=x ;path = /y; other

=== TEST 2: a domain, in any case: <a=b; Domain=LocalHost; Path=/>
--- config
    proxy_cookie_domain localhost example.org;
--- response_headers
Set-Cookie: a=b; Domain=example.org; Path=/

=== TEST 3: a dot at the beginning does not count: <a=b; domain=.localhost>
--- config
    proxy_cookie_domain localhost .example.org;
--- response_headers
Set-Cookie: a=b; domain=.example.org

=== TEST 4: nor in the rule: <a=b; domain=localhost>
--- config
    proxy_cookie_domain .localhost example.org;
--- response_headers
Set-Cookie: a=b; domain=example.org

=== TEST 5: the whole domain must be it: <a=b; domain=x.localhost>
--- config
    proxy_cookie_domain localhost example.org;
--- response_headers
Set-Cookie: a=b; domain=x.localhost

=== TEST 6: a domain by regular expression: <a=b; domain=w7.Internal.Test>
--- config
    proxy_cookie_domain ~^w(\d+)\.internal\.test$ $1.example.org;
--- response_headers
Set-Cookie: a=b; domain=7.example.org

=== TEST 7: a path by its beginning: <a=b; Path=/one/two>
--- config
    proxy_cookie_path /one/ /three/;
--- response_headers
Set-Cookie: a=b; Path=/three/two

=== TEST 8: in its own case: <a=b; Path=/One/two>
--- config
    proxy_cookie_path /one/ /three/;
--- response_headers
Set-Cookie: a=b; Path=/One/two

=== TEST 9: a path by regular expression: <a=b; Path=/user/Bob/x>
--- config
    proxy_cookie_path ~*^/USER/([^/]+) /u/$1;
--- response_headers
Set-Cookie: a=b; Path=/u/Bob

=== TEST 10: variables, and the idiom that adds attributes: <a=b; Path=/>
--- config
    set $sep "; SameSite=Strict";
    proxy_cookie_path / "/$sep; HTTPOnly";
--- response_headers
Set-Cookie: a=b; Path=/; SameSite=Strict; HTTPOnly

=== TEST 11: the first rule that is for it counts: <a=b; Path=/b/c>
--- config
    proxy_cookie_path /a /1; proxy_cookie_path /b /2; proxy_cookie_path / /3;
--- response_headers
Set-Cookie: a=b; Path=/2/c

=== TEST 12: every cookie, every attribute: <a=b; Path=/x; Domain=o; Path=/y> <c=d; domain=o>
--- config
    proxy_cookie_path / /z/; proxy_cookie_domain o p;
--- response_headers
Set-Cookie: a=b; Path=/z/x; Domain=p; Path=/z/y, c=d; domain=p

=== TEST 13: a cookie's own name is no attribute: <path=/x; a>
--- config
    proxy_cookie_path / /z/;
--- response_headers
Set-Cookie: path=/x; a

=== TEST 14: what is rewritten gets tidy blanks: <a=b ;  Path = /x ;HttpOnly;  q=>
--- config
    proxy_cookie_path / /z/;
--- response_headers
Set-Cookie: a=b; Path=/z/x; HttpOnly; q=

=== TEST 15: off is for one block: <a=b; Path=/x>
--- http_config
    proxy_cookie_path / /z/;
--- config
    proxy_cookie_path off;
--- response_headers
Set-Cookie: a=b; Path=/x

=== TEST 16: rules are inherited: <a=b; Path=/x>
--- http_config
    proxy_cookie_path / /z/;
--- config
--- response_headers
Set-Cookie: a=b; Path=/z/x

=== TEST 17: flags are added: <one=1> <two=2; secure> <three=3>
--- config
    proxy_cookie_flags one secure httponly samesite=strict; proxy_cookie_flags two secure samesite=lax;
--- response_headers
Set-Cookie: one=1; Secure; HttpOnly; SameSite=Strict, two=2; secure; SameSite=Lax, three=3

=== TEST 18: and taken away: <one=1; Secure; HttpOnly; SameSite=Lax; Path=/>
--- config
    proxy_cookie_flags one nosecure nohttponly nosamesite;
--- response_headers
Set-Cookie: one=1; Path=/

=== TEST 19: SameSite is replaced: <one=1; samesite=lax; Path=/>
--- config
    proxy_cookie_flags one samesite=none;
--- response_headers
Set-Cookie: one=1; SameSite=None; Path=/

=== TEST 20: names by regular expression, in any case: <SessionID=1> <other=2>
--- config
    proxy_cookie_flags ~^session secure;
--- response_headers
Set-Cookie: SessionID=1; Secure, other=2

=== TEST 21: the first line that is for a cookie: <one=1>
--- config
    proxy_cookie_flags ~. secure; proxy_cookie_flags one httponly;
--- response_headers
Set-Cookie: one=1; Secure

=== TEST 22: variables in flags: <one=1>
--- config
    set $flag secure; proxy_cookie_flags one $flag;
--- response_headers
Set-Cookie: one=1; Secure

=== TEST 23: all together: <one=1; Domain=o; Path=/a; Secure>
--- config
    proxy_cookie_domain o p; proxy_cookie_path /a /b; proxy_cookie_flags one nosecure httponly;
--- response_headers
Set-Cookie: one=1; Domain=p; Path=/b; HttpOnly

=== TEST 24: a flag that is none
--- config
    location / { proxy_cookie_flags one sercue; }
--- must_die
--- error_log
invalid parameter "sercue" of "proxy_cookie_flags"

=== TEST 25: a rule of one word
--- config
    location / { proxy_cookie_path /a; }
--- must_die
--- error_log
invalid parameter "/a"
