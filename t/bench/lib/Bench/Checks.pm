# Whether what was measured is what the row says: answers, what the backend saw, log lines. Every failure dies with its reason,
# and then the row has no number.
package Bench::Checks;
use strict;
use warnings;
use Bench::Load qw(one_request backend_counts);
use Bench::Peers;
use Test::Sluice::Process qw(wait_until);
use Exporter 'import';

our @EXPORT_OK = qw(check_answers check_same_request check_counts check_log);

# check_answers: one request to PEER brings the bytes that the row promises.
sub check_answers {
    my ($row, $peer) = @_;
    my $wanted = $row->{backend} ? one_request($row, $Bench::Peers::backend_port)->body : $row->{text};
    die "the backend's body has not $row->{body} bytes\n" unless length $wanted == $row->{body};
    my $response = one_request($row, $peer->port);
    my $got = $response->error || $response->status;
    die $peer->name . " answers $got:\n" . $peer->said unless $got eq '200';
    die $peer->name . " answers with other bytes than the row says\n" unless $response->body eq $wanted;
}

# check_same_request: the backend receives the same request from all PEERS but the floor, in any order of fields.
sub check_same_request {
    my ($row, @peers) = @_;
    my ($first, @others) = grep { $_->{kind} ne 'floor' } @peers;
    return unless $first && @others && $row->{backend};
    my $wanted = seen_by_backend($row, $first);
    for my $peer (@others) {
        my $seen = seen_by_backend($row, $peer);
        die 'the backend gets different requests from ' . $first->name . " and " . $peer->name . ":\n$wanted---\n$seen"
            unless $seen eq $wanted;
    }
}

sub seen_by_backend {
    my ($row, $peer) = @_;
    my ($line, @fields) = split /\r\n/, one_request($row, $peer->port, '/head')->body;
    my $port = $peer->port;
    s/^([^:]+):/\L$1:/, s/:$port$/:PORT/ for @fields;
    return join '', map { "$_\n" } $line, sort @fields;
}

# check_counts: LOAD is what the generator counted, BEFORE and AFTER what the backend had counted around it. Up to one request
# per connection may be under way when the generator stops.
sub check_counts {
    my ($row, $peer, $load, $before, $after) = @_;
    my $name = $peer->name;
    my @errors = map { $load->{$_} ? "$load->{$_} $_" : () } qw(connect read write status timeout);
    die "$name: errors under load: @errors\n" if @errors;
    die "$name: no request was completed\n" unless $load->{requests};
    die "$name: responses are too short\n" if $load->{bytes} < $load->{requests} * $row->{body};
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
