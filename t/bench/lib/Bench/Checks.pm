# Whether what was measured is what the row says: answers, what the backend saw, log lines. Every failure dies with its reason,
# and then the row has no number.
package Bench::Checks;
use strict;
use warnings;
use Bench::Peers;
use Bench::Requests qw(one_request);
use Test::Sluice::Http;
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::WebSocket;
use Exporter 'import';

our @EXPORT_OK = qw(check_answers check_same_request check_counts check_log);

my @kUpgrade = ('Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==');

my %kAnswers = (ws => \&check_echo, sse => \&check_events);

# check_answers: PEER does once what the row promises.
sub check_answers {
    my ($row, $peer) = @_;
    my $check = $kAnswers{ $row->{load} } || \&check_body;
    $check->($row, $peer);
}

sub check_body {
    my ($row, $peer) = @_;
    my $wanted = $row->{backend} ? one_request($row, $Bench::Peers::backend_port)->body : $row->{text};
    die "the backend's body has not $row->{body} bytes\n" unless length $wanted == $row->{body};
    my $response = one_request($row, $peer->port);
    my $got = $response->error || $response->status;
    die $peer->name . " answers $got:\n" . $peer->said unless $got eq '200';
    die $peer->name . " answers with other bytes than the row says\n" unless $response->body eq $wanted;
}

sub check_echo {
    my ($row, $peer) = @_;
    my $text = 'x' x $row->{message};
    for my $port ($Bench::Peers::backend_port, $peer->port) {
        my $name   = $port == $peer->port ? $peer->name : 'the backend';
        my $socket = Test::Sluice::WebSocket->connect(port => $port, target => $row->{path});
        die "$name does not open a WebSocket\n" unless $socket->usable;
        die "$name does not echo $row->{message} bytes\n" unless $socket->echo($text) eq $text;
    }
}

sub check_events {
    my ($row, $peer) = @_;
    for my $port ($Bench::Peers::backend_port, $peer->port) {
        my $name       = $port == $peer->port ? $peer->name : 'the backend';
        my $connection = Test::Sluice::Http->connect(port => $port);
        $connection->write("GET $row->{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        my $head = $connection->read_until(qr/\r\n\r\n/);
        die "$name does not stream events\n" unless defined $head && $head =~ m{\AHTTP/1.1 200 .*text/event-stream}s;
        defined $connection->read_until(qr/data:[^\n]*\r?\n\r?\n/) or die "$name sends no event\n" for 1 .. 3;
    }
}

# check_same_request: the backend receives the same request from all PEERS but the floor, in any order of fields; the fields that a contestant
# declares as different may have another value, or be missing.
sub check_same_request {
    my ($row, @peers) = @_;
    my ($first, @others) = grep { !$_->is_floor } @peers;
    return unless $first && @others && $row->{backend};
    for my $peer (@others) {
        my %declared = (%{ $first->differs }, %{ $peer->differs });
        my ($wanted, $seen) = map { seen_by_backend($row, $_, \%declared) } $first, $peer;
        die 'the backend gets different requests from ' . $first->name . ' and ' . $peer->name . ":\n$wanted---\n$seen"
            unless $seen eq $wanted;
    }
}

sub seen_by_backend {
    my ($row, $peer, $declared) = @_;
    my ($line, @fields) = split /\r\n/, one_request($row, $peer->port, '/head', $row->{load} eq 'ws' ? @kUpgrade : ())->body;
    my $port = $peer->port;
    s/^([^:]+):\s*/\L$1\E: /, s/:$port$/:PORT/ for @fields;
    return join '', map { "$_\n" } $line // '', sort grep { /^([^:]+):/ && !exists $declared->{$1} } @fields;
}

# check_counts: LOAD is what the generator counted, BEFORE and AFTER what the backend had counted around it. Up to one request
# per connection may be under way when the generator stops.
sub check_counts {
    my ($row, $peer, $load, $before, $after) = @_;
    my $name = $peer->name;
    my @errors = map { $load->{errors}{$_} ? "$load->{errors}{$_} $_" : () } sort keys %{ $load->{errors} };
    die "$name: errors under load: @errors\n" if @errors;
    die "$name: nothing was completed\n" unless $load->{count};
    return unless $load->{requests};
    die "$name: responses are too short\n" if $row->{load} eq 'wrk' && $load->{bytes} < $load->{requests} * $row->{body};
    return unless $row->{backend};
    my %seen = map { $_ => $after->{$_} - $before->{$_} } keys %$after;
    my $most = $load->{requests} + $row->{connections};
    die "$name: $load->{requests} responses, but the backend saw $seen{requests} requests\n"
        if $seen{requests} < $load->{requests} || $seen{requests} > $most;
    die "$name: the backend read $seen{body_bytes} bytes of bodies\n"
        if $seen{body_bytes} < $load->{requests} * $row->{request_body} || $seen{body_bytes} > $most * $row->{request_body};
}

# check_log: PEER's access log has a line per request, at the latest when its buffer has been flushed.
sub check_log {
    my ($row, $peer, $load) = @_;
    my $lines;
    wait_until { ($lines = $peer->log_lines) >= $load->{requests} } 5;
    die $peer->name . ": $load->{requests} requests left $lines lines in the log\n"
        if $lines < $load->{requests} || $lines > $load->{requests} + $row->{connections};
}

1;
