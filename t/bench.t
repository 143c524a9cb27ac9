# The bench works: its tools, its arithmetic, and one short run. No number is judged here.
use strict;
use warnings;
use lib 't/lib', 't/bench/lib';
use Bench::Requests qw(request_headers);
use Bench::Rows qw(rows row_names);
use Bench::Stats qw(median interval);
use Bench::Targets qw(verdicts);
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json);
use POSIX ();
use Test::More;
use Test::Sluice::Http;
use Test::Sluice::Ports qw(free_port);
use Test::Sluice::Process qw(wait_until slurp);
use Test::Sluice::WebSocket qw(OP_CLOSE);

my $dir    = tempdir(CLEANUP => 1);
my $sluice = $ENV{SLUICE_BIN} || 'build/release/sluice';
my $tools  = $ENV{SLUICE_BENCH_TOOLS} || 'build/release';
my @short  = qw(--rounds 1 --seconds 1 --keep-disturbed --settle 0.1 --crowd 40);

# bench: exit status, standard output and standard error of t/bench/run.
sub bench {
    my @arguments = ('t/bench/run', '--sluice', $sluice, ($ENV{SLUICE_BENCH_TOOLS} ? ('--tools', $tools) : ()), @_);
    my $status = system join(' ', map { "'$_'" } @arguments) . " >$dir/out 2>$dir/err";
    return ($status >> 8, slurp("$dir/out"), slurp("$dir/err"));
}

# tool: starts one of the tools on a free port; the port.
sub tool {
    my ($name, @arguments) = @_;
    my $port = free_port();
    Test::Sluice::Process->spawn(argv => ["$tools/bench_$name", $port, @arguments], stderr => "$dir/$name.err");
    wait_until { eval { Test::Sluice::Http->connect(port => $port) } } or die "bench_$name: " . slurp("$dir/$name.err");
    return $port;
}

# The peers that are installed here: the bench installs those that it is asked for, a test installs nothing.
my %kBinaries = (nginx => '/usr/sbin/nginx', haproxy => '/usr/sbin/haproxy', h2o => '/usr/bin/h2o');
my @peers = ('sluice', (grep { -x $kBinaries{$_} } sort keys %kBinaries), 'floor');
diag 'without ', join ', ', grep { !-x $kBinaries{$_} } sort keys %kBinaries if @peers < 2 + keys %kBinaries;
my @all = ('--peers', join ',', @peers);
my @few = ('--peers', 'sluice,floor');

# cells: the medians of a row's line: { sluice => ..., nginx => ... }.
sub cells {
    my ($out, $row) = @_;
    my ($titles) = $out =~ /^row +unit +(.*)$/m or return {};
    my ($line)   = $out =~ /^\Q$row\E(?: !)? {2,}\S+ +(.*)$/m or return {};
    my %cell;
    @cell{ split ' ', $titles } = split ' ', $line =~ s/\[[^]]*\]//gr;
    return \%cell;
}

sub positive { return scalar grep { ($_ // '-') =~ /^[0-9.]+$/ && $_ > 0 } @_ }

# measured: what a load tool prints, and its exit status.
sub measured {
    my ($name, @arguments) = @_;
    my $out = `'$tools/bench_$name' @arguments 2>$dir/$name.err`;
    my $status = $? >> 8;
    return (eval { decode_json($out) } || { broken => $out . slurp("$dir/$name.err") }, $status);
}

# held: starts a tool that holds connections; what it says first, and what it says when it is told to end.
sub held {
    my ($name, @arguments) = @_;
    my $pid = open my $pipe, '-|', "exec '$tools/bench_$name' @arguments 2>>$dir/$name.err" or die;
    my @lines = scalar <$pipe>;
    kill 'TERM', $pid if defined $lines[0];
    push @lines, scalar <$pipe>;
    close $pipe;
    return (@lines, $? >> 8);
}

subtest 'a short run prints a table and writes it for machines and for documents' => sub {
    my ($status, $out, $err) = bench(@short, @all, '--json', "$dir/j", '--markdown', "$dir/m", qw(plain));
    is $status, 0, 'exit status' or diag $out, $err;
    is positive(@{ cells($out, 'plain') }{@peers}), @peers, 'every contestant';
    like $out, qr/^plain .* floor 1\.45 (?:met|missed)$/m, 'the target and what became of it';
    like $out, qr/^sluice \d\S+, .*floor/m, 'versions';
    my $json = decode_json(slurp("$dir/j"));
    is_deeply [map { $_->{name} } @{ $json->{rows} }], [qw(plain)], 'rows';
    is positive(map { $_->{value} } @{ $json->{rows}[0]{cells} }), @peers, 'a cell per contestant';
    my $markdown = slurp("$dir/m");
    like $markdown, qr/^\| plain !? ?\| us\/req \| \d/m, 'a line of Markdown';
    unlike $markdown, qr{/tmp|--tools}, 'which names no path of this machine';
};

subtest 'each kind of load' => sub {
    my ($status, $out, $err) = bench(@short, @few, qw(log-buffered post64m ws-echo sse idle idle-ws burst));
    is $status, 0, 'exit status' or diag $out, $err;
    is positive(@{ cells($out, $_) }{qw(sluice floor)}), 2, $_ for qw(log-buffered post64m ws-echo sse);
    like cells($out, $_)->{sluice}, qr/^-?\d+$/, $_ for qw(idle idle-ws burst);
    is positive(cells($out, 'idle rest')->{sluice}), 1, 'memory at rest';
};

subtest 'configuration, reload and workers' => sub {
    my ($status, $out, $err) = bench(@short, @few, qw(servers reload workers2));
    is $status, 0, 'exit status' or diag $out, $err;
    is positive(cells($out, $_)->{sluice}), 1, $_
        for 'servers start', 'servers reload', 'servers lookup', 'reload p99', 'reload slowest', 'workers2';
    like cells($out, 'reload failed')->{sluice}, qr{^\d+$}, 'reload failed';
};

subtest 'latency at a fixed rate' => sub {
    my ($status, $out, $err) = bench(@short, @few, qw(--layout rate --connections 16 plain));
    is $status, 0, 'exit status' or diag $out, $err;
    is positive(@{ cells($out, "plain c16 at 70 % $_") }{qw(sluice floor)}), 2, $_ for qw(p50 p99 p99.9);
};

subtest 'what was not measured is not printed' => sub {
    my ($status, $out) = bench(@short, @few, '--also', 'broken=/bin/false', 'plain');
    is $status, 1, 'exit status';
    like $out, qr/^not measured:\nplain: broken does not start/m, 'the reason';
    unlike $out, qr/^plain .*us\/req/m, 'no line in a table';
    for (['no-such-row', qr/unknown row "no-such-row"/], ['--layout', 'round', qr/unknown layout "round"/]) {
        my ($why, @arguments) = reverse @$_;
        ($status, $out, my $err) = bench(@short, @few, reverse @arguments);
        is $status, 2, "@arguments";
        like $err, $why, 'is named';
    }
};

subtest 'backend' => sub {
    my $port = tool('backend');
    my $c = Test::Sluice::Http->connect(port => $port);
    is length $c->request(GET => "/$_->[0]")->body, $_->[1], "GET /$_->[0]"
        for [64, 64], [128, 128], ['16k', 16_384], ['1m', 1_048_576], ['else', 128];
    is $c->request(POST => '/', body => 'x' x 200_000)->status, 200, 'a body';
    is $c->request(GET => '/head', headers => ['X-A: 1'])->body, "GET /head HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\n", 'head';
    like $c->request(GET => '/count')->body, qr/^requests 6\nbody_bytes 200000\nresponse_bytes ${\(64 + 3 * 128 + 16_384 + 1_048_576)}\n/,
        'counts';
    $c->write("GET /64 HTTP/1.1\r\nHost: a\r\n\r\n" x 3);
    is $c->read_response->status, 200, "pipelined $_" for 1 .. 3;
    $c->write('GET /64 HT');
    $c->write("TP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    is $c->read_response->status, 200, 'a head in two pieces';
    ok $c->at_eof, 'close';
    is(Test::Sluice::Http->connect(port => $port)->request(POST => '/', headers => ['Transfer-Encoding: chunked'])->status, 411,
       'chunked');
};

subtest 'floor' => sub {
    my $port = tool('floor', tool('backend'));
    my $c = Test::Sluice::Http->connect(port => $port);
    is length $c->request(GET => '/1m')->body, 1_048_576, 'a long answer';
    is $c->request(POST => '/', body => 'x' x 3_000_000)->status, 200, 'a long request';
    is $c->request(GET => '/64', headers => ['Connection: close'])->status, 200, 'the last request';
    ok $c->at_eof, 'the other side has closed';
};

subtest 'backend: long bodies' => sub {
    my $port = tool('backend');
    my $c = Test::Sluice::Http->connect(port => $port);
    is length $c->request(GET => '/16m')->body, 16 << 20, 'GET /16m';
    is $c->request(POST => '/', body => 'x' x (16 << 20))->status, 200, 'POST of 16 MB';
    like $c->request(GET => '/count')->body, qr/^requests 2\nbody_bytes 16777216\nresponse_bytes 16777344\n/, 'counts';
};

subtest 'backend: echo' => sub {
    my $port = tool('backend');
    my $ws = Test::Sluice::WebSocket->connect(port => $port, target => '/ws');
    ok $ws->usable, 'accepted';
    for my $size (0, 125, 126, 65_535, 65_536, 1 << 20) { is $ws->echo('x' x $size), 'x' x $size, "$size bytes" or last }
    $ws->send_text("message $_") for 1 .. 100;
    is $ws->recv->{payload}, "message $_", "message $_" for 1 .. 100;
    $ws->ping('p');
    is $ws->recv->{payload}, 'p', 'pong';
    $ws->send_close;
    is $ws->recv->{opcode}, OP_CLOSE, 'close';
    ok $ws->at_eof, 'and the end';
    like +Test::Sluice::Http->connect(port => $port)->request(GET => '/count')->body, qr/^ws_messages 106$/m, 'counts';
};

subtest 'floor: long-lived connections' => sub {
    my $port = tool('floor', tool('backend'));
    my ($said, $status) = measured('ws', $port, '/ws', qw(--connections 200 --bytes 16384 --seconds 0.2));
    is $status, 0, 'echoes' or diag explain $said;
    is $said->{errors}, 0, 'each is right';
    ($said, $status) = measured('sse', $port, "'/sse?every=10'", qw(--connections 200 --seconds 0.2));
    is $status, 0, 'events' or diag explain $said;
    is $said->{errors}, 0, 'each is right';
};

subtest 'idle' => sub {
    my $port = tool('backend');
    is_deeply [held('idle', $port, '/64', 100)], ["ready 100\n", "closed 0\n", 0], 'one request each';
    is_deeply [held('idle', $port, '/1m', 300, '--burst', 1 << 20)], ["ready 300\n", "closed 0\n", 0], 'a burst of long answers';
    is_deeply [held('idle', $port, '/64', 1, '--burst', 65)], [undef, undef, 1], 'not the size that was promised';
    is_deeply [held('ws', $port, '/ws', qw(--connections 100 --idle))], ["ready 100\n", "closed 0\n", 0], 'WebSockets';
};

subtest 'rate' => sub {
    my $port = tool('backend');
    for my $schedule (qw(constant poisson)) {
        my ($said, $status) = measured('rate', $port, '/128', qw(--rate 1000 --connections 10 --seconds 0.5 --body 128 --schedule),
                                       $schedule, '--header', "'X-A: b'");
        is $status, 0, "$schedule: exit status" or diag explain $said;
        ok 400 < $said->{requests} && $said->{requests} < 600, "$schedule: as many as were due" or diag explain $said;
        is $said->{errors} + $said->{unsent}, 0, "$schedule: all of them answered";
        ok $said->{p50_us} > 0 && $said->{p50_us} <= $said->{p99_us} && $said->{p99_us} <= $said->{max_us}, "$schedule: quantiles";
    }
    my ($said) = measured('rate', $port, '/128', qw(--rate 1000 --connections 10 --seconds 0.5 --warm 0.5));
    is $said->{requests}, 500, 'warming up does not count';
    ($said) = measured('rate', $port, '/64', qw(--rate 1000 --connections 10 --seconds 0.1 --header), "'Connection: close'");
    is $said->{requests}, 100, 'a connection per request';
    ($said, my $status) = measured('rate', $port, '/64', qw(--rate 100 --connections 1 --seconds 0.1 --body 65));
    is_deeply [$said->{errors}, $said->{requests}, $status], [10, 0, 1], 'a body of another size is an error';
    (undef, $status) = measured('rate', $port, '/', qw(--rate 100 --connections 1 --secons 1));
    is $status, 1, 'an unknown option';
    like slurp("$dir/rate.err"), qr/^bench_rate: --secons\nusage: bench_rate PORT PATH --rate R/, 'is named';
    ($said, $status) = measured('rate', free_port(), '/', qw(--rate 100 --connections 1 --seconds 0.1));
    is_deeply [$said->{errors}, $said->{requests}, $status], [10, 0, 1], 'no server';
};

subtest 'rate: a stall counts for every request that it delays' => sub {
    my $backend = Test::Sluice::Process->spawn(argv => ["$tools/bench_backend", my $port = free_port()]);
    wait_until { eval { Test::Sluice::Http->connect(port => $port) } };
    $backend->signal('STOP');
    my $resumed = fork // die;
    if (!$resumed) { select undef, undef, undef, 0.5; kill 'CONT', $backend->pid; POSIX::_exit(0) }
    my ($said) = measured('rate', $port, '/64', qw(--rate 1000 --connections 2 --seconds 0.4));
    waitpid $resumed, 0;
    is $said->{requests}, 400, 'all are answered' or diag explain $said;
    ok $said->{p50_us} > 200_000, 'the median waited for half of the stall' or diag explain $said;
};

subtest 'ws, sse and move' => sub {
    my $port = tool('backend');
    for my $size (1, 7, 64, 70_000) {
        my ($said, $status) = measured('ws', $port, '/ws', '--connections', 10, '--bytes', $size, '--seconds', 0.1);
        ok $said->{messages} > 0 && $said->{errors} == 0 && $status == 0, "$size bytes" or diag explain $said;
    }
    my ($said, $status) = measured('sse', $port, "'/sse?every=10'", qw(--connections 20 --seconds 0.5));
    ok 400 < $said->{events} && $said->{events} <= 1020, 'events' or diag explain $said;
    is $status, 0, 'exit status';
    ($said) = measured('move', $port, qw(--up 3000000 --connections 2 --seconds 0.1));
    ok $said->{requests} >= 2 && $said->{errors} == 0, 'bodies up' or diag explain $said;
    is $said->{bytes}, $said->{requests} * 3_000_128, 'are counted';
    my ($up) = Test::Sluice::Http->connect(port => $port)->request(GET => '/count')->body =~ /^body_bytes (\d+)/m;
    is $up, $said->{requests} * 3_000_000, 'as the backend counts them';
    ($said) = measured('move', $port, qw(--path /1m --connections 2 --seconds 0.1));
    is $said->{bytes}, $said->{requests} << 20, 'bodies down';
    my $closed = free_port();
    for (['ws', '/', qw(--bytes 1)], ['sse', '/'], ['move']) {
        my ($name, @rest) = @$_;
        ($said, $status) = measured($name, $closed, @rest, qw(--connections 3 --seconds 1));
        is_deeply [$said->{errors}, $status], [3, 1], "$name without a server" or diag explain $said;
    }
};

subtest 'arithmetic' => sub {
    is median(3, 1, 2), 2, 'odd median';
    is median(4, 1, 2, 3), 2.5, 'even median';
    is_deeply [interval(1, 2)], [], 'two values have no interval';
    my ($low, $high) = interval(1 .. 12);
    ok 1 <= $low && $low < 6.5 && 6.5 < $high && $high <= 12, 'an interval around the median';
    is_deeply [interval(1 .. 12)], [$low, $high], 'the same each time';
};

subtest 'targets' => sub {
    my $result = { median => { sluice => 6, nginx => 10, h2o => 9, floor => 4 }, ratio => { nginx => { median => 0.6 } } };
    my $verdicts = sub { [verdicts({ %$result, target => {@_} }, 'sluice', { plain => 5.8 })] };
    is_deeply $verdicts->(nginx => 0.6), ['nginx 0.6 met'], 'a ratio';
    is_deeply $verdicts->(nginx => 0.59), ['nginx 0.59 missed'], 'which is missed';
    is_deeply $verdicts->(haproxy => 0.6), ['haproxy 0.6'], 'which was not measured';
    is_deeply $verdicts->(value => 6), ['6 met'], 'a number';
    is_deeply $verdicts->(over => ['plain', 0.25]), ['plain + 0.25 met'], 'another row and more';
    is_deeply $verdicts->(over => ['log', 0.25]), ['log + 0.25'], 'which was not measured';
    is_deeply $verdicts->(best => 0.66), ['best 0.66 missed'], 'the best peer, which the floor is not';
};

subtest 'requests have the size that their row promises' => sub {
    for my $row (grep { $_->{request} } rows(row_names())) {
        my $request = join "\r\n", "$row->{method} $row->{path} HTTP/1.1", request_headers($row, 8001), '', '';
        is length $request, $row->{request}, $row->{name};
    }
};

done_testing;
