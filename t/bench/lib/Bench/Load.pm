# Load on one contestant: wrk for rates, bench_idle for crowds of idle connections, single requests for looking closely.
package Bench::Load;
use strict;
use warnings;
use JSON::PP qw(decode_json);
use Bench::Peers;
use Bench::Rows;
use Test::Sluice::Http;
use Exporter 'import';

our @EXPORT_OK = qw(wrk one_request backend_counts crowd);

# wrk: loads PORT as ROW says for SECONDS; what load.lua counted. Dies when it can't run.
sub wrk {
    my ($row, $port, $seconds, $option) = @_;
    my @command = ('taskset', '-c', $option->{cpu}, 'wrk', '-t1', "-c$row->{connections}", "-d${seconds}s",
                   (map { ('-H', $_) } Bench::Rows::request_headers($row, $port)), '-s', "$option->{bench}/load.lua",
                   "http://127.0.0.1:$port$row->{path}", '--', $row->{method}, $row->{request_body});
    open my $pipe, '-|', @command or die "wrk: $!\n";
    my $output = do { local $/; <$pipe> };
    close $pipe;
    $output =~ /^(\{.*\})$/m or die "wrk said:\n$output";
    return decode_json($1);
}

# one_request: ROW's request to PORT, optionally for another PATH; a Test::Sluice::Http response.
sub one_request {
    my ($row, $port, $path) = @_;
    my $connection = Test::Sluice::Http->connect(port => $port);
    return $connection->request($row->{method}, $path || $row->{path},
                                headers => [Bench::Rows::request_headers($row, $port)], body => 'x' x $row->{request_body});
}

# backend_counts: what the backend has served: requests, body_bytes, response_bytes.
sub backend_counts {
    my $connection = Test::Sluice::Http->connect(port => $Bench::Peers::backend_port);
    my $response = $connection->request(GET => '/count');
    return { $response->body =~ /(\w+) (\d+)/g };
}

# crowd: COUNT more idle connections to PORT. An object that holds them until leave().
sub crowd {
    my ($row, $port, $count, $option) = @_;
    my $pid = open my $pipe, '-|', 'taskset', '-c', $option->{cpu}, "$option->{tools}/bench_idle", $port, $row->{path}, $count;
    die "bench_idle: $!\n" unless $pid;
    my $line = <$pipe>;
    die "bench_idle could not open $count connections\n" unless defined $line && $line eq "ready $count\n";
    return bless { pid => $pid, pipe => $pipe }, __PACKAGE__;
}

sub DESTROY {
    my ($self) = @_;
    kill 'TERM', $self->{pid} if $self->{pipe};
}

# leave: ends the connections; how many the other side had closed before.
sub leave {
    my ($self) = @_;
    kill 'TERM', $self->{pid};
    my $line = readline $self->{pipe};
    close delete $self->{pipe};
    return defined $line && $line =~ /^closed (\d+)/ ? $1 : die "bench_idle ended early\n";
}

1;
