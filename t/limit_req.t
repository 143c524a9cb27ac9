# limit_req: a rate of one per minute gives nothing back while a test runs, so what passes is counted, not timed.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: without a burst the second is refused
--- http_config
    limit_req_zone $arg_key zone=one:1m rate=1r/m;
    log_format verdict '$uri $arg_key $status $limit_req_status';
--- config
    location @passed { return 200 "passed\n"; }
    access_log logs/access.log verdict;
    location / { limit_req zone=one; try_files /none @passed; }
    location /free { return 200 "free\n"; }
--- request eval
["GET /x?key=a", "GET /x?key=a", "GET /x?key=b", "GET /x?key=a", "GET /free?key=a", "GET /x?key=", "GET /x?key="]
--- error_code eval
[200, 503, 200, 503, 200, 200, 200]
--- error_log eval
[qr/\[error\] .* limiting requests, excess: (?:1\.000|0\.9\d\d) by zone "one", client:/]
--- access_log eval
[qr{^/x a 200 PASSED$}m, qr{^/x a 503 REJECTED$}m, qr{^/x b 200 PASSED$}m, qr{^/free a 200 -$}m, qr{^/x  200 -$}m]



=== TEST 2: a burst without delay, another status, another level
--- http_config
    limit_req_zone $arg_key zone=two:1m rate=1r/m;
    limit_req_status 429;
    limit_req_log_level warn;
--- config
    location @passed { return 200 "passed\n"; }
    location / { limit_req zone=two burst=2 nodelay; try_files /none @passed; }
--- request eval
[("GET /?key=a") x 4]
--- error_code eval
[200, 200, 200, 429]
--- error_log
[warn]
limiting requests, excess: 
--- no_error_log
[error]



=== TEST 3: what exceeds the rate waits
--- http_config
    limit_req_zone $arg_key zone=three:1m rate=50r/s;
    log_format verdict '$limit_req_status';
--- config
    location @passed { return 200 "passed\n"; }
    access_log logs/access.log verdict;
    location / { limit_req zone=three burst=100; try_files /none @passed; }
--- pipelined_requests eval
[("GET /?key=a") x 5]
--- error_code eval
[(200) x 5]
--- access_log eval
[qr/^PASSED$/m, qr/^DELAYED$/m]
--- error_log
delaying request, excess: 
by zone "three"



=== TEST 4: delay=N: so many pass without waiting
--- http_config
    limit_req_zone $arg_key zone=four:1m rate=1r/m;
    log_format verdict '$limit_req_status';
--- config
    location @passed { return 200 "passed\n"; }
    access_log logs/access.log verdict;
    location / { limit_req zone=four burst=3 delay=3; try_files /none @passed; }
--- request eval
[("GET /?key=a") x 5]
--- error_code eval
[200, 200, 200, 200, 503]
--- no_access_log
DELAYED



=== TEST 5: of several, all must let it pass; one that refuses counts in none
--- http_config
    limit_req_zone $arg_a zone=a:1m rate=1r/m;
    limit_req_zone $arg_b zone=b:1m rate=1r/m;
--- config
    location @passed { return 200 "passed\n"; }
    location / { limit_req zone=a; limit_req zone=b; try_files /none @passed; }
--- request eval
["GET /?a=1&b=1", "GET /?a=2&b=1", "GET /?a=2&b=2", "GET /?a=2&b=3"]
--- error_code eval
[200, 503, 200, 503]
--- error_log
by zone "b"
by zone "a"



=== TEST 6: a dry run refuses nobody
--- http_config
    limit_req_zone $arg_key zone=dry:1m rate=1r/m;
    log_format verdict '$limit_req_status';
--- config
    location @passed { return 200 "passed\n"; }
    limit_req_dry_run on;
    access_log logs/access.log verdict;
    location / { limit_req zone=dry; try_files /none @passed; }
    location /delay { limit_req zone=dry burst=5; try_files /none @passed; }
--- request eval
["GET /?key=a", "GET /?key=a", "GET /delay?key=b", "GET /delay?key=b"]
--- error_code eval
[(200) x 4]
--- access_log
REJECTED_DRY_RUN
DELAYED_DRY_RUN
--- error_log
limiting requests, dry run, excess: 
delaying request, dry run, excess: 



=== TEST 7: a level with its own has none of the levels around it
--- http_config
    limit_req_zone $arg_key zone=seven:1m rate=1r/m;
    limit_req_zone $arg_other zone=other:1m rate=1r/m;
    limit_req zone=seven;
--- config
    location @passed { return 200 "passed\n"; }
    location / { try_files /none @passed; }
    location /precontent { try_files /none @named; }
    location @named { return 200 "named\n"; }
    location /own { limit_req zone=other; try_files /none @named; }
--- request eval
["GET /precontent?key=a", "GET /precontent?key=a", "GET /own?key=a", "GET /own?key=a"]
--- error_code eval
[200, 503, 200, 200]
--- error_log
by zone "seven"



=== TEST 8: the workers count together
--- workers: 3
--- http_config
    limit_req_zone $arg_key zone=shared:1m rate=1r/m;
--- config
    location / { limit_req zone=shared burst=4 nodelay; try_files /none =404; }
--- request eval
[("GET /?key=a") x 8]
--- error_code eval
[(404) x 5, (503) x 3]
--- error_log
limiting requests



=== TEST 9: mistakes
--- http_config
    limit_req_zone $arg_key zone=bad:1k rate=1r/s;
    limit_req_zone $arg_key zone=bad rate=1r/s;
    limit_req_zone $arg_key zone=bad:1m rate=1;
    limit_req_zone $arg_key rate=1r/s;
    limit_req_zone $arg_key zone=bad:1m sync;
    limit_req_zone $arg_key zone=good:1m rate=1r/s;
    limit_req_zone $arg_key zone=good:1m rate=1r/s;
--- config
    limit_req burst=1;
    limit_req zone=good burst=0;
    limit_req zone=good delay=x;
    limit_req zone=good fast;
    limit_req zone=good;
    limit_req zone=good;
    limit_req_status 200;
    limit_req_log_level crit;
--- must_die
--- error_log
zone "bad" is too small
invalid zone size "bad"
invalid rate "rate=1"
"limit_req_zone" must have "zone" parameter
invalid parameter "sync"
limit_req_zone "good" is already defined
"limit_req" must have "zone" parameter
invalid burst value "burst=0"
invalid delay value "delay=x"
invalid parameter "fast"
"limit_req" directive is duplicate
value must be between 400 and 599
invalid value "crit"



=== TEST 10: a zone that nobody defines
--- config
    limit_req zone=nowhere;
--- must_die
--- error_log
zero size shared memory zone "nowhere"
