# The client's fields on their way to the upstream: as they came where they are in good form, otherwise written anew; in their order.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Server;

my $origin = Test::Sluice::Origin->start;
my $server = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port }, config => <<'END');
        set $empty "";
        location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
        location /set {
            proxy_set_header X-One first;
            proxy_set_header X-Query $args;
            proxy_set_header X-Fixed fixed;
            proxy_set_header X-Two "";
            proxy_set_header X-Three $empty;
            proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
        }
        location /variables { set $to 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; proxy_set_header X-Fixed fixed; proxy_pass http://$to; }
        location /lua {
            access_by_lua_block {
                ngx.req.set_header("X-Two", "changed")
                ngx.req.clear_header("X-Five")
                ngx.req.set_header("X-New", "new")
            }
            proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
        }
END
$server->start;

# what_arrives: the lines behind the request line that the origin gets when the client sends FIELDS to TARGET.
sub what_arrives {
    my ($target, @fields) = @_;
    $origin->reset;
    my $c = $server->connection;
    $c->write("GET $target HTTP/1.1\r\nHost: a\r\n" . join('', map { "$_\r\n" } @fields) . "\r\n");
    is $c->read_response->status, 200, "$target answers";
    my ($line, @lines) = split /\r\n/, $origin->raw;
    return @lines;
}
my $host   = 'Host: 127.0.0.1:' . $origin->port;
my @fields = ('X-One: 1', 'X-Two:2', 'X-Three:   3', 'X-Four: 4  ', 'Connection: X-Gone', 'X-Gone: x', 'X-Five: 5', 'X-Empty:', 'X-Blank: ',
              "X-Tab:\tt", "X-Tail: t\t", 'x_under: u', 'X-Six: 6', 'x-one: again', 'Accept: */*');

is_deeply [what_arrives('/', @fields)],
    [$host, 'X-One: 1', 'X-Two: 2', 'X-Three: 3', 'X-Four: 4', 'X-Five: 5', 'X-Empty: ', 'X-Blank: ', 'X-Tab: t', 'X-Tail: t', 'X-Six: 6',
     'x-one: again', 'Accept: */*'], 'blanks are put in order, what is hop by hop is gone, everything else is there';
is_deeply [what_arrives('/')], [$host], 'no fields';
is_deeply [what_arrives('/', 'Connection: close')], [$host], 'nothing that passes';
is_deeply [what_arrives('/', 'A: 1', 'TE: trailers', 'B: 2')], [$host, 'A: 1', 'B: 2'], 'one in the middle that does not pass';
is_deeply [what_arrives('/set?q', @fields[0 .. 3])], [$host, 'X-One: first', 'X-Query: q', 'X-Fixed: fixed', 'X-Four: 4'], 'proxy_set_header';
is_deeply [what_arrives('/set', 'X-Four: 4')], [$host, 'X-One: first', 'X-Fixed: fixed', 'X-Four: 4'], 'with a variable that is empty';
is_deeply [what_arrives('/variables', 'A: 1')], [$host, 'X-Fixed: fixed', 'A: 1'], 'a target of variables';
is_deeply [what_arrives('/lua', map { s/ +$//r } @fields[0, 1, 3, 6, 12])],
    [$host, 'X-One: 1', 'X-Two: changed', 'X-Four: 4', 'X-Six: 6', 'X-New: new'], 'fields that Lua has changed, removed and added';
is_deeply [what_arrives('/', map { "X-$_: " . 'v' x $_ } 1 .. 60)], [$host, map { "X-$_: " . 'v' x $_ } 1 .. 60], 'many';

# OPTIONS goes as many hops as Max-Forwards says (RFC 9110, 7.6.2). The other methods' is none of a gateway's business.
for my $case (['2', 'Max-Forwards: 1'], ['1', 'Max-Forwards: 0'], ['many', 'Max-Forwards: many'], ['-1', 'Max-Forwards: -1']) {
    my ($hops, $arrives) = @$case;
    $origin->reset;
    is $server->request(OPTIONS => '/', headers => ["Max-Forwards: $hops"])->status, 200, "OPTIONS with Max-Forwards: $hops";
    like $origin->raw, qr/^\Q$arrives\E\r$/m, "- $arrives arrives";
}
$origin->reset;
my $last = $server->request(OPTIONS => '/', headers => ['Max-Forwards: 0']);
is $last->status, 200, 'OPTIONS with Max-Forwards: 0 is answered';
is $last->body, '', '- without a body';
is $origin->connections, 0, '- and goes no further';
is_deeply [what_arrives('/', 'Max-Forwards: 0')], [$host, 'Max-Forwards: 0'], 'GET goes on';

ok $server->stop, 'a clean end';
$origin->stop;
done_testing;
