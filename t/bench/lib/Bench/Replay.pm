# Replay: fixed requests to one sluice of a row, one after the other over one connection: the same work every time, for
# guard to count.
#
#   my $replay = Bench::Replay->start(row => 'plain', sluice => 'build/release/sluice', under => ['valgrind', ...]);
#   $replay->ask(1000);
#   $replay->stop;
package Bench::Replay;
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX ();
use Test::Sluice::Ports qw(free_port);
use Test::Sluice::Process qw(wait_until slurp);

my $kStartSeconds = 60;     # valgrind translates every line of startup first
my $kAskSeconds   = 120;    # for all requests of one ask
my $kBody         = 'x' x 128;
my $conf          = dirname(__FILE__) . '/../../conf';

# The rows: a configuration of t/bench/conf and what is asked of it.
my %rows = (
    plain          => { conf => 'plain' },
    browser        => { conf => 'plain', more => ['Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8', 'Accept-Encoding: gzip, deflate, br',
                                                  'Accept-Language: en-US,en;q=0.5', 'Cache-Control: max-age=0', 'Cookie: session=6f1d9e0c2b7a4835'] },
    post           => { conf => 'plain', body => 'p' x 16_384 },
    return200      => { conf => 'return200', path => '/' },
    'lua-route'    => { conf => 'lua-route', host => '3000-box77.sandbox.test' },
    lua5           => { conf => 'lua5' },
    'log-buffered' => { conf => 'log-buffered' },
);

sub names { return sort keys %rows }

# request: the bytes that are asked for row NAME.
sub request {
    my ($name) = @_;
    my %row    = (path => '/128', host => 'bench.test', more => [], body => '', %{ $rows{$name} });
    my @fields = ("Host: $row{host}", 'User-Agent: replay', @{ $row{more} }, length $row{body} ? 'Content-Length: ' . length $row{body} : ());
    return join("\r\n", (length $row{body} ? 'POST' : 'GET') . " $row{path} HTTP/1.1", @fields) . "\r\n\r\n$row{body}";
}

# start: row, sluice => its binary, under => words before it. Returns when it listens; dies with what it wrote otherwise.
sub start {
    my ($class, %option) = @_;
    my $dir  = tempdir('sluice-replay-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $self = bless { dir => $dir, backend => start_backend(), port => free_port(), request => request($option{row}) }, $class;
    $self->write_conf($rows{ $option{row} }{conf});
    # The C library picks its string functions by the processor; here always the same ones.
    my $process = $self->{process} = Test::Sluice::Process->spawn(
        argv => [@{ $option{under} || [] }, $option{sluice}, '-p', "$dir/", '-c', "$dir/replay.conf"],
        stdout => "$dir/output", stderr => "$dir/output", env => { GLIBC_TUNABLES => 'glibc.cpu.hwcaps=-AVX2,-AVX,-ERMS,-FSRM' });
    my $up = wait_until { defined $process->exited || ($self->{client} = $self->connect) } $kStartSeconds;
    die "sluice does not start:\n" . slurp("$dir/output") . slurp("$dir/error.log") if !$up || defined $process->exited;
    return $self;
}

sub connect { return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $_[0]{port}) }
sub dir     { return $_[0]{dir} }
sub pid     { return $_[0]{process}->pid }

sub write_conf {
    my ($self, $row) = @_;
    my %value = (PORT => $self->{port}, BACKEND => $self->{backend}{port}, TEXT => $kBody, LOG => "$self->{dir}/access.log");
    for my $file ('upstream.conf', "$row.conf") {
        my $text = slurp("$conf/$file") or die "no t/bench/conf/$file\n";
        $text =~ s/\@(PORT|BACKEND|TEXT|LOG)\@/$value{$1}/g;
        write_file("$self->{dir}/$file", $text);
    }
    write_file("$self->{dir}/replay.conf", <<"END");
daemon off;
master_process off;
pid $self->{dir}/pid;
error_log $self->{dir}/error.log warn;
events { worker_connections 256; }
http {
    access_log off;
    server_tokens off;
    keepalive_requests 100000000;
    keepalive_timeout 600s;
    include $row.conf;
}
END
}

sub write_file {
    my ($path, $text) = @_;
    open my $out, '>', $path or die "$path: $!\n";
    print $out $text;
    close $out or die "$path: $!\n";
}

# ask: COUNT requests. Dies when a response is not the expected one.
sub ask {
    my ($self, $count) = @_;
    local $SIG{ALRM} = sub { die "$count requests took more than $kAskSeconds s\n" };
    alarm $kAskSeconds;
    for (1 .. $count) {
        syswrite $self->{client}, $self->{request};
        my $response = '';
        until ($response =~ /\r\n\r\n.{128}\z/s) {
            sysread $self->{client}, $response, 65_536, length $response or die "the connection broke after: $response\n";
        }
        die "not the expected response: $response\n" unless $response =~ /\AHTTP\/1.1 200 /;
    }
    alarm 0;
}

# stop: ends it as an operator would; the backend, too.
sub stop {
    my ($self) = @_;
    close $self->{client};
    $self->{process}->signal('TERM');
    $self->{process}->kill_group unless defined $self->{process}->wait_exit(20);
    kill 'TERM', $self->{backend}{pid};
    waitpid $self->{backend}{pid}, 0;
}

# start_backend: a process that answers every request with 128 bytes, on the connection it came on; one connection at a time.
sub start_backend {
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => free_port(), Listen => 16, ReuseAddr => 1) or die "cannot listen: $!\n";
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    return { pid => $pid, port => $listener->sockport } if $pid;
    Test::Sluice::Process::end_with_parent();
    $SIG{TERM} = sub { POSIX::_exit(0) };
    while (my $peer = $listener->accept) { serve($peer) }
    POSIX::_exit(0);
}

sub serve {
    my ($peer) = @_;
    my $response = "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\nContent-Length: 128\r\n\r\n$kBody";
    my $seen = '';
    while (sysread $peer, $seen, 65_536, length $seen) {
        while ($seen =~ /\A(.*?\r\n\r\n)/s) {
            my $whole = length($1) + ($1 =~ /^Content-Length: *(\d+)/mi ? $1 : 0);
            last if length $seen < $whole;
            substr $seen, 0, $whole, '';
            syswrite $peer, $response;
        }
    }
}

1;
