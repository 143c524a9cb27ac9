# Files that change, shrink, vanish, are no files, or are larger than memory.
use strict;
use warnings;
use lib 't/lib';
use POSIX qw(mkfifo);
use Test::More;
use Test::Sluice::Footprint qw(footprint memory_of);
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Server;

my $kMegabyte = 1024 * 1024;
my $sanitized = qx{'${\Test::Sluice::Server::binary()}' -V 2>&1} =~ /sanitizer=(?!none)/;

for my $sendfile ('off', 'on') {
    my $server = Test::Sluice::Server->new(config => 'root html;', http_config => "sendfile $sendfile;");
    $server->start;
    my $html = $server->html_dir;
    mkdir $html;

    # --- contents that change: what was kept in memory never outlives them
    my $c = $server->connection;
    my $answers = sub { $c->request(GET => "/$_[0]")->body };
    write_file("$html/a.txt", "one\n");
    utime 1_600_000_000, 1_600_000_000, "$html/a.txt";
    is $answers->('a.txt'), "one\n", "sendfile $sendfile: a file";
    for my $round (1 .. 20) {
        my $text = sprintf "v%02d\n", $round;
        write_file("$html/a.txt", $text);
        my @seen = ($answers->('a.txt'), $answers->('a.txt'));
        next if $seen[0] eq $text && $seen[1] eq $text;
        fail "round $round: a write with the same size is seen at once";
        last;
    }
    pass 'twenty writes of one size in a row are each seen at once';
    write_file("$html/new.txt", "new\n");
    rename "$html/new.txt", "$html/a.txt";
    is $answers->('a.txt'), "new\n", 'another file under the name';
    unlink "$html/a.txt";
    is $c->request(GET => '/a.txt')->status, 404, 'no file under it';
    mkdir "$html/a.txt";
    is $c->request(GET => '/a.txt')->status, 301, 'a folder under it';

    # A file that has settled is kept, and still every change of it is seen.
    write_file("$html/old.txt", "first\n");
    sleep_until_settled("$html/old.txt");
    is $answers->('old.txt'), "first\n", 'a settled file' for 1 .. 3;
    write_file("$html/old.txt", "other\n");
    is $answers->('old.txt'), "other\n", 'changes';
    rmdir "$html/a.txt";

    # --- what is no file does not hold the worker up
    mkfifo("$html/pipe", 0644);
    my $mark = $server->log_mark;
    is $c->request(GET => '/pipe')->status, 404, 'a pipe';
    ok $server->wait_for_log(qr/"\S+pipe" is not a regular file/, $mark), 'is told of';
    symlink '/dev/zero', "$html/zero";
    is $c->request(GET => '/zero')->status, 404, 'a device';
    symlink 'loop', "$html/loop";
    is $c->request(GET => '/loop')->status, 403, 'a link to itself';

    # --- larger than memory: a sparse file of 5 GB
    sparse("$html/huge.bin", 5 * 1024 * $kMegabyte, 'THE END');
    is $c->request(HEAD => '/huge.bin')->header('Content-Length'), 5 * 1024 * $kMegabyte, 'a huge file has its length';
    my $tail = $c->request(GET => '/huge.bin', headers => ['Range: bytes=-7']);
    is $tail->body, 'THE END', 'its last bytes';
    is $tail->header('Content-Range'), 'bytes 5368709113-5368709119/5368709120', 'are where they are';
    my ($worker) = $server->worker_pids;
    my $before = memory_of($worker, 'Pss');
    my @slow = map { slow_client($server, '/huge.bin') } 1 .. 20;
    cmp_ok memory_of($worker, 'Pss') - $before, '<', 8 * $kMegabyte, 'twenty clients that read nothing of it cost little';
    $_->close for @slow;

    # --- a file that shrinks while it is sent does not look complete
    sparse("$html/shrinks.bin", 64 * $kMegabyte, 'x');
    my $client = slow_client($server, '/shrinks.bin');
    $mark = $server->log_mark;
    truncate "$html/shrinks.bin", 10;
    my $got = $client->read_all;
    cmp_ok length $got, '<', 64 * $kMegabyte, 'less than announced arrives';
    ok $client->at_eof, 'and then the end of the connection';
    ok $server->wait_for_log(qr/shrinks\.bin/, $mark), 'which is logged';

    # --- a body in pieces is whole
    my $text = join '', map { "$_\n" } 1 .. 400_000;
    write_file("$html/long.txt", $text);
    ok $server->connection->request(GET => '/long.txt')->body eq $text, 'a long file is whole';
    my $ranges = $server->connection->request(GET => '/long.txt', headers => ['Range: bytes=0-99999, 200000-299999']);
    my ($first, $second) = $ranges->body =~ /bytes 0-99999.*?\r\n\r\n(.*?)\r\n--.*?bytes 200000-299999.*?\r\n\r\n(.*?)\r\n--\d+--\r\n\z/s;
    ok $first eq substr($text, 0, 100_000) && $second eq substr($text, 200_000, 100_000), 'and so are its ranges';

    is descriptors($worker, $html), 0, 'no file stays open';
    $server->stop(allowed => [qr/is not a regular file/, qr/shrinks\.bin/]);
}

# --- a generation that a client keeps gives its copies back at once
{
    my $server = Test::Sluice::Server->new(config => 'root html;', http_config => 'sendfile on; static_cache 16m;');
    $server->start;
    my $html = $server->html_dir;
    mkdir $html;
    my @names = map { "$_.bin" } 1 .. 200;
    write_file("$html/$_", 'x' x 60_000) for @names;
    sparse("$html/huge.bin", 1024 * $kMegabyte, 'x');
    sleep_until_settled("$html/huge.bin");
    my $read_all = sub { my $c = $server->connection; $c->request(GET => "/$_") for @names };
    my ($worker) = $server->worker_pids;
    my $empty = memory_of($worker, 'Pss');
    $read_all->();
    my $filled = memory_of($worker, 'Pss');
    cmp_ok $filled - $empty, '>', 8 * $kMegabyte, 'copies take memory';
    my @slow;
    for my $round (1 .. 3) {
        push @slow, slow_client($server, '/huge.bin');
        is $server->reload, 0, "round $round: a reload while a client is served";
        $read_all->();
        $read_all->();
    }
    is_deeply [$server->worker_pids], [$worker], 'the worker is the same';
    SKIP: {
        skip 'sanitizers keep what was freed', 1 if $sanitized;
        cmp_ok memory_of($worker, 'Pss') - $filled, '<', 8 * $kMegabyte, 'the copies of four generations take as much as those of one';
    }
    $_->close for @slow;
    $server->stop;
}

# --- a copy that has no room does not drive out others
{
    my $server = Test::Sluice::Server->new(config => 'root html; location = /m { metrics; }', http_config => 'static_cache 2k;');
    $server->start;
    my $html = $server->html_dir;
    mkdir $html;
    write_file("$html/small.txt", 'small');
    write_file("$html/large.txt", 'x' x 1650);    # fits but for its name
    sleep_until_settled("$html/large.txt");
    $server->get("/$_.txt") for qw(small large small);
    my $metrics = $server->get('/m')->body;
    like $metrics, qr/^sluice_static_cache_evictions_total 0$/m, 'nothing had to go';
    like $metrics, qr/^sluice_static_cache_hits_total 1$/m,      'the small one stayed';
    $server->stop;
}

# --- what is served from memory is what is served from the file: conditions, ranges, HEAD, an empty file
{
    my @servers = map {
        Test::Sluice::Server->new(http_config => "static_cache $_;",
            config => 'root html; location = /m { metrics; } location /off/ { alias html/; max_ranges 0; etag off; }')
    } 'off', '1m';
    for my $server (@servers) {
        $server->start;
        my $html = $server->html_dir;
        mkdir $html;
        write_file("$html/a.txt", '0123456789');
        write_file("$html/empty.txt", '');
        utime 784_111_777, 784_111_777, "$html/a.txt", "$html/empty.txt";
    }
    sleep_until_settled($_->html_dir . '/empty.txt') for @servers;
    my @fields = ([], map { [$_] } 'If-None-Match: *', 'If-None-Match: "x"', 'If-None-Match: W/"2ebc98a1-a"', 'If-Match: "2ebc98a1-a"',
        'If-Match: "x"', (map { ("If-Modified-Since: $_", "If-Unmodified-Since: $_") } map { "Sun, 06 Nov 1994 08:49:3$_ GMT" } 6 .. 8),
        (map { "Range: bytes=$_" } '0-0', '2-4', '5-', '-3', '8-100', '10-', 'x', '5-2', '-0', '0-1,5-6,-1', '0-8,1-9', '1-2,20-'));
    push @fields, map { ["Range: bytes=1-2", "If-Range: $_"] } '"2ebc98a1-a"', '"x"', 'Sun, 06 Nov 1994 08:49:37 GMT';
    my @targets = ('/a.txt', '/empty.txt', '/off/a.txt', '/off/empty.txt');
    my $ask = sub {
        my ($server) = @_;
        my $c = $server->connection;
        $c->request(GET => $_) for @targets;
        my $hits = cache_hits($server);
        my %answers;
        for my $target (@targets) {
            for my $fields (@fields) {
                $answers{"$_ $target @$fields"} = answer_text($c->request($_ => $target, headers => $fields)) for 'GET', 'HEAD';
            }
        }
        $answers{hits} = cache_hits($server) - $hits;
        return \%answers;
    };
    my ($from_file, $from_memory) = map { $ask->($_) } @servers;
    is delete $from_file->{hits}, 0, 'one server keeps nothing in memory';
    is delete $from_memory->{hits}, scalar keys %$from_memory, 'the other has served all from it';
    is_deeply $from_memory, $from_file, 'with the same answers';
    like $from_memory->{'GET /a.txt Range: bytes=2-4'}, qr/^206 .*\n234\z/s, 'a range';
    like $from_memory->{'GET /empty.txt '}, qr/^200 .*Content-Length: 0\n/s, 'an empty file';
    like $from_memory->{'GET /a.txt If-None-Match: *'}, qr/^304 /, 'a file that the client has';
    $_->stop for @servers;
}

# --- the cache is bounded
{
    my $server = Test::Sluice::Server->new(http_config => 'static_cache 200k; types { text/a x; text/b x; }', config => 'root html; location = /m { metrics; }');
    $server->start;
    my $html = $server->html_dir;
    mkdir $html;
    write_file("$html/$_.txt", "$_" x 30_000) for 0 .. 9;
    sleep_until_settled("$html/9.txt");
    for my $round (1 .. 2) {
        is $server->get("/$_.txt")->body, "$_" x 30_000, "round $round: file $_" for 0 .. 9;
    }
    is $server->get('/9.txt')->status, 200, 'the last one again';
    my $metrics = $server->get('/m')->body;
    my ($hits)      = $metrics =~ /^sluice_static_cache_hits_total (\d+)/m;
    my ($evictions) = $metrics =~ /^sluice_static_cache_evictions_total (\d+)/m;
    cmp_ok $hits,      '>=', 1,  'it was in memory';
    cmp_ok $evictions, '>=', 10, 'others had to go';
    like $server->log, qr{duplicate extension "x", content type: "text/b", previous content type: "text/a" in }, 'an extension twice is a warning';
    $server->stop;
}

done_testing;

# --- helpers

sub write_file {
    my ($path, $text) = @_;
    open my $file, '>', $path or die "$path: $!";
    print $file $text;
    close $file;
}

sub sparse {
    my ($path, $bytes, $end) = @_;
    open my $file, '>', $path or die "$path: $!";
    seek $file, $bytes - length $end, 0;
    print $file $end;
    close $file;
}

# A file is kept in memory only when its last change is some seconds ago. ctime can't be set, so this waits for the clock.
sub sleep_until_settled {
    my ($path) = @_;
    my $changed = (stat $path)[10];
    wait_until { time > $changed + 3 } 10;
}

# A client that has read the head and nothing more; the server has filled the socket and waits.
sub slow_client {
    my ($server, $target) = @_;
    my $client = $server->connection;
    $client->write(Test::Sluice::Http::build_request(GET => $target));
    $client->read_head;
    return $client;
}

sub cache_hits {
    my ($server) = @_;
    return $server->get('/m')->body =~ /^sluice_static_cache_hits_total (\d+)/m ? $1 : 0;
}

# All of an answer but what differs from one to the next.
sub answer_text {
    my ($answer) = @_;
    my $text = join "\n", $answer->status . ' ' . $answer->reason, (map { "$_->[0]: $_->[1]" } grep { $_->[0] ne 'Date' } $answer->headers),
        '', $answer->body;
    $text =~ s/\b\d{20}\b/BOUNDARY/g;
    return $text;
}

sub descriptors {
    my ($pid, $below) = @_;
    return scalar grep { (readlink($_) || '') =~ /^\Q$below\E/ } glob "/proc/$pid/fd/*";
}
