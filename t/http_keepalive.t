# Client connections: kept, closed, pipelined, timed out, half-closed.
use strict;
use warnings;
use lib 't/lib';
use IO::Select;
use Test::More;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my $origin = Test::Sluice::Origin->start;
my $server = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port }, http_config => <<'END2', config => <<'END');
    server {
        listen 127.0.0.1:$TEST_SLUICE_RAND_PORT_1;
        client_header_timeout 300ms;
        keepalive_timeout 300ms;
        location / { return 200 "hasty\n"; }
        location /body {
            client_body_timeout 300ms;
            proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
        }
    }
END2
        location / { return 200 "$request_uri $connection_requests\n"; }
        location /three { keepalive_requests 3; return 200 "three\n"; }
        location /told { keepalive_timeout 75s 60s; return 200 "told\n"; }
        location /never { keepalive_timeout 0; return 200 "never\n"; }
        location /busy {
            content_by_lua_block {
                ngx.log(ngx.WARN, "busy with ", ngx.var.arg_id)
                local go
                repeat go = io.open(ngx.config.prefix() .. "html/go." .. ngx.var.arg_id) until go
                go:close()
                ngx.header["Content-Length"] = 4
                ngx.print("busy")
            }
        }
        location /up/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/; }
END
$server->start;

sub get { my ($target, @fields) = @_; return "GET $target HTTP/1.1\r\nHost: a\r\n" . join('', map { "$_\r\n" } @fields) . "\r\n" }

# The worker learns of what comes after its last read only by asking: closing then would be a reset, which may take the response along.
subtest 'bytes that come just before the connection is closed' => sub {
    for my $id (1 .. 3) {
        my $c = $server->connection;
        $c->write(get("/busy?id=$id", 'Connection: close'));
        ok $server->wait_for_log(qr/busy with $id/), 'a request';
        $c->write('x' x 10_000);
        $server->write_files("go.$id" => '');
        is $c->read_response->body, 'busy', 'is answered';
        IO::Select->new($c->socket)->can_read(5);
        is sysread($c->socket, my $rest, 1), 0, 'and the connection ends' or diag $!;
    }
};

subtest 'a connection is kept unless somebody wants it closed' => sub {
    my $c = $server->connection;
    is $c->request(GET => '/')->body, "/ $_\n", "request $_" for 1 .. 5;
    my $last = $c->request(GET => '/', headers => ['Connection: close']);
    is $last->header('Connection'), 'close', 'the client says close: so does the response';
    ok $c->at_eof, 'and the connection ends';

    $c = $server->connection;
    my $response = $c->request(GET => '/', headers => ['Connection: foo, Close ,bar']);
    is $response->header('Connection'), 'close', 'close among other options, in any case';
    ok $c->at_eof, 'is close';
};

subtest 'HTTP/1.0' => sub {
    my $c = $server->connection;
    my $response = $c->request(GET => '/', version => '1.0');
    is $response->body, "/ 1\n", 'is answered';
    ok $c->at_eof, 'and closed';
    $c = $server->connection;
    is $c->request(GET => '/', version => '1.0', headers => ['Connection: keep-alive'])->header('Connection'), 'keep-alive', 'kept when it asks for it';
    is $c->request(GET => '/', version => '1.0')->body, "/ 2\n", 'until it does not';
    ok $c->at_eof, 'then closed';
};

subtest 'keepalive_requests' => sub {
    my $c = $server->connection;
    is $c->request(GET => '/three')->header('Connection'), 'keep-alive', "request $_" for 1 .. 2;
    is $c->request(GET => '/three')->header('Connection'), 'close', 'the last one says so';
    ok $c->at_eof, 'and is the last';
};

subtest 'keepalive_timeout 0' => sub {
    my $c = $server->connection;
    is $c->request(GET => '/never')->header('Connection'), 'close', 'says close';
    ok $c->at_eof, 'and closes';
};

subtest 'keepalive_timeout that is told to the client' => sub {
    my $c = $server->connection;
    is $c->request(GET => '/told')->header('Keep-Alive'), 'timeout=60', 'in Keep-Alive';
    is $c->request(GET => '/')->header('Keep-Alive'), undef, 'only where it was asked for';
    is $c->request(GET => '/told', headers => ['Connection: close'])->header('Keep-Alive'), undef, 'and not when the connection is closed';
};

subtest 'a hundred requests in one write' => sub {
    my $c = $server->connection;
    $c->write(join '', map { get("/$_") } 1 .. 100);
    my @got = map { $c->read_response->body } 1 .. 100;
    is_deeply \@got, [map { "/$_ $_\n" } 1 .. 100], 'are a hundred responses, in order';
};

subtest 'a hundred requests to an upstream in one write, of which some have bodies' => sub {
    my $c = $server->connection;
    $c->write(join '', map { $_ % 3 ? get("/up/n$_") : "POST /up/n$_ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" } 1 .. 100);
    my @got = map { $c->read_response->body =~ m{^(?:GET|POST) /(n\d+) } ? $1 : 'nothing' } 1 .. 100;
    is_deeply \@got, [map { "n$_" } 1 .. 100], 'are a hundred responses, in order';
};

subtest 'a bad request after 49 good ones' => sub {
    my $c = $server->connection;
    $c->write(join '', map { get("/$_") } 1 .. 49);
    $c->write("GET / HTTP/1.1\nHost: a\n\n" . get('/after') x 50);
    is_deeply [map { $c->read_response->status } 1 .. 49], [(200) x 49], 'the good ones are answered';
    is $c->read_response->status, 400, 'the bad one is refused';
    ok $c->at_eof, 'and what follows it is not looked at';
};

subtest 'requests that arrive byte by byte' => sub {
    my $c = $server->connection;
    $c->write_pieces(split //, get('/a') . get('/b'));
    is $c->read_response->body, "/a 1\n", 'the first';
    is $c->read_response->body, "/b 2\n", 'the second';
};

subtest 'a client that half-closes' => sub {
    my $c = $server->connection;
    $c->write(get('/a') . get('/b'));
    $c->shutdown_write;
    is $c->read_response->body, "/a 1\n", 'gets its first answer';
    is $c->read_response->body, "/b 2\n", 'and its second';
    ok $c->at_eof, 'then the connection ends';
};

subtest 'a client that leaves while its request is on the way upstream' => sub {
    $origin->reset;
    my $c = $server->connection;
    $c->write(get('/up/hang'));
    ok wait_until { scalar $origin->requests }, 'the origin has the request';
    $c->close;
    ok wait_until { !$origin->state->[0]{open} }, 'the upstream connection is closed, too';
    ok wait_until { $server->access_log =~ m{"GET /up/hang HTTP/1\.1" 499 } }, 'and 499 is logged';
};

# Many clients whose bytes are there before the worker accepts them: most are read before their socket is registered on the loop.
sub at_once {
    my ($bytes) = @_;
    my ($worker) = $server->worker_pids;
    kill STOP => $worker;
    my @client = map { $server->connection } 1 .. 40;
    $_->write($bytes) for @client;
    kill CONT => $worker;
    return @client;
}

subtest 'requests that are there before their connections are accepted' => sub {
    my @client = at_once(get('/a') . get('/b'));
    is scalar(grep { $_->read_response->body eq "/a 1\n" && $_->read_response->body eq "/b 2\n" } @client), 40, 'pipelined ones are answered';
    is scalar(grep { $_->request(GET => '/c')->body eq "/c 3\n" } @client), 40, 'and the next ones';

    @client = at_once("GET /a HTTP/1.1\r\nHo");
    $_->write("st: a\r\n\r\n") for @client;
    is scalar(grep { $_->read_response->body eq "/a 1\n" } @client), 40, 'half a head waits for the rest';

    $origin->reset;
    my $logged = () = $server->access_log =~ /hang/g;
    @client = at_once(get('/up/hang'));
    ok wait_until { scalar($origin->requests) == 40 }, 'the origin has requests of clients';
    $_->close for @client;
    ok wait_until { !grep { $_->{open} } @{ $origin->state } }, 'who leave: the upstream connections are closed';
    ok wait_until { (() = $server->access_log =~ m{/hang HTTP/1\.1" 499 }g) == $logged + 40 }, 'and 499 is logged for each';
};

my $hasty = $server->rand_port(1);

subtest 'client_header_timeout' => sub {
    my $c = $server->connection(port => $hasty);
    $c->write("GET / HTTP/1.1\r\nHost:");
    my $response = $c->read_response;
    is $response->status, 408, 'half a head is answered with 408';
    is $response->header('Connection'), 'close', 'with close';
    ok $c->at_eof, 'and closed';

    $c = $server->connection(port => $hasty);
    is $c->request(GET => '/')->body, "hasty\n", 'after a whole request';
    $c->write('G');
    is $c->read_response->status, 408, 'half of the next one is, too';

    $c = $server->connection(port => $hasty);
    ok $c->at_eof, 'a connection on which nothing came is closed without a word';
};

subtest 'keepalive_timeout' => sub {
    my $c = $server->connection(port => $hasty);
    is $c->request(GET => '/')->body, "hasty\n", 'a request';
    ok $c->at_eof, 'then nothing more: closed without a word';
};

subtest 'client_body_timeout' => sub {
    for my $case (['a length', "Content-Length: 10\r\n\r\nabc"], ['chunks', "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"]) {
        my ($name, $bytes) = @$case;
        my $c = $server->connection(port => $hasty);
        $c->write("POST /body HTTP/1.1\r\nHost: a\r\n$bytes");
        is $c->read_response->status, 408, "a body with $name that stops is answered with 408";
        ok $c->at_eof, 'and closed';
    }
};

$server->stop;
$origin->stop;
done_testing;
