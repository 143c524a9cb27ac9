# The exchange of a WebSocket sleeps until the end, and then its log phase must find everything as it was.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;
use IO::Socket::INET;

# Nobody listens here: connections are refused.
my $closed = do { my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1'); $s->sockport };
my $origin = Test::Sluice::Origin->start;
my $server = Test::Sluice::Server->new(
    vars        => { ORIGIN_PORT => $origin->port, CLOSED => $closed },
    http_config => <<'END',
    upstream tried { server 127.0.0.1:$TEST_SLUICE_CLOSED max_fails=0; server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT backup; }
    upstream single { server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT max_conns=1; }
    map $http_x_kind $kind { default other; a kind-a; }
    log_format request '[$request][$request_method $request_uri][$uri][$args][$arg_b][$host][$http_host][$http_x_kind][$cookie_c][$kind]';
    log_format response '[$status][$sent_http_upgrade][$sent_http_x_more][$upstream_http_sec_websocket_accept][$upstream_http_connection]';
    log_format attempts '[$upstream_addr][$upstream_status]';
    log_format times '[$request_time][$upstream_connect_time][$upstream_response_time]';
    log_format bytes '[$body_bytes_sent][$bytes_sent][$upstream_bytes_sent][$upstream_bytes_received][$request_completion]';
    log_format client '[$remote_addr][$remote_port][$realip_remote_addr]';
    log_format rate '[$limit_rate]';
    log_format mine '[$one][$two][$1][$connection_requests]';
END
    config => <<'END');
        location /all/ {
            set $one "set-$arg_b";
            set $two constant;
            access_log logs/request.log request;
            access_log logs/response.log response;
            access_log logs/times.log times;
            access_log logs/bytes.log bytes;
            access_log logs/mine.log mine;
            access_log logs/attempts.log attempts;
            proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/;
        }
        location /real/ {
            set_real_ip_from 127.0.0.1;
            access_log logs/client.log client;
            proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/;
        }
        location /authorized/ {
            auth_request /yes;
            mirror /yes;
            access_log logs/client.log client;
            proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/;
        }
        location = /yes { internal; return 204; }
        location /tried/ { access_log logs/attempts.log attempts; proxy_pass http://tried/; }
        location /rate/ { set $limit_rate 4k; access_log logs/rate.log rate; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /single/ { proxy_pass http://single/; }
        location ~ ^/(w\w+)$ {
            set $one $1;
            set $two "";
            access_log logs/mine.log mine;
            proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
        }
        location /lua/ {
            rewrite_by_lua_block {
                ngx.ctx.who = "ctx of " .. ngx.var.arg_b
                ngx.req.set_header("X-Kind", "changed")
            }
            header_filter_by_lua_block { ngx.header["X-More"] = "more" }
            log_by_lua_block {
                ngx.log(ngx.WARN, "lua log phase: ", ngx.ctx.who, ", ", ngx.var.http_x_kind, ", ", ngx.header["X-More"], ", ",
                        ngx.status, ", ", ngx.var.upstream_status)
            }
            access_log logs/response.log response;
            access_log logs/request.log request;
            proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/;
        }
END
$server->start;

sub lines {
    my ($name) = @_;
    open my $file, '<', $server->prefix . "/logs/$name.log" or return ();
    return <$file>;
}

# after runs a WebSocket with one echo, whose log line in file NAME is given.
sub after {
    my ($name, $target, @headers) = @_;
    my $before = () = lines($name);
    my $ws = $server->websocket(target => $target, headers => \@headers);
    is $ws->echo('abc'), 'abc', "echo: $target";
    $ws->http->close;
    wait_until { my $now = () = lines($name); $now > $before };
    my $line = (lines($name))[$before];
    chomp $line;
    return $line;
}

my @headers = ('X-Kind: a', 'Cookie: x=1; c=2', "X-Long: @{['l' x 3000]}");
is after(request => '/all/w%73?a=1&b=2', @headers),
    '[GET /all/w%73?a=1&b=2 HTTP/1.1][GET /all/w%73?a=1&b=2][/all/ws][a=1&b=2][2]'
    . '[localhost][localhost][a][2][kind-a]', 'the request is as it was'
    or diag join '', lines('request');
like +(lines('response'))[0], qr/^\[101\]\[websocket\]\[-\]\[\S{28}\]\[(?i:upgrade)\]$/, 'and both responses';
like +(lines('times'))[0], qr/^\[\d+\.\d{3}\]\[0\.\d{3}\]\[\d+\.\d{3}\]$/, 'and the times';
is +(lines('mine'))[0], "[set-2][constant][-][1]\n", 'and set variables';
is +(lines('attempts'))[0], "[127.0.0.1:" . $origin->port . "][101]\n", 'and the attempt';
like +(lines('bytes'))[0], qr/^\[5\]\[(\d+)\]\[(\d+)\]\[(\d+)\]\[OK\]$/, 'and the bytes of the tunnel are counted';

is after(client => '/real/ws', 'X-Real-IP: [2001:db8::1]:77'), '[2001:db8::1][77][127.0.0.1]', 'who a trusted proxy says the client is';

like after(client => '/authorized/ws'), qr/^\[127\.0\.0\.1\]\[\d+\]\[127\.0\.0\.1\]$/, 'after subrequests';

my $unset = $server->log_mark;
is after(mine => '/ws'), '[ws][][ws][1]', 'captures'
    or diag join '', lines('mine');
unlike $server->log($unset), qr/using uninitialized "two" variable/, 'and what is set to nothing is set';
like after(attempts => '/tried/ws'), qr/^\[127\.0\.0\.1:$closed, 127\.0\.0\.1:${\$origin->port}\]\[502, 101\]$/, 'more than one attempt';

is after(rate => '/rate/ws'), '[4096]', 'a rate of its own';

my $mark = $server->log_mark;
like after(response => '/lua/ws?b=3', 'X-Kind: a'), qr/^\[101\]\[websocket\]\[more\]/, 'a field that Lua added';
ok $server->wait_for_log(qr/lua log phase: ctx of 3, changed, more, 101, 101/, $mark), 'the log phase in Lua has its ctx, and changed fields';
like +(lines('request'))[-1], qr/\[changed\]/, 'as the log has';

subtest 'the peer is busy until the end' => sub {
    my $ws = $server->websocket(target => '/single/ws');
    is $ws->echo('a'), 'a', 'the only one';
    is $server->get('/single/bytes/3')->status, 502, 'no other request';
    $ws->http->close;
    ok wait_until { $server->get('/single/bytes/3')->status == 200 }, 'until it has gone';
};

subtest 'a reload, then the end' => sub {
    my $ws = $server->websocket(target => '/lua/ws?b=old', headers => ['X-Kind: a']);
    is $ws->echo('a'), 'a', 'before';
    is $server->reload, 0, 'a reload';
    is $ws->echo('b'), 'b', 'after';
    my $seen = $server->log_mark;
    $ws->http->close;
    ok $server->wait_for_log(qr/lua log phase: ctx of old, changed, more, 101, 101/, $seen), 'is logged by the configuration that it began with';
};

my $last = $server->websocket(target => '/lua/ws?b=last', headers => ['X-Kind: a']);
is $last->echo('a'), 'a', 'one that stays';
my $seen = $server->log_mark;
$server->signal('TERM');
ok $server->wait_for_log(qr/lua log phase: ctx of last, changed, more, 101, 101/, $seen), 'is logged when the worker ends';
$server->stop(signal => 'TERM');
$origin->stop;
done_testing;
