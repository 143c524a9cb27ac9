# charset: a name in Content-Type, never a conversion.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: is added where there is none
--- config
    charset utf-8;
    location /html { default_type text/html; return 200 "x"; }
    location /json { default_type application/json; return 200 "x"; }
    location /own { default_type "text/plain; charset=koi8-r"; return 200 "x"; }
    location /off { charset off; default_type text/html; return 200 "x"; }
    location /named { charset $arg_c; default_type text/html; return 200 "x"; }
--- request eval
["GET /html", "GET /json", "GET /own", "GET /off", "GET /named?c=latin1", "GET /named"]
--- response_headers eval
["Content-Type: text/html; charset=utf-8", "Content-Type: application/json", "Content-Type: text/plain; charset=koi8-r", "Content-Type: text/html",
 "Content-Type: text/html; charset=latin1", "Content-Type: text/html"]



=== TEST 2: other types, and in place of the upstream's
--- config
    charset utf-8;
    charset_types application/json;
    location /json { default_type application/json; return 200 "x"; }
    location /plain { default_type text/plain; return 200 "x"; }
    location /upstream { override_charset on; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/raw?data=HTTP/1.1%20200%20OK%0d%0aContent-Length:%200%0d%0aContent-Type:%20text/html%3bcharset=a%0d%0a%0d%0a; }
--- request eval
["GET /json", "GET /plain", "GET /upstream"]
--- response_headers eval
["Content-Type: application/json; charset=utf-8", "Content-Type: text/plain", "Content-Type: text/html; charset=utf-8"]



=== TEST 3: nothing is converted
--- config
    source_charset koi8-r;
--- must_die
--- error_log
unknown directive "source_charset"
