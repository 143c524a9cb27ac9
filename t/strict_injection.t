# What a client puts into variables never becomes a line of a head, a line of a log, or a variable again.
use strict;
use warnings;
use lib 't/lib';
use JSON::PP;
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my $origin = Test::Sluice::Origin->start;
my $server = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port }, http_config => <<'END2', config => <<'END');
    log_format json escape=json '{"x":"$http_x","agent":"$http_user_agent","uri":"$uri","args":"$args","cookie":"$cookie_a","line":"$request"}';
    log_format plain '[$http_x] [$http_user_agent]';
    map $arg_u $mapped { default $arg_u; ~^x(?<rest>.*) $rest; }
END2
        location /redirect { return 302 $arg_u; }
        location /redirect/path { return 302 $uri; }
        location /add { add_header X-U $arg_u always; add_header X-Uri $uri; add_header X-Map $mapped; return 200 "ok\n"; }
        location ~ ^/rewrite/(?<rest>.*)$ { return 301 /$rest; }
        location ~ ^/rewrite-break/(.*)$ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/$1; }
        location /upstream { proxy_set_header X-U $arg_u; proxy_set_header X-Uri $uri; proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /lua {
            content_by_lua_block {
                ngx.header["X-U"] = ngx.unescape_uri(ngx.var.arg_u)
                ngx.header[ngx.unescape_uri(ngx.var.arg_n or "X-N")] = "n"
                ngx.say("ok")
            }
        }
        location /lua/redirect { content_by_lua_block { ngx.redirect(ngx.unescape_uri(ngx.var.arg_u)) } }
        location /lua/list { content_by_lua_block { ngx.header["Set-Cookie"] = {"a=1", ngx.unescape_uri(ngx.var.arg_u)} ngx.say("ok") } }
        location /lua/upstream {
            access_by_lua_block {
                ngx.req.set_header("X-U", ngx.unescape_uri(ngx.var.arg_u))
                ngx.req.set_header(ngx.unescape_uri(ngx.var.arg_n or "X-N"), "n")
            }
            proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
        }
        location /lua/log { content_by_lua_block { ngx.log(ngx.ERR, "says ", ngx.unescape_uri(ngx.var.arg_u)) ngx.say("ok") } }
        location /template { set $a $arg_u; add_header X-A "$a"; return 200 "$a $arg_u\n"; }
        location /json { access_log logs/access.log json; return 204; }
        location /plain { access_log logs/access.log plain; return 204; }
        location /refused { proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
END
$server->start;

my $split   = '%0d%0aX-Evil:%201%0d%0a%0d%0aHTTP/1.1%20200%20OK%0d%0aContent-Length:%200';
my @endings = ($split, '%0aX-Evil:1', '%0dX-Evil:1', 'a%00b', '%0d%0a%0d%0a<script>', 'a%0d%0a%20X-Evil:1');

# answers: the raw responses to a GET of TARGET and to another request behind it, until the connection ends.
sub answers {
    my ($target) = @_;
    my $c = $server->connection;
    $c->write("GET $target HTTP/1.1\r\nHost: a\r\n\r\nGET /template?u=behind HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    return $c->read_all(5);
}

# one_line: no head in BYTES has a field that the client wanted, and there are as many responses as requests, or fewer.
sub no_more_lines {
    my ($name, $bytes) = @_;
    unlike $bytes, qr/^X-Evil/mi, "$name - no further field";
    unlike $bytes, qr/[^\r]\n(?=[^\r]*HTTP\/1\.1 |Content-Length)|\0/, "$name - no bare line end, no NUL" if $bytes !~ /<html>|ok\n|behind/;
    my $responses = () = $bytes =~ /^HTTP\/1\.1 \d\d\d /mg;
    cmp_ok $responses, '<=', 2, "$name - no further response";
    cmp_ok $responses, '>=', 1, "$name - one at least";
}

for my $ending (@endings) {
    no_more_lines("$_$ending", answers("$_$ending"))
        for '/redirect?u=', '/redirect/path', '/add?u=', '/add/', '/rewrite/', '/lua?u=', '/lua?u=a&n=X', '/lua/redirect?u=/', '/lua/list?u=', '/template?u=',
            '/add?u=x';
    for my $target ("/upstream?u=$ending", "/upstream$ending", "/rewrite-break/$ending", "/lua/upstream?u=$ending", "/lua/upstream?u=a&n=X$ending") {
        $origin->reset;
        my $bytes = answers($target);
        unlike $origin->raw, qr/^X-Evil|\0|[^\r]\n/mi, "$target - no further line to the upstream";
        is scalar(grep { $_->{target} !~ m{^/(?:upstream|lua|a|%)} } $origin->requests), 0, "$target - no further request";
        no_more_lines($target, $bytes);
    }
}

# A value with a line end is left out and said so, or the request fails; other values of the response stay.
my $mark = $server->log_mark;
my $response = $server->get('/lua?u=a%0d%0ab');
ok !defined $response->header('X-U') || $response->header('X-U') !~ /[\r\n]/, 'a field that Lua makes of it is no two lines';

# What looks like a variable is text.
$response = $server->get('/template?u=$uri${host}{{7*7}}');
is $response->body, "\$uri\${host}{{7*7}} \$uri\${host}{{7*7}}\n", 'a variable in a variable is text';
is $response->header('X-A'), '$uri${host}{{7*7}}', 'in a field, too';

# The access log: one line for each request, whatever its bytes, and JSON where JSON is asked for.
srand 20;
my @bytes = map { chr } 0x20 .. 0x7e, 0x80 .. 0xff, 9;
sub noise { my ($most) = @_; return join '', map { $bytes[rand @bytes] } 1 .. 1 + int rand $most }
my $rounds = 400;
my (%sent, $c);
for my $i (1 .. $rounds) {
    my %field = (X => 'x' . noise(60) . 'x', 'User-Agent' => 'u' . noise(200) . 'u', Cookie => 'a=' . noise(20) . 'z');
    my $path  = '/json/' . $i . join '', map { sprintf '%%%02x', ord } grep { !/[\/.;\\]|\xc0/ } split //, noise(20);
    $c ||= $server->connection;
    $c->write("GET $path?$i HTTP/1.1\r\nHost: a\r\n" . join('', map { "$_: $field{$_}\r\n" } sort keys %field) . "\r\n");
    my $status = $c->read_response->status;
    if ($status != 204) { fail "request $i: $status"; undef $c }
    $sent{$i} = \%field;
}
my @lines;
wait_until { (@lines = grep { /^\{/ } split /\n/, $server->access_log) == $rounds };
is scalar(@lines), $rounds, 'a line for each';
my ($broken, $different) = (0, 0);
for my $line (@lines) {
    my $value = eval { JSON::PP->new->utf8->decode($line) };
    if (!$value) { $broken++; diag "$line: $@" if $broken < 4; next }
    my $valid = $sent{ $value->{args} }{X} =~ s/^\s+|\s+$//gr;
    $different++ if utf8::decode($valid) && $valid ne $value->{x};
}
is $broken,    0, 'each is JSON';
is $different, 0, 'and what is UTF-8 comes back as it was sent';

$c = $server->connection;
my $agent = "\x80\xff\"\\" . 'a' x 6000;
$c->write("GET /plain HTTP/1.1\r\nHost: a\r\nX: \"] [\xc3\xa9\t\\x0a\r\nUser-Agent: $agent\r\n\r\n");
is $c->read_response->status, 204, 'quotes, high bytes, a long agent';

# The error log: one line, too.
$server->get("/refused/%1b%5b31m%22?u=\"");
ok $server->wait_for_log(qr/Connection refused/), 'an error';
$server->get('/lua/log?u=a%1b%5b0m%00%07');
ok $server->wait_for_log(qr/says a/), 'what Lua logs';
$server->get('/a%0a');
ok $server->wait_for_log(qr/forbidden encoded byte/), 'a refused request';
like $server->access_log, qr/^\[\\x22\] \[\\xC3\\xA9\\x09\\x5Cx0a\] \[\\x80\\xFF\\x22\\x5C(?:a{6000})\]$/m, 'the access log escapes what is not plain' or diag $server->access_log;
unlike $server->log, qr/[\x00-\x08\x0b-\x1f\x7f]/, 'no control character is in the error log';

$server->stop;

$origin->stop;
done_testing;
