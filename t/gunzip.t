# gunzip, and what filters do with streams: nothing waits in a filter, nothing grows without a limit.
use strict;
use warnings;
use lib 't/lib';
use Compress::Raw::Zlib qw(Z_OK Z_STREAM_END WANT_GZIP);
use IO::Compress::Gzip ();
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

sub gzip { my ($text) = @_; IO::Compress::Gzip::gzip(\$text, \my $packed, -Minimal => 1); return $packed }

# Responses of an upstream as static files, so that they may be any bytes.
my $page   = join '', map {"line $_ of a page\n"} 1 .. 2_000;
my $random = join '', map { chr int rand 256 } 1 .. 200_000;
my $origin = Test::Sluice::Origin->start;
my $server = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port }, http_config => <<'END', config => <<'END2');
    server {
        listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
        root $TEST_SLUICE_HTML_DIR;
        location / { default_type text/html; add_header Content-Encoding gzip; add_header ETag '"x"'; add_header Accept-Ranges bytes; }
    }
    gzip_vary on;
END
        location /metrics { metrics; }
        location / { gunzip on; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
        location /size/ { gunzip on; gunzip_max_size 100k; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/; }
        location /dense/ { gunzip on; gunzip_max_ratio 0; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/; }
        location /sse { gzip on; gzip_types *; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /replaced/ {
            gunzip on; gzip on; sub_filter_once off; sub_filter page book;
            proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1/;
        }
END2
$server->write_files('page' => gzip($page), 'random' => gzip($random), 'two' => gzip('one') . gzip('two'), 'empty' => gzip(''),
    'cut' => substr(gzip($random), 0, 100_000), 'plain' => "this is no gzip at all\n", 'bomb' => gzip("\0" x 20_000_000));
$server->start;

sub ask {
    my ($path, @fields) = @_;
    my $c = $server->connection(timeout => 20);
    $c->write(join "\r\n", "GET $path HTTP/1.1", 'Host: a', 'Connection: close', @fields, '', '');
    return $c->read_response;
}

sub is_big { my ($got, $expected, $name) = @_; ok $got eq $expected, $name or diag length($got) . ' bytes, not ' . length $expected }

sub hits { return $server->get('/metrics')->body =~ /^sluice_limit_hits_total\{limit="gunzip"\} (\d+)/m ? $1 : 'none' }

subtest 'for a client that does not accept it' => sub {
    my $response = ask('/page');
    is_big $response->body, $page, 'the page as it was';
    is $response->header($_->[0]), $_->[1], "$_->[0]: " . ($_->[1] // 'none')
        for ['Content-Encoding', undef], ['Content-Length', undef], ['ETag', 'W/"x"'], ['Accept-Ranges', undef], ['Vary', 'Accept-Encoding'];
    is_big ask('/random')->body, $random, 'what cannot be compressed';
    is ask('/two')->body, 'onetwo', 'two members';
    is ask('/empty')->body, '', 'nothing';
};

subtest 'for a client that does' => sub {
    my $response = ask('/page', 'Accept-Encoding: gzip');
    is $response->header('Content-Encoding'), 'gzip', 'it passes';
    is_big $response->body, gzip($page), 'byte for byte';
    is $response->header('Vary'), 'Accept-Encoding', 'Vary';
};

subtest 'what is broken never looks complete' => sub {
    my $cut = ask('/cut');
    is $cut->error, 'truncated body', 'cut off';
    isnt ask('/plain')->error, '', 'no gzip';
    ok $server->wait_for_log(qr/inflate\(\) misses the end/), 'logged';
    ok $server->wait_for_log(qr/inflate\(\) failed/), 'logged';
};

subtest 'limits' => sub {
    is hits(), 0, 'not hit yet';
    isnt ask('/size/random')->error, '', 'over gunzip_max_size';
    is hits(), 1, 'counted';
    is_big ask('/size/page')->body, $page, 'below it';
    isnt ask('/bomb')->error, '', 'over gunzip_max_ratio';
    is hits(), 2, 'counted';
    is length ask('/dense/bomb')->body, 20_000_000, 'no limit';
    ok $server->wait_for_log(qr/over gunzip_max_size/), 'the log names the one';
    ok $server->wait_for_log(qr/over gunzip_max_ratio/), 'and the other';
};

subtest 'events of a compressed stream arrive one by one' => sub {
    my $c = $server->connection;
    $c->write("GET /sse?n=3&id=x HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    my $response = $c->read_head;
    is $response->header('Content-Encoding'), 'gzip', 'compressed';
    my ($inflate) = Compress::Raw::Zlib::Inflate->new(-WindowBits => WANT_GZIP);
    my $text = '';
    my $status = Z_OK;
    my $more = sub {
        my $bytes = $c->read_body($response);
        return 0 unless defined $bytes && length $bytes;
        $status = $inflate->inflate($bytes, my $out);
        $text .= $out;
        return 1;
    };
    for my $i (1 .. 3) {
        $origin->trigger('x');
        1 while $text !~ /data: event $i\n/ && $more->();
        like $text, qr/data: event $i\n/, "event $i before the next is sent";
    }
    1 while $more->();
    cmp_ok $status, '==', Z_STREAM_END, 'complete';
};

subtest 'decompressed, replaced, compressed: in this order' => sub {
    my $response = ask('/replaced/page', 'Accept-Encoding: identity');
    is_big $response->body, $page =~ s/page/book/gr, 'replaced';
    $response = ask('/replaced/page', 'Accept-Encoding: gzip');
    is_big $response->body, gzip($page), 'a client that accepts gzip gets what the upstream has';
};

$server->stop(allowed => [qr/inflate|gunzip/]);
done_testing;
