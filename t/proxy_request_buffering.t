# Request bodies: with proxy_request_buffering a peer sees a request only when all of it is here, in memory or in a file.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until slurp);
use Test::Sluice::Server;
use Test::Sluice::TcpScript;

my $kLong  = 3_000_000;
my $origin = Test::Sluice::Origin->start;
my $drops  = Test::Sluice::TcpScript->start(query_bytes => 100_000, replies => ['']);
my $server = Test::Sluice::Server->new(
    vars => { ORIGIN_PORT => $origin->port, DROPS_PORT => $drops->port },
    http_config => <<'END2', config => <<'END');
    upstream two { server 127.0.0.1:$TEST_SLUICE_DROPS_PORT weight=1000 max_fails=0; server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT max_fails=0; }
    log_format bodies "$uri $status $request_body_file $upstream_status $upstream_bytes_sent";
    access_log logs/bodies.log bodies;
END2
        client_max_body_size 10m;
        client_body_temp_path logs/temp 1 2;
        location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /off/ { proxy_request_buffering off; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /retry/ { proxy_next_upstream error non_idempotent; proxy_pass http://two/; }
        location /retry-off/ { proxy_next_upstream error non_idempotent; proxy_request_buffering off; proxy_pass http://two/; }
        location /named/ { client_body_in_file_only on; proxy_set_header X-File $request_body_file; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /clean/ { client_body_in_file_only clean; proxy_set_header X-File $request_body_file; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /tiny/ { client_body_buffer_size 1; proxy_set_header X-Body $request_body; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /memory/ { client_body_buffer_size 4m; proxy_set_header X-Body $request_body; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /small/ { client_max_body_size 100k; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /slow/ { client_body_min_rate 1000 200ms; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /patient/ { client_body_min_rate 0; client_body_timeout 300ms; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /own/ { proxy_set_body "of $uri"; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
        location /page/ { error_page 502 = @again; proxy_pass http://127.0.0.1:$TEST_SLUICE_DROPS_PORT/; }
        location @again { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /lua/ {
            client_body_buffer_size 1k;
            error_page 502 = @lua;
            proxy_pass http://127.0.0.1:$TEST_SLUICE_DROPS_PORT/;
        }
        location @lua { content_by_lua_block { ngx.req.read_body() ngx.print(#ngx.req.get_body_data()) } }
END
$server->start;

my $body = join '', map { chr(32 + $_ % 90) } 1 .. $kLong;
sub bodies { return map { $_->{body} } $origin->requests }
sub chunked { my ($text, $size) = @_; my $out = ''; $out .= sprintf("%x\r\n", length $_) . "$_\r\n" for unpack "(a$size)*", $text; return $out . "0\r\n\r\n" }
sub last_body { my $raw = $origin->raw; return $raw =~ /\r\n\r\n(.*)\z/s ? $1 : undef }

subtest 'a peer sees nothing of a request before its end' => sub {
    for my $framing (['length', "Content-Length: 6\r\n\r\n", 'abc', 'def'], ['chunked', "Transfer-Encoding: chunked\r\n\r\n", "3\r\nabc\r\n", "3\r\ndef\r\n0\r\n\r\n"]) {
        my ($name, $head, $first, $rest) = @$framing;
        $origin->reset;
        my $c = $server->connection;
        $c->write_pieces("POST /echo HTTP/1.1\r\nHost: a\r\n$head$first");
        $c->wait_consumed;
        is $server->get('/bytes/1')->header('X-Origin-Connection'), 1, "$name: another request is the first one there";
        unlike $origin->raw, qr/^POST/m, "$name: of this one nothing has come";
        $c->write($rest);
        like $c->read_response->body, qr/^Content-Length: 6\n.*abcdef\z/ms, "$name: then it goes with its length";
    }
};

subtest 'off: it goes as it comes' => sub {
    $origin->reset;
    my $c = $server->connection;
    $c->write("POST /off/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    ok wait_until { $origin->raw =~ /\r\n\r\nabc\z/ }, 'the first half is there';
    $c->write('def');
    like $c->read_response->body, qr/abcdef\z/, 'and then the rest';
};

subtest 'a long body lies in a file without a name' => sub {
    for my $framing ('length', 'chunked') {
        $origin->reset;
        my $c = $server->connection(timeout => 30);
        if ($framing eq 'length') { $c->write("POST /status/200 HTTP/1.1\r\nHost: a\r\nContent-Length: $kLong\r\n\r\n$body") }
        else { $c->write("POST /status/200 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" . chunked($body, 50_000)) }
        is $c->read_response->status, 200, "$framing: answered";
        ok last_body() eq $body, "$framing: the peer has every byte";
        like $origin->raw, qr/^Content-Length: $kLong\r$/m, "$framing: and knows how many";
        is $c->request(GET => '/bytes/3')->body, '012', "$framing: the connection goes on";
    }
    ok !(grep { -f } glob $server->prefix . '/logs/temp/*'), 'nothing is left';
    like slurp($server->prefix . '/logs/bodies.log'), qr{^/status/200 200 /proc/\d+/fd/\d+ 200 \d+$}m, '$request_body_file is something to open while it lasts';
};

subtest 'Expect: 100-continue' => sub {
    my $c = $server->connection;
    $c->write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    like $c->read_until(qr/\r\n\r\n/), qr{^HTTP/1\.1 100 }, 'is answered before the peer is asked';
    $c->write('abc');
    like $c->read_response->body, qr/abc\z/, 'and the body arrives';
};

subtest 'client_body_buffer_size' => sub {
    like $server->request(POST => '/memory/echo', body => 'abcdef')->body, qr/^X-Body: abcdef$/m, 'what fits is $request_body';
    my $c = $server->connection;
    $c->write_pieces("POST /tiny/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n", 'abcdef');
    unlike $c->read_response->body, qr/^X-Body/m, 'what does not is not';
};

subtest 'client_body_in_file_only' => sub {
    my ($path) = $server->request(POST => '/named/echo', body => 'kept')->body =~ /^X-File: (.*)$/m;
    like $path, qr{^\Q@{[ $server->prefix ]}\E/*logs/temp/body-\w+$}, 'on: the file has a name';
    is slurp($path), 'kept', 'on: and stays';
    ($path) = $server->request(POST => '/clean/echo', body => 'gone')->body =~ /^X-File: (.*)$/m;
    ok length $path, 'clean: the file has a name';
    ok wait_until { !-e $path }, 'clean: and goes with the request';
};

subtest 'another peer can be tried' => sub {
    $origin->reset;
    my $c = $server->connection(timeout => 30);
    $c->write("POST /retry/status/200 HTTP/1.1\r\nHost: a\r\nContent-Length: $kLong\r\n\r\n$body");
    is $c->read_response->status, 200, 'with a long body';
    ok last_body() eq $body, 'which arrives whole at the second';
    like slurp($server->prefix . '/logs/bodies.log'), qr{^/retry/status/200 200 \S+ 502, 200 }m, 'after the first failed';
    $c = $server->connection(timeout => 30);
    $c->write("POST /retry-off/status/200 HTTP/1.1\r\nHost: a\r\nContent-Length: $kLong\r\n\r\n$body");
    is $c->read_response->status, 502, 'but not without proxy_request_buffering: its beginning is gone';
};

subtest 'another location can be tried' => sub {
    $origin->reset;
    my $c = $server->connection(timeout => 30);
    $c->write("POST /page/status/200 HTTP/1.1\r\nHost: a\r\nContent-Length: $kLong\r\n\r\n$body");
    is $c->read_response->status, 200, 'with the body';
    ok last_body() eq $body, 'which arrives whole';
    $c = $server->connection(timeout => 30);
    $c->write("POST /lua/x HTTP/1.1\r\nHost: a\r\nContent-Length: $kLong\r\n\r\n$body");
    is $c->read_response->body, $kLong, 'Lua can read it, too';
};

subtest 'client_max_body_size with chunks' => sub {
    my $c = $server->connection(timeout => 30);
    my $mark = $server->log_mark;
    $origin->reset;
    $c->write("POST /small/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" . chunked('x' x 110_000, 10_000));
    is $c->read_response->status, 413, 'is a 413';
    ok $server->wait_for_log(qr/client intended to send too large chunked body: \d+ bytes/, $mark), 'which the log tells';
    is $origin->raw, '', 'and no peer has seen anything';
    $c = $server->connection;
    $c->write("POST /small/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" . chunked('x' x 102_400, 10_240));
    is $c->read_response->status, 200, 'at the limit it fits';
};

subtest 'client_body_min_rate' => sub {
    my $mark = $server->log_mark;
    $origin->reset;
    my $c = $server->connection;
    $c->write("POST /slow/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc");
    is $c->read_response->status, 408, 'too slow a body is a 408';
    is $origin->raw, '', 'and no peer was occupied';
    $c = $server->connection;
    $c->write("POST /slow/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdef");
    is $c->read_response->status, 200, 'a quick one passes';
    $c = $server->connection;
    $c->write("POST /patient/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    is $c->read_response->status, 408, 'without it client_body_timeout counts';
};

subtest 'a client that leaves in the middle of its body' => sub {
    $origin->reset;
    my $c = $server->connection;
    $c->write("POST /gone HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\nabc");
    $c->wait_consumed;
    $c->close;
    ok wait_until { slurp($server->prefix . '/logs/bodies.log') =~ m{^/gone 4\d\d }m }, 'is logged';
    is $origin->raw, '', 'and no peer was occupied';
};

subtest 'proxy_set_body' => sub {
    my $c = $server->connection;
    like $c->request(POST => '/own/echo', body => 'abc')->body, qr/^Content-Length: 12\n.*\nof \/own\/echo\z/ms, 'instead of the client\'s';
    like $c->request(GET => '/own/echo')->body, qr/^Content-Length: 12\n.*\nof \/own\/echo\z/ms, 'and where the client has none';
    is $c->request(GET => '/bytes/3')->body, '012', 'the connection goes on';
};

$server->stop;
$_->stop for $origin, $drops;
done_testing;
