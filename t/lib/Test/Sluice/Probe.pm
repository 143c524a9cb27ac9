# Requests as raw bytes, one line of a table each: what is refused and why, what is taken and how it reaches the origin.
#
#   my $probe = Test::Sluice::Probe->new;                        # a proxy before the recording origin; config => '...' for another one
#   $probe->refused('a bare LF', "GET / HTTP/1.1\nHost: a\n\n", 400, 'line ends without CR');
#   $probe->accepted('a tab', "GET / HTTP/1.1\r\nHost:\ta\r\n\r\n", qr/^Host: a$/m);
#   $probe->finish;
#
# A refusal is a status, its reason in the error log, a closed connection, and nothing at the origin.
package Test::Sluice::Probe;
use strict;
use warnings;
use Test::More ();
use Test::Sluice::Origin;
use Test::Sluice::Server;

# new: starts the origin and the server; OPTION as Test::Sluice::Server's.
sub new {
    my ($class, %option) = @_;
    my $origin = Test::Sluice::Origin->start;
    my $server = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->port }, config => <<'END', %option);
        location / {
            proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
            proxy_set_header Host $http_host;
        }
END
    $server->start;
    return bless { origin => $origin, server => $server }, $class;
}

sub origin { return $_[0]{origin} }
sub server { return $_[0]{server} }

# send: BYTES on a connection of its own; gives the connection.
sub send {
    my ($self, $bytes) = @_;
    my $connection = $self->{server}->connection;
    $connection->write($bytes);
    return $connection;
}

# refused: STATUS, and REASON in the log unless undef.
sub refused {
    my ($self, $name, $bytes, $status, $reason) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $self->{origin}->reset;
    my $mark       = $self->{server}->log_mark;
    my $connection = $self->send($bytes);
    my $response   = $connection->read_response;
    Test::More::is($response->status, $status, "$name - is refused") or Test::More::diag($response->error, $response->raw_head, $response->body);
    Test::More::ok($connection->at_eof, "$name - the connection is closed");
    Test::More::is($response->header('Connection'), 'close', "$name - and the response says so");
    Test::More::ok($self->{server}->wait_for_log(qr/\Q$reason\E/, $mark), "$name - the log says why") || Test::More::diag($self->{server}->log($mark))
        if defined $reason;
    Test::More::is(scalar(grep { $_->{complete} } $self->{origin}->requests), 0, "$name - the origin gets no complete request");
    $connection->close;
}

# accepted: answered with 200 by the origin's /echo; PATTERNs match what the origin received.
sub accepted {
    my ($self, $name, $bytes, @patterns) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $connection = $self->send($bytes);
    my $response   = $connection->read_response;
    Test::More::is($response->status, 200, "$name - is accepted") or Test::More::diag($response->error, $response->raw_head, $response->body);
    Test::More::like($response->body, $_, "$name - reaches the origin") for @patterns;
    $connection->close;
}

# finish: the server still works, ends cleanly, and so does the test.
sub finish {
    my ($self) = @_;
    $self->accepted('a plain request after all this', "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    $self->{server}->stop;
    $self->{origin}->stop;
    Test::More::done_testing();
}

1;
