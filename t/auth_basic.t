# `auth_basic`: names and passwords of a file.
use lib 't/lib';
use Test::Sluice 'no_plan';
use MIME::Base64 qw(encode_base64);

sub basic { return 'Authorization: Basic ' . encode_base64($_[0], '') }

run_tests();

__DATA__

=== TEST 1: every form of a password
--- config
    location / {
        auth_basic "the realm";
        auth_basic_user_file $TEST_SLUICE_PREFIX/html/users;
        content_by_lua_block { ngx.say("hello, ", ngx.var.remote_user) }
    }
--- user_files
>>> users
# nobody:{PLAIN}secret
apr1:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/
apr1empty:$apr1$x$tMwYqBfQwi3FYAr0aJc8M/
sha512:$6$abcd$2xnokga/nDtRjwwaEJ4P2es2v4q8kfckDGncd4naCsE699Y0JnDNWStYgMPa.X.VcIxFM3oLKIRKkAYD33oqG.
bcrypt:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW:a comment
sha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
ssha:{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0
plain:{PLAIN}secret
plain:{PLAIN}second
--- request eval
[('GET /') x 10]
--- more_headers eval
[map { main::basic($_) } qw(apr1:secret apr1empty: sha512:secret bcrypt:secret bcrypt:secret sha:secret ssha:secret plain:secret plain:second nobody:secret)]
--- error_code eval
[(200) x 8, 401, 401]
--- response_body_like eval
[(map { qr/^hello, $_\n/ } qw(apr1 apr1empty sha512 bcrypt bcrypt sha ssha plain)), qr/401/, qr/401/]
--- error_log eval
[qr/user "plain": password mismatch, client: /, qr{user "nobody" was not found in "\S+/html/users", client: }]



=== TEST 2: a wrong one of every form
--- config
    location / {
        auth_basic "the realm";
        auth_basic_user_file $TEST_SLUICE_PREFIX/html/users;
        content_by_lua_block { ngx.say("in") }
    }
--- user_files
>>> users
apr1:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/
bcrypt:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW
sha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
ssha:{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0
short:{SSHA}gVK8
plain:{PLAIN}secret
unknown:$99$what
locked:!
empty:
star:*0
--- request eval
[('GET /') x 12]
--- more_headers eval
[map { main::basic($_) } 'apr1:secrex', 'bcrypt:Secret', 'sha:', 'ssha:secre', 'short:', 'plain:secretx', 'plain:', 'unknown:what', 'locked:!', 'empty:', 'star:*0', "bcrypt:secret\0x"]
--- error_code eval
[(401) x 12]
--- response_headers eval
[('WWW-Authenticate: Basic realm="the realm"') x 12]



=== TEST 3: without a name, or in another way
--- config
    location / {
        auth_basic "the realm";
        auth_basic_user_file $TEST_SLUICE_PREFIX/html/users;
        content_by_lua_block { ngx.say("in") }
    }
--- user_files
>>> users
:{PLAIN}secret
a:{PLAIN}secret
--- request eval
[('GET /') x 7]
--- more_headers eval
['', 'Authorization: Bearer YTpzZWNyZXQ=', 'Authorization: Basic', 'Authorization: Basic !', main::basic('secret'), main::basic(':secret'), 'authorization: bAsIc  YTpzZWNyZXQ=']
--- error_code eval
[(401) x 6, 200]
--- response_headers eval
[('WWW-Authenticate: Basic realm="the realm"') x 6, '!WWW-Authenticate']



=== TEST 4: realm and file with variables, and off
--- config
    auth_basic "outer";
    auth_basic_user_file $TEST_SLUICE_PREFIX/html/$arg_file;
    location / { content_by_lua_block { ngx.say("in") } }
    location /inner { auth_basic "for $arg_file"; content_by_lua_block { ngx.say("in") } }
    location /off { auth_basic off; content_by_lua_block { ngx.say("in") } }
    location /variable { set $realm off; auth_basic $realm; content_by_lua_block { ngx.say("in") } }
--- user_files
>>> one
a:{PLAIN}one
>>> two
a:{PLAIN}two
--- request eval
['GET /?file=%s', 'GET /?file=one', 'GET /?file=two', 'GET /inner?file=two', 'GET /off', 'GET /variable']
--- more_headers eval
[main::basic('a:one'), main::basic('a:one'), main::basic('a:one'), '', '', '']
--- error_code eval
[403, 200, 401, 401, 200, 200]
--- response_headers eval
['!WWW-Authenticate', '!WWW-Authenticate', 'WWW-Authenticate: Basic realm="outer"', 'WWW-Authenticate: Basic realm="for two"', '', '']
--- error_log eval
qr{open\(\) "\S+/html/%s" failed \(2: No such file or directory\), client: }



=== TEST 5: a realm without a file lets nobody pass
--- config
    location / { auth_basic "realm"; content_by_lua_block { ngx.say("in") } }
--- request eval
['GET /', 'GET /']
--- more_headers eval
['', main::basic('a:b')]
--- error_code eval
[401, 403]
--- error_log
"auth_basic" without "auth_basic_user_file": nobody may pass, client: 127.0.0.1



=== TEST 6: with satisfy any, an address or a password
--- config
    satisfy any;
    auth_basic "realm";
    auth_basic_user_file $TEST_SLUICE_PREFIX/html/users;
    location /password { deny all; content_by_lua_block { ngx.say("in") } }
    location /address { allow 127.0.0.1; deny all; content_by_lua_block { ngx.say("in") } }
    location /lua { deny all; access_by_lua_block { ngx.exit(ngx.OK) } content_by_lua_block { ngx.say("in") } }
--- user_files
>>> users
a:{PLAIN}b
--- request eval
['GET /password', 'GET /password', 'GET /password', 'GET /address', 'GET /lua']
--- more_headers eval
['', main::basic('a:x'), main::basic('a:b'), '', '']
--- error_code eval
[401, 401, 200, 200, 200]
--- response_headers eval
['WWW-Authenticate: Basic realm="realm"', 'WWW-Authenticate: Basic realm="realm"', ('!WWW-Authenticate') x 3]



=== TEST 7: with satisfy all, both
--- config
    auth_basic "realm";
    auth_basic_user_file $TEST_SLUICE_PREFIX/html/users;
    location /denied { deny all; content_by_lua_block { ngx.say("in") } }
    location /both { allow all; content_by_lua_block { ngx.say("in") } }
--- user_files
>>> users
a:{PLAIN}b
--- request eval
['GET /denied', 'GET /both', 'GET /both']
--- more_headers eval
[main::basic('a:b'), main::basic('a:b'), '']
--- error_code eval
[403, 200, 401]



=== TEST 8: what is no file
--- config
    location / { auth_basic "realm"; auth_basic_user_file $TEST_SLUICE_PREFIX/html; content_by_lua_block { ngx.say("in") } }
--- user_files
>>> x
x
--- request
GET /
--- more_headers eval
main::basic('a:b')
--- error_code: 500
--- error_log eval
qr{\[crit\] .*"\S+/html" is no file of passwords}
