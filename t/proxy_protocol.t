# `listen ... proxy_protocol`: what a balancer in front says about the connection.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Http;
use Test::Sluice::Server;

my $server = Test::Sluice::Server->new(
    http_config => <<'CONF',
    log_format proxied '$remote_addr $proxy_protocol_addr';
    server {
        listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_1 proxy_protocol;
        client_header_timeout 60s;
        location / {
            return 200 "$remote_addr [$proxy_protocol_addr]:[$proxy_protocol_port] [$proxy_protocol_server_addr]:[$proxy_protocol_server_port]";
        }
        location /tlv {
            return 200 "[$proxy_protocol_tlv_alpn][$proxy_protocol_tlv_authority][$proxy_protocol_tlv_0x05][$proxy_protocol_tlv_ssl_version][$proxy_protocol_tlv_ssl_cn][$proxy_protocol_tlv_ssl_verify]";
        }
        location /lua { content_by_lua_block { ngx.print(tostring(ngx.var.proxy_protocol_addr), " ", tostring(ngx.var.proxy_protocol_tlv_alpn)) } }
    }
    server {
        listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
        server_name realip;
        set_real_ip_from 127.0.0.1;
        real_ip_header proxy_protocol;
        location / { return 200 "$remote_addr:$remote_port $realip_remote_addr"; }
    }
    server {
        listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_2 proxy_protocol;
        client_header_timeout 100ms;
        location / { return 200 "in time"; }
    }
CONF
    config => 'location / { return 200 "[$proxy_protocol_addr]"; }');
my $port = $server->rand_port(1);
$server->start;

sub connection { return Test::Sluice::Http->connect(port => $_[0] || $port) }

my $request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

# answer: the body that a connection with these first bytes gets; empty: it was closed without a response.
sub answer {
    my ($bytes, %option) = @_;
    my $c = connection();
    if (my $step = $option{step}) {
        for (my $at = 0; $at < length $bytes; $at += $step) {
            $c->write(substr $bytes, $at, $step);
            $c->wait_consumed;
        }
    } else {
        $c->write($bytes);
    }
    my $all = $c->read_all;
    return $all =~ /\r\n\r\n(.*)\z/s ? $1 : $all;
}

sub v2 {
    my ($command, $family, $block) = @_;
    return "\r\n\r\n\0\r\nQUIT\n" . pack('CCn', $command, $family, length $block) . $block;
}
sub tlv { return pack('Cn', $_[0], length $_[1]) . $_[1] }

# --- version 1

is answer("PROXY TCP4 192.0.2.1 192.0.2.2 1024 443\r\n$request"), '127.0.0.1 [192.0.2.1]:[1024] [192.0.2.2]:[443]', 'TCP4';
is answer("PROXY TCP6 2001:db8::1 ::1 65535 0\r\n$request"), '127.0.0.1 [2001:db8::1]:[65535] [::1]:[0]', 'TCP6';
is answer("PROXY UNKNOWN\r\n$request"), '127.0.0.1 []:[] []:[]', 'UNKNOWN';
is answer("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n$request"), '127.0.0.1 []:[] []:[]', 'UNKNOWN with more';
is answer("PROXY TCP4 192.0.2.1 192.0.2.2 1024 443\r\n$request", step => 1), '127.0.0.1 [192.0.2.1]:[1024] [192.0.2.2]:[443]', 'byte by byte';
is answer('PROXY UNKNOWN ' . 'x' x 91 . "\r\n$request"), '127.0.0.1 []:[] []:[]', '107 bytes';

my $longest = 'PROXY TCP6 ' . join(' ', ('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff') x 2, 65535, 65535) . "\r\n";
like answer("$longest$request"), qr/\[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\]:\[65535\]$/, 'the longest addresses';

# --- version 2

my $v4 = pack('C4C4nn', 192, 0, 2, 1, 192, 0, 2, 2, 1024, 443);
my $v6 = pack('n8n8nn', 0x2001, 0xdb8, (0) x 5, 1, (0) x 7, 1, 1024, 443);
is answer(v2(0x21, 0x11, $v4) . $request), '127.0.0.1 [192.0.2.1]:[1024] [192.0.2.2]:[443]', 'v2: TCP over IPv4';
is answer(v2(0x21, 0x21, $v6) . $request), '127.0.0.1 [2001:db8::1]:[1024] [::1]:[443]', 'v2: TCP over IPv6';
is answer(v2(0x21, 0x11, $v4) . $request, step => 1), '127.0.0.1 [192.0.2.1]:[1024] [192.0.2.2]:[443]', 'v2: byte by byte';
is answer(v2(0x20, 0x11, $v4) . $request), '127.0.0.1 []:[] []:[]', 'v2: LOCAL';
is answer(v2(0x20, 0, '') . $request), '127.0.0.1 []:[] []:[]', 'v2: LOCAL and empty';
is answer(v2(0x21, 0, 'x' x 30) . $request), '127.0.0.1 []:[] []:[]', 'v2: no family';
is answer(v2(0x21, 0x31, 'x' x 216) . $request), '127.0.0.1 []:[] []:[]', 'v2: a Unix socket';
is answer(v2(0x21, 0x12, $v4) . $request), '127.0.0.1 []:[] []:[]', 'v2: datagrams';

(my $tlvs = $request) =~ s{/}{/tlv};
my $ssl = tlv(0x20, pack('CN', 7, 3_000_000_000) . tlv(0x21, 'TLSv1.3') . tlv(0x22, 'client'));
is answer(v2(0x21, 0x11, $v4 . tlv(1, 'h2') . tlv(2, 'a.example') . tlv(5, '') . $ssl) . $tlvs), '[h2][a.example][][TLSv1.3][client][3000000000]', 'v2: extensions';
is answer(v2(0x21, 0x11, $v4 . tlv(4, 'x' x 1000) . tlv(1, 'h2')) . $tlvs), '[h2][][][][][]', 'v2: behind others';
(my $lua = $request) =~ s{/}{/lua};
like answer("PROXY UNKNOWN\r\n$lua"), qr/^nil nil\r?$/m, 'nil in Lua when there is none';

# --- what is none

my $mark = $server->log_mark;
my %broken = (
    'no header'                => $request,
    'another word'             => "PROXX TCP4 1.1.1.1 1.1.1.2 1 2\r\n$request",
    'lower case'               => "proxy TCP4 1.1.1.1 1.1.1.2 1 2\r\n$request",
    'an unknown family'        => "PROXY TCP5 1.1.1.1 1.1.1.2 1 2\r\n$request",
    'two spaces'               => "PROXY TCP4  1.1.1.1 1.1.1.2 1 2\r\n$request",
    'a space at the end'       => "PROXY TCP4 1.1.1.1 1.1.1.2 1 2 \r\n$request",
    'one word more'            => "PROXY TCP4 1.1.1.1 1.1.1.2 1 2 3\r\n$request",
    'one word less'            => "PROXY TCP4 1.1.1.1 1.1.1.2 1\r\n$request",
    'a port too large'         => "PROXY TCP4 1.1.1.1 1.1.1.2 65536 2\r\n$request",
    'a port with a zero'       => "PROXY TCP4 1.1.1.1 1.1.1.2 01 2\r\n$request",
    'IPv6 as TCP4'             => "PROXY TCP4 ::1 ::2 1 2\r\n$request",
    'IPv4 as TCP6'             => "PROXY TCP6 1.1.1.1 1.1.1.2 1 2\r\n$request",
    'no address'               => "PROXY TCP4 1.1.1.256 1.1.1.2 1 2\r\n$request",
    'a bare line feed'         => "PROXY TCP4 1.1.1.1 1.1.1.2 1 2\n$request",
    '108 bytes'                => 'PROXY UNKNOWN ' . 'x' x 92 . "\r\n$request",
    'v2: another signature'    => "\r\n\r\n\0\r\nQUIX\n" . "\x21\x11\0\x0c$v4$request",
    'v2: version 1'            => v2(0x11, 0x11, $v4) . $request,
    'v2: an unknown command'   => v2(0x22, 0x11, $v4) . $request,
    'v2: an unknown family'    => v2(0x21, 0x41, $v4) . $request,
    'v2: an unknown transport' => v2(0x21, 0x13, $v4) . $request,
    'v2: too short'            => v2(0x21, 0x11, substr $v4, 1) . $request,
    'v2: too long'             => v2(0x21, 0x11, $v4 . tlv(4, 'x' x 4066)) . $request,
    'v2: 65535'                => "\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff$v4$request",
    'v2: half an extension'    => v2(0x21, 0x11, $v4 . "\1\0") . $request,
    'v2: a long extension'     => v2(0x21, 0x11, $v4 . "\1\0\3h2") . $request,
    'v2: an extension in TLS'  => v2(0x21, 0x11, $v4 . tlv(0x20, pack('CN', 1, 0) . "\x21\0\5TLS")) . $request,
    'v2: half of TLS'          => v2(0x21, 0x11, $v4 . tlv(0x20, "\1\0\0\0")) . $request,
);
is answer($broken{$_}), '', "closed: $_" for sort keys %broken;
like $server->log, qr/broken header while reading PROXY protocol: line too long, client: 127\.0\.0\.1, server: 127\.0\.0\.1:$port/, 'and the log says why';
my @lines = $server->log =~ /broken header while reading/g;
is scalar @lines, scalar(keys %broken), 'each time';
is length v2(0x21, 0x11, $v4 . tlv(4, 'x' x 4065)), 4096, 'the largest header';
like answer(v2(0x21, 0x11, $v4 . tlv(4, 'x' x 4065)) . $request), qr/192\.0\.2\.1/, 'is accepted';

# --- together with the rest

my $c = connection();
$c->write("PROXY TCP4 192.0.2.1 192.0.2.2 1024 443\r\n");
$c->wait_consumed;
is $c->request(GET => '/')->body, '127.0.0.1 [192.0.2.1]:[1024] [192.0.2.2]:[443]', 'the request comes later';
is $c->request(GET => '/', headers => ['Host: realip'])->body, '192.0.2.1:1024 127.0.0.1', 'real_ip_header proxy_protocol, on the same connection';
is $server->reload, 0, 'a reload';
is $c->request(GET => '/')->body, '127.0.0.1 [192.0.2.1]:[1024] [192.0.2.2]:[443]', 'the connection remembers';
$c->close;
is $server->get('/')->body, '[]', 'another listener wants no header';

my $late = connection($server->rand_port(2));
$late->write('PROXY TCP4');
is $late->read_all, '', 'half a header is waited for as long as client_header_timeout says';
ok $server->wait_for_log(qr/broken header while reading PROXY protocol: timed out, client/), 'and the log says so';
my $silent = connection($server->rand_port(2));
is $silent->read_all, '', 'none, as well';
my $gone = connection();
$gone->write('PROXY TCP4');
$gone->shutdown_write;
is $gone->read_all, '', 'an end within the header';
$server->stop;
done_testing;
