# Where access logs and error logs go besides files of fixed names: syslog, paths with variables; what clients can put into them; reopening.
use strict;
use warnings;
use lib 't/lib';
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP ();
use Socket qw(SOCK_DGRAM);
use Test::More;
use Test::Sluice::Process qw(slurp wait_until);
use Test::Sluice::Server;

my $udp = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1') or die "udp: $!";
my %config = (vars => { UDP_PORT => $udp->sockport }, http_config => <<'END', config => <<'END2');
    log_format short '$request_method $uri $status';
    log_format quoted '[$http_x] [$uri]';
    log_format json escape=json '{"x":"$http_x","agent":"$http_user_agent","uri":"$uri","args":"$args","request":"$request"}';
END
        location / { return 204; }
        location /udp { access_log syslog:server=127.0.0.1:$TEST_SLUICE_UDP_PORT,facility=local0,severity=notice,tag=tester short; return 204; }
        location /bare { access_log syslog:server=127.0.0.1:$TEST_SLUICE_UDP_PORT,nohostname short if=$arg_log; return 204; }
        location /unix { access_log syslog:server=unix:$TEST_SLUICE_PREFIX/logs/syslog.sock,nohostname short; return 204; }
        location /several { access_log logs/one.log short; access_log logs/two.log short; access_log syslog:server=127.0.0.1:$TEST_SLUICE_UDP_PORT short; return 204; }
        location /error { error_log syslog:server=127.0.0.1:$TEST_SLUICE_UDP_PORT,nohostname,tag=errors warn; proxy_pass http://127.0.0.1:$TEST_SLUICE_RAND_PORT_1; }
        location /named/ { access_log logs/named/$arg_name.log short; return 204; }
        location /kept/ { access_log logs/named/$arg_name.log short; open_log_file_cache max=2 inactive=1h valid=1h; return 204; }
        location /buffered { access_log logs/buffered.log short buffer=64k flush=1h; return 204; }
        location /flushed { access_log logs/flushed.log short buffer=64k flush=10ms; return 204; }
        location /json { access_log logs/json.log json; return 204; }
        location /quoted { access_log logs/quoted.log quoted; return 204; }
END2
my $server = Test::Sluice::Server->new(%config);
my $logs   = $server->prefix . '/logs';
mkdir $logs;
mkdir "$logs/named";
chmod 0777, "$logs/named";
my $socket = "$logs/syslog.sock";
my $unix   = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $socket) or die "unix: $!";
chmod 0777, $socket;
$server->start;

# received: the next datagram.
sub received {
    my ($from) = @_;
    return undef unless IO::Select->new($from)->can_read(5);
    $from->recv(my $datagram, 65536);
    return $datagram;
}

sub ask { my ($target, %option) = @_; return $server->get($target, %option)->status }

# line: waits for a line of a log.
sub has_line { my ($file, $line) = @_; return wait_until { (slurp("$logs/$file") // '') =~ $line } }

my $time = qr/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d/;

subtest 'syslog' => sub {
    is ask('/udp'), 204, 'answered';
    like received($udp), qr{^<133>$time \S+ tester: GET /udp 204$}, 'facility, severity, time, host, tag';
    ask('/bare?log=0');
    ask('/bare?log=1');
    like received($udp), qr{^<190>$time sluice: GET /bare 204$}, 'the defaults; if=';
    ask('/unix');
    like received($unix), qr{^<190>$time sluice: GET /unix 204$}, 'a Unix socket';
    is ask('/error'), 502, 'an error';
    like received($udp), qr{^<187>$time errors: \d{4}/\d\d/\d\d [\d:]+ \[error\] .*Connection refused.* client: 127\.0\.0\.1}, 'goes there with its level';
};

subtest 'several logs' => sub {
    ask('/several');
    ok has_line("$_.log", qr{^GET /several 204$}m), $_ for 'one', 'two';
    like received($udp), qr{GET /several 204$}, 'and syslog';
};

subtest 'a syslog server that is away, and comes back' => sub {
    $unix->close;
    unlink $socket;
    is ask('/unix'), 204, 'nobody waits for it';
    $unix = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $socket) or die "unix: $!";
    chmod 0777, $socket;
    is ask('/unix?again'), 204, 'it is back';
    like received($unix), qr{GET /unix 204$}, 'and found';
};

subtest 'paths with variables' => sub {
    ask("/named/?name=$_") for qw(a b a);
    ok has_line('named/a.log', qr{\A(?:GET /named/ 204\n){2}\z}), 'each its file';
    ok has_line('named/b.log', qr{\AGET /named/ 204\n\z}), 'each its file';
    ask('/named/?name=x/../../escaped');
    ask('/named/?name=' . 'n' x 300);
    ok $server->wait_for_log(qr{access_log: no file "\S+/logs/named/x/\.\./\.\./escaped\.log"}), 'a path that leads elsewhere gets no line';
    ok !-e "$logs/escaped.log", 'nor a file';
};

subtest 'open_log_file_cache' => sub {
    my ($worker) = $server->worker_pids;
    my $open = sub { return grep { defined && m{/named/} } map { readlink } glob "/proc/$worker/fd/*" };
    is scalar $open->(), 0, 'none is open without';
    ask("/kept/?name=k$_") for 1 .. 5;
    ok has_line('named/k5.log', qr{GET /kept/}), 'written';
    cmp_ok scalar $open->(), '<=', 2, 'two stay open at most';
    cmp_ok scalar $open->(), '>', 0, 'but some';
    rename "$logs/named/k5.log", "$logs/named/k5.old";
    $server->signal('USR1');
    ok wait_until { ask('/kept/?name=k5'); -e "$logs/named/k5.log" }, 'USR1: the file is made anew';
};

subtest 'USR1 with a buffered log' => sub {
    ask('/buffered?1');
    is slurp("$logs/buffered.log"), '', 'not written yet';
    rename "$logs/buffered.log", "$logs/buffered.old";
    $server->signal('USR1');
    ok has_line('buffered.old', qr{GET /buffered 204}), 'what was buffered goes to the old file';
    ok wait_until { -e "$logs/buffered.log" }, 'the new one is there';
    ask('/flushed');
    ok has_line('flushed.log', qr{GET /flushed 204}), 'flush= writes what waits';
};

subtest 'what clients send cannot break a line' => sub {
    my $c = $server->connection;
    my $hostile = join '', map { chr } grep { $_ != 10 && $_ != 13 && $_ != 0 } 1 .. 255;
    my $raw = sub {
        my ($path, $value) = @_;
        my $connection = $server->connection;
        $connection->write("GET $path HTTP/1.1\r\nHost: a\r\nX: $value\r\nUser-Agent: $value\r\nConnection: close\r\n\r\n");
        return $connection->read_response->status;
    };
    srand 7;
    for my $round (1 .. 200) {
        my $value = join '', map { my $byte = 9 + int rand 247; $byte == 10 || $byte == 13 || $byte == 11 || $byte == 12 ? '"' : chr $byte } 1 .. 40;
        $value =~ s/[\x00-\x08\x0a-\x1f\x7f]/\\/g;
        $raw->('/json?a=%22"\\', $value);
        $raw->('/quoted/%22%5c%1b', $value);
    }
    $raw->('/json', 'u' x 7_000);
    $raw->('/quoted/end', 'end');
    $raw->('/json?end', 'end');
    ok has_line('json.log', qr/"args":"end"/), 'all lines are there';
    my @lines = split /\n/, slurp("$logs/json.log");
    is scalar @lines, 202, 'one per request';
    my $bad = grep { my $text = $_; !eval { JSON::PP->new->latin1->decode($text); 1 } } @lines;
    is $bad, 0, 'each is JSON';
    ok has_line('quoted.log', qr/^\[end\]/m), 'the others, too';
    my @quoted = split /\n/, slurp("$logs/quoted.log");
    is scalar @quoted, 201, 'one per request';
    is scalar(grep { !m{^\[[\x20\x21\x23-\x7e]*\] \[[\x20\x21\x23-\x7e]*\]$} } @quoted), 0, 'nothing but plain bytes, and no quote';
};

for my $bad (
    ['access_log syslog:server=127.0.0.1 short buffer=1k;',       'logs to syslog cannot be buffered'],
    ['access_log logs/$host.log short buffer=1k;',                'buffered logs cannot have variables in name'],
    ['access_log syslog:server=127.0.0.1,facility=local9 short;', 'unknown syslog facility "local9"'],
    ['access_log syslog:tag=a short;',                            'no syslog server specified'],
    ['access_log syslog:server=log.example short;',               'names are not looked up'],
    ['access_log logs/a.log short gzip;',                         'the "gzip" parameter of "access_log" is not supported'],
    ['error_log memory:1m;',                                      '"error_log" to "memory:" is not supported'],
    ['error_log syslog:server=127.0.0.1,loud;',                   'unknown syslog parameter "loud"'],
    ['open_log_file_cache inactive=1s;',                          '"open_log_file_cache" must have "max" parameter'],
    ['open_log_file_cache max=0;',                                'invalid "open_log_file_cache" parameter "max=0"'],
) {
    $server->write_config(%config, config => $bad->[0]);
    isnt $server->reload, 0, $bad->[0];
    like $server->reload_output, qr/\Q$bad->[1]\E/, 'is refused by name';
}

$server->write_config(%config, main_config => 'error_log syslog:server=127.0.0.1:$TEST_SLUICE_UDP_PORT,nohostname notice;');
is $server->reload, 0, 'the main error_log';
my @seen;
ok wait_until { push @seen, received($udp) // ''; $seen[-1] =~ /^<189>$time sluice: .*\[notice\]/ }, 'goes to syslog, too';

$unix->close;
unlink $socket;
$server->stop(allowed => [qr/emerg/]);
done_testing;
