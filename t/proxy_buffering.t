# A client that takes its time: with proxy_buffering the upstream is free before it; without, the upstream waits. Nothing that comes is
# held back from a client that takes it.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my $kLong   = 20_000_000;
my $origin  = Test::Sluice::Origin->start;
my $server  = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port }, http_config => <<'HTTP', config => <<'END');
    upstream origin { server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT max_conns=1; }
HTTP
        send_timeout 30s;
        proxy_temp_path logs/temp;
        location / { proxy_pass http://origin; }
        location /off/ { proxy_buffering off; proxy_pass http://origin/; }
        location /no-file/ { proxy_max_temp_file_size 0; proxy_pass http://origin/; }
        location /small-file/ { proxy_max_temp_file_size 1m; proxy_pass http://origin/; }
        location /memory/ { proxy_max_temp_file_size 0; proxy_buffers 4000 8k; proxy_pass http://origin/; }
        location /filtered/ {
            body_filter_by_lua_block { ngx.arg[1] = ngx.arg[1]:gsub("0", "x") }
            header_filter_by_lua_block { ngx.header.content_length = nil }
            proxy_pass http://origin/;
        }
        location /rate/ { proxy_limit_rate 20000; proxy_pass http://origin/; }
        location /trailers/ { proxy_pass_trailers on; proxy_pass http://origin/; }
END
$server->start;

sub pattern { my ($bytes) = @_; return substr '0123456789' x (1 + $bytes / 10), 0, $bytes }

# slow_client: asks for TARGET and reads nothing yet.
sub slow_client {
    my ($target) = @_;
    $origin->reset;
    my $c = $server->connection(timeout => 30);
    $c->write("GET $target HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until { scalar $origin->requests };
    return $c;
}

# The peer takes one request at a time: another is refused until it is free.
sub the_peer_is_free { return wait_until { $server->get('/bytes/1')->status == 200 } }

for my $case (['a known length', "/bytes/$kLong"], ['chunks', "/chunked-bytes/$kLong"], ['a filter', "/filtered/chunked-bytes/$kLong"],
              ['memory alone', "/memory/bytes/$kLong"]) {
    my ($name, $target) = @$case;
    my $c = slow_client($target);
    ok the_peer_is_free(), "$name: the peer is free although the client has read nothing";
    (my $expected = pattern($kLong)) =~ tr/0/x/ if $target =~ /filtered/;
    $expected //= pattern($kLong);
    ok $c->read_response->body eq $expected, "$name: the client gets every byte";
    is $c->request(GET => '/bytes/3')->body, '012', "$name: its connection goes on";
}

for my $case (['off', "/off/bytes/$kLong"], ['off, with chunks', "/off/chunked-bytes/$kLong"], ['no file', "/no-file/bytes/$kLong"],
              ['a small file', "/small-file/chunked-bytes/$kLong"]) {
    my ($name, $target) = @$case;
    my $c = slow_client($target);
    is $server->get('/bytes/1')->status, 502, "$name: the peer waits for the client" for 1 .. 3;
    ok $c->read_response->body eq pattern($kLong), "$name: the client gets every byte";
}

subtest 'X-Accel-Buffering decides' => sub {
    my $reply = sub { my ($wish) = @_; return "/raw?data=" . join '', map { sprintf '%%%02x', ord } split //, "HTTP/1.1 200 OK\r\nContent-Length: $_[1]\r\nX-Accel-Buffering: $wish\r\n\r\n" };
    # The origin sends the head alone, then nothing: only that the head arrives is to be seen here, and that the field is hidden.
    my $c = $server->connection;
    $c->write('GET ' . $reply->('no', 0) . " HTTP/1.1\r\nHost: a\r\n\r\n");
    my $response = $c->read_response;
    is $response->status, 200, 'a response';
    is $response->header('X-Accel-Buffering'), undef, 'without the field';
};

subtest 'a client that leaves while something is kept for it' => sub {
    my $c = slow_client("/chunked-bytes/$kLong");
    ok the_peer_is_free(), 'all of it is kept';
    $c->reset;
    ok wait_until { $server->access_log =~ m{"GET /chunked-bytes/$kLong HTTP/1\.1" 200 \d+} }, 'ends its request';
    ok !glob($server->prefix . '/logs/temp/*'), 'and no file has a name';
};

subtest 'a peer that ends too early while something is kept' => sub {
    my $c = slow_client("/truncated?n=1");
    my $response = $c->read_response;
    like $response->error, qr/^(?:truncated body|reset)$/, 'the client learns it';
};

subtest 'proxy_limit_rate' => sub {
    my $response = $server->get('/rate/bytes/30000');
    ok $response->body eq pattern(30000), 'every byte arrives';
};

subtest 'proxy_pass_trailers' => sub {
    my $c = $server->connection;
    $c->write("GET /trailers/chunked?n=2&trailer=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    like $c->read_all, qr/chunk 2\n\r\n0\r\nX-Trailer: end\r\n\r\n\z/, 'on: they follow';
    $c = $server->connection;
    $c->write("GET /chunked?n=2&trailer=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    like $c->read_all, qr/chunk 2\n\r\n0\r\n\r\n\z/, 'off: they do not';
};

subtest 'mistakes' => sub {
    my %error = (
        'proxy_buffers 1 8k;'                    => qr/there must be at least 2 "proxy_buffers"/,
        'proxy_buffers 8 0;'                     => qr/"proxy_buffers" directive invalid value/,
        'proxy_buffers 8;'                       => qr/invalid number of arguments in "proxy_buffers" directive/,
        'proxy_limit_rate fast;'                 => qr/"proxy_limit_rate" directive invalid value/,
        'proxy_temp_path logs/t 4;'              => qr/invalid value "4"/,
        'client_body_temp_path logs/t 0;'        => qr/invalid value "0"/,
        'client_body_in_file_only maybe;'        => qr/invalid value "maybe"/,
        'client_body_min_rate 10 x;'             => qr/"client_body_min_rate" directive invalid value/,
        'proxy_force_ranges on;'                 => qr/the value "on" of "proxy_force_ranges" is not supported/,
        'proxy_cache zone;'                      => qr/the value "zone" of "proxy_cache" is not supported, only "off"/,
        'proxy_store on;'                        => qr/unknown directive "proxy_store"/,
        'proxy_bind here;'                       => qr/invalid address "here"/,
        'proxy_bind 127.0.0.1 opaque;'           => qr/invalid parameter "opaque"/,
        'proxy_next_upstream sometimes;'         => qr/invalid value "sometimes"/,
        'proxy_http_version 3;'                  => qr/invalid value "3"/,
    );
    for my $line (sort keys %error) {
        my $got = Test::Sluice::Server->new(config => $line)->command('-t');
        isnt $got->{status}, 0, $line;
        like $got->{stderr}, $error{$line}, "$line says why";
    }
    my $tuned = Test::Sluice::Server->new(config => 'proxy_busy_buffers_size 16k; proxy_temp_file_write_size 16k; proxy_send_lowat 0; proxy_headers_hash_max_size 512; proxy_headers_hash_bucket_size 64; proxy_force_ranges off;');
    is $tuned->command('-t')->{status}, 0, 'what has no effect here is accepted';
};

ok $server->stop, 'a clean end';
$origin->stop;
done_testing;
