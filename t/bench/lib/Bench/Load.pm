# Load on one contestant. Each generator gives { count => what "per" says, errors => {...}, ... }: requests, messages, events or bytes.
package Bench::Load;
use strict;
use warnings;
use JSON::PP qw(decode_json);
use Bench::Requests qw(request_headers);
use Exporter 'import';

our @EXPORT_OK = qw(load open_loop open_loop_begin);

my %kGenerators = (wrk => \&wrk, move => \&move, ws => \&ws, sse => \&sse);

# load: loads PORT as ROW says for SECONDS. Dies when it can't run.
sub load {
    my ($row, $port, $seconds, $option) = @_;
    return $kGenerators{ $row->{load} }->($row, $port, $seconds, $option);
}

sub wrk {
    my ($row, $port, $seconds, $option) = @_;
    my $load = ran($option, 'wrk', '-t1', "-c$row->{connections}", "-d${seconds}s", header_arguments('-H', $row, $port),
                   '-s', "$option->{bench}/load.lua", "http://127.0.0.1:$port$row->{path}", '--', $row->{method}, $row->{request_body});
    return { %$load, errors => { map { $_ => $load->{$_} } qw(connect read write status timeout) },
             count => $row->{per} eq 'GB' ? $load->{bytes} / 1e9 : $load->{requests} };
}

sub move {
    my ($row, $port, $seconds, $option) = @_;
    my $load = ran($option, "$option->{tools}/bench_move", $port, '--up', $row->{request_body}, '--connections', $row->{connections},
                   '--seconds', $seconds);
    return { %$load, seconds => $seconds, errors => { failed => $load->{errors} }, count => $load->{bytes} / 1e9 };
}

sub ws {
    my ($row, $port, $seconds, $option) = @_;
    my $load = ran($option, "$option->{tools}/bench_ws", $port, $row->{path}, '--connections', $row->{connections},
                   '--bytes', $row->{message}, '--seconds', $seconds);
    return { %$load, seconds => $seconds, errors => { failed => $load->{errors} }, count => $load->{messages} };
}

sub sse {
    my ($row, $port, $seconds, $option) = @_;
    my $load = ran($option, "$option->{tools}/bench_sse", $port, $row->{path}, '--connections', $row->{connections},
                   '--seconds', $seconds);
    return { %$load, seconds => $seconds, errors => { failed => $load->{errors} }, count => $load->{events} };
}

# open_loop: ROW's requests to PORT at RATE a second for SECONDS, whatever the answers do: { p50_us, p99_us, p999_us, max_us, unsent, ... }.
sub open_loop { return open_loop_begin(@_)->() }

# open_loop_begin: the same, running meanwhile; a function that waits for its end.
sub open_loop_begin {
    my ($row, $port, $rate, $seconds, $option) = @_;
    my $result = begun($option, "$option->{tools}/bench_rate", $port, $row->{path}, '--rate', int $rate,
                       '--connections', $row->{connections}, '--seconds', $seconds, header_arguments('--header', $row, $port));
    return sub {
        my $load = $result->();
        return { %$load, seconds => $seconds, errors => { failed => $load->{errors} } };
    };
}

sub header_arguments {
    my ($flag, $row, $port) = @_;
    return map { ($flag, $_) } request_headers($row, $port);
}

# ran: the line of JSON that the command ends with.
sub ran { return begun(@_)->() }

# begun: the command runs; a function that waits for its end and gives its line of JSON.
sub begun {
    my ($option, @command) = @_;
    open my $pipe, '-|', 'taskset', '-c', $option->{load_cpu}, @command or die "$command[0]: $!\n";
    return sub {
        my $output = do { local $/; <$pipe> };
        close $pipe;
        $output =~ /^(\{.*\})$/m or die "$command[0] said:\n$output";
        return decode_json($1);
    };
}

1;
