# Black-box tests of sluice in the format of Test::Nginx::Socket; docs/testing.md is the manual.
#
#   use lib 't/lib';
#   use Test::Sluice 'no_plan';
#   run_tests();
#   __DATA__
#   === TEST 1: says hello
#   --- config
#       location / { return 200 "hello\n"; }
#   --- request
#   GET /
#   --- response_body
#   hello
#
# Each block has its own directory and its own server; the same server serves the next block when that has the same configuration and
# nothing asks for a look at the finished log. Besides what a block asserts, its server must end by itself with status 0 and leave no
# alert, sanitizer report, process, socket or pid file behind.
package Test::Sluice;
use strict;
use warnings;
use List::Util ();
use Test::More ();
use Time::HiRes qw(sleep);
use Test::Sluice::Checks qw(check_response check_log check_origin check_tcp allowed_alerts expected_responses patterns);
use Test::Sluice::Conf qw(expand);
use Test::Sluice::Http;
use Test::Sluice::Origin;
use Test::Sluice::Ports qw(free_port);
use Test::Sluice::Process qw(wait_until timeout_factor slurp);
use Test::Sluice::Requests qw(exchanges);
use Test::Sluice::Server;
use Test::Sluice::Spec qw(value);
use Test::Sluice::TcpScript;

my @kFunctions = qw(run_tests repeat_each no_shuffle log_level master_on master_off workers worker_connections no_long_string no_root_location
    no_diff blocks plan add_block_preprocessor server_port html_dir origin stop_signal);

# File-wide settings, and what lives as long as the file.
my %file = (repeat => $ENV{TEST_SLUICE_REPEAT} || 1, log_level => 'debug', master => 'on', workers => 1, connections => 256, stop => 'QUIT',
            preprocessors => []);
my ($origin, $server_port, @blocks, %rand_ports, $running);

# import: as Test::More's: 'no_plan', or tests => N.
sub import {
    my ($class, @plan) = @_;
    strict->import;
    warnings->import;
    my $caller = caller;
    no strict 'refs';
    *{"${caller}::$_"} = \&{$_} for @kFunctions;
    for my $name (@Test::More::EXPORT) {
        next if $name !~ /^\w/ || defined &{"${caller}::$name"};
        *{"${caller}::$name"} = \&{"Test::More::$name"};
    }
    Test::More->builder->exported_to($caller);
    plan(@plan) if @plan;
}

sub plan { return Test::More::plan(@_) }

# repeat_each: every block's requests are sent COUNT times.
sub repeat_each        { $file{repeat}      = $_[0] if @_; return $file{repeat} }
sub log_level          { $file{log_level}   = $_[0] if @_; return $file{log_level} }
sub workers            { $file{workers}     = $_[0] if @_; return $file{workers} }
sub worker_connections { $file{connections} = $_[0] if @_; return $file{connections} }
sub master_on          { $file{master} = 'on' }
sub master_off         { $file{master} = 'off' }

# stop_signal: how the server is asked to end: QUIT (default) or TERM.
sub stop_signal { $file{stop} = $_[0] }

# add_block_preprocessor: CODE sees each block before its filters run.
sub add_block_preprocessor { push @{ $file{preprocessors} }, $_[0] }

# Blocks run in the order of the file unless TEST_SLUICE_SHUFFLE is set; the others are accepted from Test::Nginx suites.
sub no_shuffle       { }
sub no_long_string   { }
sub no_root_location { }
sub no_diff          { $ENV{TEST_SHOW_NO_DIFFS} = 1 }

sub server_port { return $server_port ||= free_port() }
sub html_dir    { return $running ? $running->{server}->html_dir : undef }

# origin: the recording origin of this file, started when first asked for.
sub origin { return $origin ||= Test::Sluice::Origin->start }

# blocks: how many blocks the file has (for a plan).
sub blocks {
    @blocks = Test::Sluice::Spec->read_blocks(do { local $/; readline *main::DATA }) unless @blocks;
    return @blocks;
}

# run_tests: runs every block; dies on a mistake in the file itself.
sub run_tests {
    my @order = blocks();
    die "no blocks\n" unless @order;
    for my $block (@order) { $_->($block) for @{ $file{preprocessors} } }
    @order = List::Util::shuffle(@order) if $ENV{TEST_SLUICE_SHUFFLE};
    for my $i (0 .. $#order) { run_block($order[$i], $order[$i + 1]) }
    end_server();
    $origin->stop if $origin;
    $origin = undef;
}

sub run_block {
    my ($block, $next) = @_;
    my $t = { block => $block, name => $block->name };
    $ENV{TEST_SLUICE_PORT} = server_port();
    return skip_block($t) if skipped($block);
    my $failures = failure_count();
    unless ($running && $running->{key} eq server_key($block)) {
        end_server();
        $running = { vars => variables(), key => server_key($block) };
    }
    $block->run_filters unless $block->is_filtered;
    @$t{qw(failures expand)} = ($failures, expander($running));
    no warnings 'once';
    local $main::TODO = value($block, 'todo');
    defined value($block, 'must_die') ? run_must_die($t) : run_live($t, $next);
}

sub skipped {
    my ($block) = @_;
    my $rule = value($block, 'skip_eval');
    return 0 unless defined $rule && $rule =~ /^\s*(?:\d+\s*:)?\s*(.*)/s;
    my $skip = eval "package main; $1";
    die $block->name . ": skip_eval: $@" if $@;
    return $skip;
}

sub skip_block { Test::More::pass("$_[0]{name} # skip skip_eval") }

sub failure_count { return scalar grep { !$_ } Test::More->builder->summary }

# Servers.

# server_key: what makes two blocks need two servers, before any variable is replaced.
sub server_key {
    my ($block) = @_;
    return join "\0", map { my $v = $block->original_values->{$_}; $v = value($block, $_) unless defined $v; defined $v ? "$_=$v" : '' }
        qw(config http_config main_config raw_config env user_files init master_on workers log_level stop must_die tcp_listen tcp_reply tcp_replies);
}

sub variables {
    return { PORT => server_port(), RAND_PORT => sub { $rand_ports{ $_[0] } ||= free_port() }, ORIGIN_PORT => sub { origin()->port } };
}

# expander: replaces a run's variables in a text, also after it has ended; anything that is not a string is given back as it is.
sub expander {
    my ($run) = @_;
    return sub {
        my ($text) = @_;
        return $text if !defined $text || ref $text;
        return $run->{server} ? $run->{server}->expand_text($text) : expand($text, $run->{vars});
    };
}

sub new_server {
    my ($t) = @_;
    my $block   = $t->{block};
    my $setting = sub { my $v = value($block, $_[0]); return defined $v ? $v =~ s/\s+\z//r : $file{ $_[0] } };
    my $master  = defined value($block, 'master_on') ? 'on' : $file{master};
    my $server  = Test::Sluice::Server->new(
        (map { $_ => scalar value($block, $_) } qw(config http_config main_config raw_config)),
        port => server_port(), vars => $running->{vars}, master => $master, workers => $setting->('workers'),
        log_level => $setting->('log_level'), connections => $file{connections}, env => env_of($block));
    $running->{server} = $server;
    $server->write_files(user_files($t));
    run_init($t);
    return $server;
}

sub env_of {
    my ($block) = @_;
    my $text = value($block, 'env');
    return {} unless defined $text;
    return { map { /^\s*(\w+)=(.*)$/ ? ($1 => $2) : die $block->name . ": bad line in env: $_\n" } grep { /\S/ } split /\n/, $text };
}

# user_files: ">>> path" lines, each followed by the file's text; or, by eval, [[path, text], ...].
sub user_files {
    my ($t) = @_;
    my $text = value($t->{block}, 'user_files');
    return () unless defined $text;
    return map { @$_ } @$text if ref $text;
    my ($before, %files) = split /^>>>[ \t]+(\S+).*\n/m, $text;
    die "$t->{name}: user_files: text before the first >>>\n" if defined $before && $before =~ /\S/;
    return map { $_ => defined $files{$_} ? $files{$_} : '' } keys %files;
}

sub run_init {
    my ($t) = @_;
    my $code = value($t->{block}, 'init');
    return unless defined $code;
    eval "package main; no strict 'vars'; " . $t->{expand}->($code) . '; 1' or die "$t->{name}: init: $@";
}

# start_server: the block's server runs, or a test has failed and the result is false.
sub start_server {
    my ($t) = @_;
    $origin->reset if $origin;
    return $running->{server} if $running->{server};
    my $server = new_server($t);
    start_script($t);
    return $server if eval { $server->start; 1 };
    my $why = $@;
    Test::More::fail("$t->{name} - the server starts");
    Test::More::diag($why);
    $server->remove;
    stop_script();
    $running = undef;
    return undef;
}

# start_script: the block's tcp_listen upstream.
sub start_script {
    my ($t) = @_;
    my $listen = value($t->{block}, 'tcp_listen');
    return unless defined $listen;
    $listen = $t->{expand}->($listen) =~ s/\s+//gr;
    my ($reply, $replies, $length) = map { value($t->{block}, $_) } qw(tcp_reply tcp_replies tcp_query_len);
    my @replies = map { ref $_ ? [map { $t->{expand}->($_) } @$_] : $t->{expand}->($_) } $replies ? @$replies : defined $reply ? ($reply) : ();
    $length =~ s/\s+//g if defined $length;
    $running->{script} = Test::Sluice::TcpScript->start(
        ($listen =~ /^\d+$/ ? (port => $listen) : (path => $listen)), replies => \@replies,
        (defined $length ? (query_bytes => $length) : ()), keep_open => defined value($t->{block}, 'tcp_no_close'));
}

sub stop_script {
    my $script = $running && delete $running->{script} or return;
    $script->stop;
}

# end_server: stops what runs, if anything does, and removes its directory.
sub end_server {
    my $server = close_server();
    $server->remove if $server;
}

# close_server: stops what runs and fails a test for everything unexpected about its end; gives the ended server, whose logs remain.
sub close_server {
    my $ended = $running;
    stop_script();
    $running = undef;
    my $server = $ended && $ended->{server} or return undef;
    $origin->ask('close_all') if $origin;
    my @problems = $server->finish(signal => $ended->{stop} || $file{stop}, allowed => $ended->{allowed} || []);
    if (@problems) {
        Test::More::fail(($ended->{name} || 'a block') . ' - the server ends cleanly');
        Test::More::diag(join "\n", @problems, $server->evidence);
    }
    return $server;
}

# run_live: the block's requests against its server, then the log.
sub run_live {
    my ($t, $next) = @_;
    my $server = start_server($t) or return;
    $running->{name} = $t->{name};
    $running->{stop} = value($t->{block}, 'stop') =~ s/\s+//gr if defined value($t->{block}, 'stop');
    push @{ $running->{allowed} }, allowed_alerts($t);
    my %mark   = (error => $server->log_mark, access => length $server->access_log);
    my $repeat = $file{repeat};
    for my $round (1 .. $repeat) {
        $origin->reset if $origin && $round > 1;
        run_requests($t, $server);
        check_origin($t, origin()) if grep { /^origin_/ } keys %{ $t->{block} };
        check_tcp($t, $running->{script}) if $running->{script};
        last if $round == $repeat;
        check_log($t, readers($server->{prefix}, %mark), 0, $round - 1);
        %mark = (error => $server->log_mark, access => length $server->access_log);
    }
    finish_block($t, $server, $next, %mark);
}

# readers: how to read what was logged since the marks; works after the server has ended, too.
sub readers {
    my ($prefix, %mark) = @_;
    return { map { my $log = $_; $log => sub { slurp("$prefix/logs/$log.log", $mark{$log}) } } qw(error access) };
}

# finish_block: ends the server when the block must see its whole log, or the next one needs another.
sub finish_block {
    my ($t, $server, $next, %mark) = @_;
    my $whole = grep { exists $t->{block}{$_} } qw(no_error_log no_access_log grep_error_log);
    my $keep  = !$whole && $next && !defined value($next, 'skip_eval') && $running->{key} eq server_key($next);
    if ($keep) {
        check_log($t, readers($server->{prefix}, %mark), 0, $file{repeat} - 1);
        report_failure($t, $server);
        return;
    }
    my $read = readers($server->{prefix}, %mark);
    wait_for_wanted($t, $read);
    report_failure($t, $server);
    close_server();
    my $before = failure_count();
    check_log($t, $read, 1, $file{repeat} - 1);
    Test::More::diag($server->evidence) if failure_count() > $before;
    $server->remove;
}

# wait_for_wanted: what the block wants to see in the logs may still be on its way; ask the server to end only then.
sub wait_for_wanted {
    my ($t, $read) = @_;
    my %from = (error_log => 'error', access_log => 'access');
    for my $section (keys %from) {
        my @wanted = patterns(value($t->{block}, $section), $t->{expand}) or next;
        wait_until { my $text = $read->{ $from{$section} }->(); !grep { $text !~ $_ } @wanted } 3;
    }
}

sub report_failure {
    my ($t, $server) = @_;
    Test::More::diag("$t->{name} failed; the server said:\n" . $server->evidence) if failure_count() > $t->{failures};
}

# run_must_die: the server must refuse to start.
sub run_must_die {
    my ($t) = @_;
    my $server = new_server($t);
    $server->launch;
    wait_until { defined $server->process->exited || $server->ready } 15;
    my $status = $server->process->exited;
    my $code   = defined $status ? $status >> 8 : 'none, it runs';
    my $died   = Test::More::ok(defined $status && $status > 0 && !($status & 127), "$t->{name} - the server refuses to start");
    Test::More::diag("exit status: $code\n" . $server->evidence) unless $died;
    my @allowed  = qr/\[(?:alert|emerg|crit)\]/;
    my @problems = grep { !/^ended with/ } $server->finish(allowed => \@allowed);
    if (@problems) {
        Test::More::fail("$t->{name} - nothing is left of it");
        Test::More::diag(join "\n", @problems);
    }
    check_log($t, { error => sub { $server->log . $server->stderr }, access => sub { $server->access_log } }, 1, 0);
    report_failure($t, $server);
    $server->remove;
    $running = undef;
}

# Requests.

sub run_requests {
    my ($t, $server) = @_;
    my @exchanges = exchanges($t->{block}, $t->{expand});
    my $i = 0;
    for my $exchange (@exchanges) {
        my $responses = $exchange->{raw} ? expected_responses($t->{block}) : @{ $exchange->{methods} };
        push @{ $exchange->{methods} }, ($exchange->{methods}[0]) x ($responses - @{ $exchange->{methods} });
        run_exchange($t, $server, $exchange, $i);
        $i += $responses;
    }
    my $wait = value($t->{block}, 'wait');
    sleep $wait * timeout_factor() if defined $wait;
}

# run_exchange: one connection: sends the pieces, then reads and checks one response per method. FIRST is the first response's place in the
# block's lists.
sub run_exchange {
    my ($t, $server, $exchange, $first) = @_;
    my $block   = $t->{block};
    my $timeout = value($block, 'timeout');
    $timeout = timeout_of($timeout) if defined $timeout;
    my $http = eval { Test::Sluice::Http->connect(port => $server->port, ($timeout ? (timeout => $timeout) : ())) };
    return Test::More::fail("$t->{name} - connects: $@") unless $http;
    $http->write_pieces(@{ $exchange->{pieces} });
    $http->shutdown_write if defined value($block, 'shutdown');
    if (defined value($block, 'abort')) { abort_exchange($t, $http, $timeout) }
    elsif (defined value($block, 'ignore_response')) { $http->read_all }
    else { read_responses($t, $http, $exchange, $first) }
    $http->close;
}

sub timeout_of {
    my ($text) = @_;
    my ($number, $unit) = $text =~ /^\s*([\d.]+)\s*(ms|s)?\s*$/ or die "bad timeout \"$text\"\n";
    return ($unit && $unit eq 'ms' ? $number / 1000 : $number) * timeout_factor();
}

# abort_exchange: the client goes away: after the server has read the request; with "abort: origin" after the origin has; with a timeout, after that.
sub abort_exchange {
    my ($t, $http, $timeout) = @_;
    my $when = value($t->{block}, 'abort') =~ s/\s+//gr;
    if    ($when eq 'origin') { wait_until { scalar origin()->requests } }
    elsif ($timeout)          { $http->read_all($timeout) }
    else                      { $http->wait_consumed }
}

sub read_responses {
    my ($t, $http, $exchange, $first) = @_;
    my $i = $first;
    for my $method (@{ $exchange->{methods} }) {
        my $response = defined value($t->{block}, 'sse_paced') ? read_paced($t, $http, $method) : $http->read_response(method => $method);
        check_response($t, $i++, $response);
    }
    Test::More::ok($http->at_eof, "$t->{name} - the server closes the connection") if defined value($t->{block}, 'connection_closed');
}

# read_paced: an event stream of the origin ("sse_paced: ID COUNT"): each event must arrive before the next one is let go.
sub read_paced {
    my ($t, $http, $method) = @_;
    my ($id, $count) = value($t->{block}, 'sse_paced') =~ /^\s*(\S+)\s+(\d+)\s*$/ or die "$t->{name}: sse_paced: ID COUNT\n";
    my $response = $http->read_head(method => $method);
    my $body     = '';
    for my $i (1 .. $count) {
        origin()->trigger($id);
        my $bytes = '';
        while ($body !~ /^data: event $i\n\n/m) {
            $bytes = $response->error ? undef : $http->read_body($response);
            last unless defined $bytes && length $bytes;
            $body .= $bytes;
        }
        Test::More::ok($body =~ /^data: event $i\n\n/m, "$t->{name} - event $i arrives before the next is sent");
    }
    until ($response->error || $response->{done}) {
        my $bytes = $http->read_body($response);
        $body .= $bytes if defined $bytes;
    }
    $response->{body} = $body;
    return $response;
}

1;
