# One running sluice (or, with TEST_SLUICE_PEER=nginx, nginx) in a directory of its own.
#
#   my $s = Test::Sluice::Server->new(config => 'location / { return 200 "hi\n"; }');
#   $s->start;
#   is $s->get('/')->body, "hi\n";
#   $s->write_config(config => '...');  is $s->reload, 0;
#   $s->stop;                            # asserts a clean end: see problems()
#
# Everything that waits, waits for an event and gives up after a deadline.
package Test::Sluice::Server;
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Find ();
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use Test::More ();
use Test::Sluice::Conf qw(expand render is_nginx);
use Test::Sluice::Http;
use Test::Sluice::Corpus qw(keep_seed);
use Test::Sluice::Ports qw(free_port);
use Test::Sluice::Process qw(wait_until children_of descendants_of process_title slurp timeout_factor);
use Test::Sluice::WebSocket;

my $kStartSeconds   = 15;
my $kStopSeconds    = 8;
my $kLogSeconds     = 5;
my $kCommandSeconds = 20;

my $root = abs_path(dirname(__FILE__) . '/../../../..');

# binary: SLUICE_BIN, or the release build.
sub binary {
    return $ENV{SLUICE_BIN} ? abs_path($ENV{SLUICE_BIN}) || $ENV{SLUICE_BIN} : is_nginx() ? '/usr/sbin/nginx' : "$root/build/release/sluice";
}

# new: config, http_config, main_config or raw_config (see Conf); files => { 'path below html/' => text }; env => { NAME => value };
# workers => 1, master => 'on', daemon => 'off', log_level => 'debug', connections => 256, port => a free one, vars => { more variables },
# arguments => [ more words on the command line ].
sub new {
    my ($class, %option) = @_;
    my $binary = binary();
    die "no server to test: $binary does not exist (build it, or set SLUICE_BIN)\n" unless -x $binary;
    my $prefix = tempdir('sluice-t-XXXXXX', TMPDIR => 1, CLEANUP => 0);
    chmod 0755, $prefix;
    make_path("$prefix/$_") for qw(conf logs html);
    chmod 01777, "$prefix/logs";
    my $self = bless { binary => $binary, prefix => $prefix, owner => $$, port => $option{port} || free_port(),
                       options => { workers => 1, master => 'on', daemon => 'off', log_level => 'debug', connections => 256, %option } }, $class;
    $self->write_files(%{ $option{files} || {} });
    $self->write_config;
    return $self;
}

sub prefix   { return $_[0]{prefix} }
sub port     { return $_[0]{port} }
sub html_dir { return "$_[0]{prefix}/html" }
sub conf     { return "$_[0]{prefix}/conf/proxy.conf" }
sub pid_file { return "$_[0]{prefix}/logs/sluice.pid" }

# expand: the runner's variables in TEXT.
sub expand_text {
    my ($self, $text) = @_;
    return expand($text, { PORT => $self->{port}, PREFIX => $self->{prefix}, HTML_DIR => $self->html_dir,
                           RAND_PORT => sub { $self->rand_port($_[0]) }, %{ $self->{options}{vars} || {} } });
}

# rand_port: the N-th further port of this server, free when first asked for ($TEST_SLUICE_RAND_PORT_N).
sub rand_port {
    my ($self, $n) = @_;
    return $self->{rand_ports}{$n} ||= free_port();
}

# write_config: writes conf/proxy.conf again with some options changed.
sub write_config {
    my ($self, %change) = @_;
    $self->{options} = { %{ $self->{options} }, %change };
    my $text = $self->expand_text(render(%{ $self->{options} }, port => $self->{port}));
    keep_seed(conf => $text);
    write_file($self->conf, $text);
}

# write_files: path => text, below html/ unless absolute; the text's variables are expanded.
sub write_files {
    my ($self, %files) = @_;
    for my $path (sort keys %files) {
        my $full = $path =~ m{^/} ? $path : $self->html_dir . "/$path";
        make_path(dirname($full));
        write_file($full, $self->expand_text($files{$path}));
    }
}

sub write_file {
    my ($path, $text) = @_;
    open my $file, '>:raw', $path or die "cannot write $path: $!\n";
    utf8::encode($text) if utf8::is_utf8($text);
    print $file $text;
    close $file or die "cannot write $path: $!\n";
}

# launch: starts the process without waiting for it to be ready.
sub launch {
    my ($self) = @_;
    my $logs = "$self->{prefix}/logs";
    $self->{process} = Test::Sluice::Process->spawn(
        argv   => [$self->{binary}, '-p', "$self->{prefix}/", '-c', 'conf/proxy.conf', @{ $self->{options}{arguments} || [] }],
        stdout => "$logs/stdout", stderr => "$logs/stderr", env => $self->environment);
    return $self;
}

# environment: the test's, the block's, and where sanitizers write their reports.
sub environment {
    my ($self) = @_;
    my $report = "log_path=$self->{prefix}/logs/sanitizer";
    my %env = map { $_ => $self->expand_text($self->{options}{env}{$_}) } keys %{ $self->{options}{env} || {} };
    for my $tool (qw(ASAN LSAN UBSAN TSAN)) {
        $env{"${tool}_OPTIONS"} = join ':', grep { length } $ENV{"${tool}_OPTIONS"} || '', $report,
            $tool eq 'UBSAN' ? 'print_stacktrace=1' : '';
    }
    return \%env;
}

# start: launches and waits until it listens and has written its pid file. Dies with the log when it does not.
sub start {
    my ($self) = @_;
    $self->launch;
    my $ready = wait_until { defined $self->{process}->exited || $self->ready } $kStartSeconds;
    return $self if $ready && !defined $self->{process}->exited;
    my $why = $ready ? 'ended with ' . describe_status($self->{process}->exited) : 'is not ready';
    $self->{process}->kill_group unless $ready;
    die "the server $why\n" . $self->evidence;
}

# start_daemon: with daemon => 'on', runs the command to its end, as an init system does: { status, stdout, stderr }. When status is 0, the
# daemon in the pid file is the running server from then on.
sub start_daemon {
    my ($self) = @_;
    my $done = $self->command;
    my $pid  = $self->daemon_pid;
    $self->{process} = Test::Sluice::Process->adopt($pid) if $done->{status} eq '0' && $pid;
    return $done;
}

sub ready { my ($self) = @_; return -s $self->pid_file && $self->listens }

# listens: some process listens on our port. Asked of the kernel, so that the server sees no connection that the test did not make.
sub listens {
    my ($self, $port) = @_;
    my $hex = sprintf '%04X', $port || $self->{port};
    return slurp('/proc/net/tcp') =~ /^\s*\d+: \w{8}:$hex \w{8}:0000 0A /m || slurp('/proc/net/tcp6') =~ /^\s*\d+: \w{32}:$hex \w{32}:0000 0A /m;
}

sub running { my $p = $_[0]{process}; return $p && !defined $p->exited }

sub describe_status {
    my ($status) = @_;
    return 'an unknown status' if $status < 0;
    return 'signal ' . ($status & 127) if $status & 127;
    return 'status ' . ($status >> 8);
}

# evidence: the end of standard error and of the error log, for a failing test's output.
sub evidence {
    my ($self) = @_;
    my @stderr = last_lines(slurp("$self->{prefix}/logs/stderr"), 30);
    my @log    = last_lines(join('', grep { !/ \[debug\] / } $self->log =~ /(.*\n?)/g), 40);
    my @report = map { last_lines(slurp($_), 60) } $self->sanitizer_files;
    return join '', '--- standard error', "\n", @stderr, '--- error log', "\n", @log, (@report ? ("--- sanitizer\n", @report) : ());
}

sub last_lines {
    my ($text, $count) = @_;
    my @lines = $text =~ /(.+\n?)/g;
    return @lines > $count ? @lines[-$count .. -1] : @lines;
}

# Logs.

sub log        { return slurp("$_[0]{prefix}/logs/error.log", $_[1]) }
sub access_log { return slurp("$_[0]{prefix}/logs/access.log", $_[1]) }
sub stderr     { return slurp("$_[0]{prefix}/logs/stderr", $_[1]) }

# log_mark: where the error log ends now; log(mark) and wait_for_log(qr, mark) look behind it.
sub log_mark { return -s "$_[0]{prefix}/logs/error.log" || 0 }

# wait_for_log: true once PATTERN is in the error log.
sub wait_for_log {
    my ($self, $pattern, $mark, $seconds) = @_;
    return wait_until { $self->log($mark) =~ $pattern } $seconds || $kLogSeconds;
}

# Processes.

sub process    { return $_[0]{process} }
sub master_pid { return $_[0]{process}->pid }

# daemon_pid: what the pid file says.
sub daemon_pid {
    my ($self) = @_;
    return slurp($self->pid_file) =~ /^(\d+)/ ? $1 : undef;
}

sub children_titled {
    my ($self, $pattern) = @_;
    return sort { $a <=> $b } grep { process_title($_) =~ $pattern } children_of($self->daemon_pid || $self->master_pid);
}

sub worker_pids { return $_[0]->children_titled(qr/^\w+: worker/) }
sub control_pid { return ($_[0]->children_titled(qr/^\w+: control/))[0] }
sub loader_pid  { return ($_[0]->children_titled(qr/^\w+: loader/))[0] }
sub all_pids    { my $pid = $_[0]->daemon_pid || $_[0]->master_pid; return ($pid, descendants_of($pid)) }

# wait_for_workers: true once COUNT workers run and none of the pids NOT is among them.
sub wait_for_workers {
    my ($self, $count, @not) = @_;
    my %not = map { $_ => 1 } @not;
    return wait_until { my @pids = $self->worker_pids; @pids == $count && !grep { $not{$_} } @pids };
}

# signal: to the master (the process in the pid file).
sub signal {
    my ($self, $signal) = @_;
    return kill $signal, $self->daemon_pid || $self->master_pid;
}

# command: runs the binary with -p, -c and ARGUMENTS to its end: { status, stdout, stderr }; status is the exit code, or "signal N".
sub command {
    my ($self, @arguments) = @_;
    return run_binary($self->{binary}, ['-p', "$self->{prefix}/", '-c', 'conf/proxy.conf', @arguments], $self->environment, "$self->{prefix}/logs");
}

# run_binary: runs ARGV to its end, output to files in DIR.
sub run_binary {
    my ($binary, $arguments, $env, $dir) = @_;
    my ($stdout, $stderr) = map { "$dir/command.$_" } qw(stdout stderr);
    unlink $stdout, $stderr;
    my $process = Test::Sluice::Process->spawn(argv => [$binary, @$arguments], stdout => $stdout, stderr => $stderr, env => $env);
    my $status  = $process->wait_exit($kCommandSeconds);
    $process->kill_group unless defined $status;
    my $code = !defined $status ? 'timeout' : $status & 127 ? 'signal ' . ($status & 127) : $status >> 8;
    return { status => $code, stdout => slurp($stdout), stderr => slurp($stderr) };
}

# reload: the configuration on disk takes effect, or is refused; gives the exit status of "-s reload" (0: in effect). For nginx, whose
# command does not wait, waits for the new workers.
sub reload {
    my ($self) = @_;
    my @before = $self->worker_pids;
    my $done   = $self->{reloaded} = $self->command('-s', 'reload');
    if (is_nginx() && $done->{status} eq '0') { $self->wait_for_workers($self->{options}{workers}, @before) or return 1 }
    return $done->{status};
}

# reload_output: what the last reload wrote to standard error.
sub reload_output { return $_[0]{reloaded}{stderr} }

# hup: SIGHUP to the master; returns at once.
sub hup { return $_[0]->signal('HUP') }

# Clients.

sub connection { my ($self, %option) = @_; return Test::Sluice::Http->connect(port => $self->{port}, %option) }
sub websocket  { my ($self, %option) = @_; return Test::Sluice::WebSocket->connect(port => $self->{port}, %option) }

# request: one request on a connection of its own, closed afterwards.
sub request {
    my ($self, $method, $target, %option) = @_;
    my $connection = $self->connection(%{ delete $option{connect} || {} });
    my @headers    = @{ $option{headers} || [] };
    push @headers, 'Connection: close' unless grep { /^Connection:/i } @headers;
    my $response = $connection->request($method, $target, %option, headers => \@headers);
    $connection->close;
    return $response;
}

sub get { my ($self, $target, %option) = @_; return $self->request('GET', $target, %option) }

# sse: opens an event stream; gives (connection, response) for $connection->next_event($response).
sub sse {
    my ($self, $target, %option) = @_;
    my $connection = $self->connection;
    $connection->write(Test::Sluice::Http::build_request('GET', $target, %option));
    return ($connection, $connection->read_head);
}

# The end.

# finish: asks the server to end with SIGNAL (default QUIT), waits, and gives problems() without asserting anything. ALLOWED are patterns
# of log lines that may be alerts.
sub finish {
    my ($self, %option) = @_;
    my $process = $self->{process} or return ();
    my @problems;
    my $running = !defined $process->exited;
    for my $signal ($running ? ($option{signal} || 'QUIT', 'TERM') : ()) {
        $process->signal($signal);
        last if defined $process->wait_exit($kStopSeconds);
        push @problems, "still runs after SIG$signal";
    }
    my @left = $self->wait_leftovers;
    push @problems, map { "process left behind: $_->[0] $_->[1]" } @left;
    $process->kill_group if @left || !defined $process->exited;
    $process->wait_exit(5);
    push @problems, $self->problems(%option);
    delete $self->{process};
    return @problems;
}

# wait_leftovers: what still belongs to the ended process after the kernel had a moment to reap it.
sub wait_leftovers {
    my ($self) = @_;
    my @left;
    wait_until { @left = $self->{process}->leftovers; !@left } 1;
    return @left;
}

# problems: everything unexpected about the ended process, one sentence each: exit status, log lines of level alert and above (critical
# too), sanitizer reports, files that should have gone. OPTION: allowed => [qr, ...], exit => expected status.
sub problems {
    my ($self, %option) = @_;
    my @problems = ($self->log_problems(0, @{ $option{allowed} || [] }), $self->sanitizer_problems);
    my $status   = $self->{process}->exited;
    my $expected = $option{exit} || 0;
    push @problems, 'ended with ' . describe_status($status) if defined $status && $status != $expected << 8;
    push @problems, 'pid file left behind' if -e $self->pid_file && $expected == 0;
    File::Find::find(sub { push @problems, "socket left behind: $File::Find::name" if -S $_ }, $self->{prefix});
    return @problems;
}

sub log_problems {
    my ($self, $mark, @allowed) = @_;
    my @found;
    for my $line ($self->log($mark) =~ /^(.*? \[(?:alert|emerg|crit)\] .*)$/mg) {
        push @found, "logged: $line" unless grep { $line =~ $_ } @allowed;
    }
    return @found;
}

sub sanitizer_files { return glob "$_[0]{prefix}/logs/sanitizer.*" }

sub sanitizer_problems {
    my ($self) = @_;
    my @found;
    for my $file ("$self->{prefix}/logs/stderr", $self->sanitizer_files) {
        push @found, "sanitizer: $1" if slurp($file) =~ /^(.*(?:ERROR: (?:Address|Leak|Thread|Undefined)\w*Sanitizer|WARNING: ThreadSanitizer|LeakSanitizer has encountered|runtime error: ).*)$/m;
    }
    return @found;
}

# stop: finish(), as one test: the server ended cleanly. The directory is removed.
sub stop {
    my ($self, %option) = @_;
    my @problems = $self->finish(%option);
    my $name     = $option{name} || 'the server ended cleanly';
    Test::More::ok(!@problems, $name) or Test::More::diag(join "\n", @problems, $self->evidence);
    $self->remove;
    return !@problems;
}

# remove: the directory goes, unless TEST_SLUICE_KEEP is set.
sub remove {
    my ($self) = @_;
    return if $ENV{TEST_SLUICE_KEEP} || !$self->{prefix} || $self->{owner} != $$;
    remove_tree($self->{prefix}, { safe => 0 });
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local ($?, $@);
    if ($self->{process} && !defined $self->{process}->exited) {
        $self->{process}->signal('TERM');
        $self->{process}->wait_exit(3);
        $self->{process}->kill_group;
    }
    $self->remove;
}

1;
