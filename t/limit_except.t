# limit_except: other values for other methods.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: methods that are not named have another handler
--- config
    location / {
        proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
        limit_except GET POST { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        error_page 502 = @down;
    }
    location @down { return 200 "down\n"; }
--- request eval
["GET /", "HEAD /", "POST /", "PUT /", "DELETE /", "OPTIONS /", "BREW /"]
--- response_body_like eval
[qr/^down$/, qr/^$/, qr/^down$/, qr/^PUT \//, qr/^DELETE \//, qr/^OPTIONS \//, qr/^BREW \//]
--- error_log
Connection refused



=== TEST 2: what the block does not say is the location's
--- config
    location / {
        error_page 405 /page;
        root html;
        limit_except get { access_log off; }
        access_log logs/access.log;
    }
    location = /page { return 200 "page\n"; }
--- request eval
["PUT /quiet", "GET /loud"]
--- error_code eval
[405, 404]
--- response_body_like eval
[qr/^page$/, qr/404/]
--- access_log
GET /loud



=== TEST 3: scripts of the location run for the named methods alone
--- config
    location / {
        limit_except GET { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        set $a "script";
        return 200 "$a\n";
    }
--- request eval
["GET /x", "PUT /x"]
--- response_body_like eval
[qr/^script$/, qr/^PUT \/x/]



=== TEST 4: in a nested and a named location; after error_page the request is a GET
--- config
    location / {
        error_page 404 = @named;
        error_page 403 = /get;
        location /nested { limit_except GET { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; } return 200 "nested\n"; }
        location /missing { return 404; }
        location /get { limit_except GET { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; } return 200 "a get\n"; }
        location /denied { return 403; }
    }
    location @named { limit_except GET { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; } return 200 "named\n"; }
--- request eval
["GET /nested", "PUT /nested", "GET /missing", "PUT /missing", "PUT /denied"]
--- response_body_like eval
[qr/^nested$/, qr/^PUT \/nested/, qr/^named$/, qr/^PUT \/missing/, qr/^a get$/]



=== TEST 5: allow and deny of the block take the place of the location's
--- config
    location / {
        allow all;
        limit_except GET { deny all; }
        return 200 "ok\n";
    }
    location /inherits {
        deny all;
        limit_except GET { access_log off; }
        error_page 403 =200 /denied;
    }
    location /denied { return 200 "denied\n"; }
--- request eval
["GET /", "HEAD /", "POST /", "PUT /inherits"]
--- error_code eval
[200, 200, 403, 200]
