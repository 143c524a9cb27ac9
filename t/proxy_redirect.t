# What a peer says in Location and Refresh, as the client sees it.
use lib 't/lib';
use Test::Sluice 'no_plan';

log_level('warn');

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value('tcp_listen', '$TEST_SLUICE_RAND_PORT_1') unless defined $block->tcp_listen || defined $block->must_die;
    my $field = $block->name =~ /\brefresh\b/i ? 'Refresh' : 'Location';
    return if defined $block->tcp_reply || defined $block->must_die;
    my $value = ($block->name =~ /<([^>]*)>/)[0];
    $block->set_value('tcp_reply', "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n$field: $value\r\n\r\n");
    $block->set_value('error_code', 302);
    $block->set_value('request', 'GET /one/two') unless defined $block->request;
});

run_tests();

__DATA__

=== TEST 1: without a URI part the default gives the path on this server: <http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/x?y>
--- config
    location /one/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Location: http://localhost:$TEST_SLUICE_PORT/x?y

=== TEST 2: with a URI part the default gives the location: <http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/base/x>
--- config
    location /one/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/base/; }
--- response_headers
Location: http://localhost:$TEST_SLUICE_PORT/one/x

=== TEST 3: the default leaves other hosts alone: <http://example.com/x>
--- config
    location /one/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/base/; }
--- response_headers
Location: http://example.com/x

=== TEST 4: a path that no rule is for stays a path: </elsewhere>
--- config
    location /one/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/base/; }
--- response_headers
Location: /elsewhere

=== TEST 5: a rewritten one follows absolute_redirect: <http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/x>
--- config
    absolute_redirect off;
    location /one/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Location: /x

=== TEST 6: off: <http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/x>
--- config
    location /one/ { proxy_redirect off; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Location: http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/x

=== TEST 7: a text is replaced at the beginning: <http://backend/a/b>
--- config
    location /one/ { proxy_redirect http://backend/a/ /c/; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Location: http://localhost:$TEST_SLUICE_PORT/c/b

=== TEST 8: and only there: <http://front/http://backend/a/b>
--- config
    location /one/ { proxy_redirect http://backend/a/ /c/; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Location: http://front/http://backend/a/b

=== TEST 9: a rule of one's own takes the place of the default: <http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/x>
--- config
    location /one/ { proxy_redirect http://backend/a/ /c/; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Location: http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/x

=== TEST 10: unless it is named: <http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/x>
--- config
    location /one/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; proxy_redirect http://backend/a/ /c/; proxy_redirect default; }
--- response_headers
Location: http://localhost:$TEST_SLUICE_PORT/x

=== TEST 11: the first rule that is for the value counts: <http://b/y>
--- config
    location /one/ {
        proxy_redirect http://a/ https://first/;
        proxy_redirect http://b/ https://second/;
        proxy_redirect ~.* https://third/;
        proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
    }
--- response_headers
Location: https://second/y

=== TEST 12: variables on both sides: <http://two/y>
--- config
    location /one/ { set $b two; set $c three; proxy_redirect http://$b/ https://$c/$request_method/; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Location: https://three/GET/y

=== TEST 13: a regular expression replaces the whole value: <http://host-7.internal:8080/p/q>
--- config
    location /one/ { proxy_redirect ~^http://host-(\d+)\.internal:\d+(?<rest>/.*)$ https://h$1.example$rest; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Location: https://h7.example/p/q

=== TEST 14: in its own case: <HTTP://HOST/x>
--- config
    location /one/ { proxy_redirect ~^http://host https://no; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Location: HTTP://HOST/x

=== TEST 15: or in any: <HTTP://HOST/x>
--- config
    location /one/ { proxy_redirect ~*^http://host(/.*) https://yes$1; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Location: https://yes/x

=== TEST 16: an empty replacement: <http://backend/x>
--- config
    location /one/ { proxy_redirect http://backend ""; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Location: http://localhost:$TEST_SLUICE_PORT/x

=== TEST 17: Refresh is rewritten behind its url: <5; url=http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/x>
--- config
    location /one/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Refresh: 5; url=/x

=== TEST 18: Refresh in capitals: <5; URL=http://b/x>
--- config
    location /one/ { proxy_redirect http://b/ http://c/; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Refresh: 5; URL=http://c/x

=== TEST 19: a Refresh without url stays: <5>
--- config
    location /one/ { proxy_redirect ~.* http://c/; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Refresh: 5

=== TEST 20: rules are inherited: <http://b/x>
--- http_config
    proxy_redirect http://b/ http://c/;
--- config
    location /one/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Location: http://c/x

=== TEST 21: by blocks that have none of their own: <http://b/x>
--- http_config
    proxy_redirect http://b/ http://c/;
--- config
    location /one/ { proxy_redirect http://d/ http://e/; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Location: http://b/x

=== TEST 22: off is inherited: <http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/x>
--- http_config
    proxy_redirect off;
--- config
    location /one/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Location: http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/x

=== TEST 23: a target of variables has no default: <http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/x>
--- config
    location /one/ { set $to 127.0.0.1:$TEST_SLUICE_RAND_PORT_1; proxy_pass http://$to; }
--- response_headers
Location: http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/x

=== TEST 24: a location by regular expression: <http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/x>
--- config
    location ~ ^/one/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
Location: http://localhost:$TEST_SLUICE_PORT/x

=== TEST 25: what is hidden stays hidden: <http://b/x>
--- config
    location /one/ { proxy_hide_header Location; proxy_redirect http://b/ http://c/; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- response_headers
!Location

=== TEST 26: a rewritten value cannot split the response: <http://b/x>
--- config
    location /one/ { proxy_redirect http://b/ http://c/$arg_a; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- request
GET /one/two?a=%0d%0aX-Evil:1
--- response_headers
Location: http://c/%0d%0aX-Evil:1x
!X-Evil

=== TEST 27: default needs proxy_pass before it
--- config
    location / { proxy_redirect default; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
--- must_die
--- error_log
"proxy_redirect default" should be placed after the "proxy_pass" directive

=== TEST 28: default cannot know what variables say
--- config
    location / { set $to 127.0.0.1; proxy_pass http://$to; proxy_redirect default; }
--- must_die
--- error_log
"proxy_redirect default" cannot be used with "proxy_pass" directive with variables

=== TEST 29: a word that is none
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; proxy_redirect maybe; }
--- must_die
--- error_log
invalid parameter "maybe"
