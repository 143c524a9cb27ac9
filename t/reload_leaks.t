# Two hundred reloads under load: nothing grows, no request fails, and what was open before the first one lives through all of them.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Footprint qw(footprint memory_of);
use Test::Sluice::Load;
use Test::Sluice::Origin;
use Test::Sluice::Plugin qw(compile_plugin answering_plugin);
use Test::Sluice::Process qw(wait_until slurp process_title);
use Test::Sluice::Server;

my $kReloads     = $ENV{TEST_SLUICE_RELOADS} || 200;
my $kWarmUp      = 20;                # caches, pools and the allocator's arenas have their size by then
my $kKeepalive   = 8;                 # idle connections to the origin come and go
my $kMemorySlack = 3 * 1024 * 1024;   # over all further reloads: less than 20 KB each

my $sanitized = qx{'${\Test::Sluice::Server::binary()}' -V 2>&1} =~ /sanitizer=(?!none)/;

my $origin = Test::Sluice::Origin->start;
my $server = Test::Sluice::Server->new(
    workers     => 2,
    log_level   => 'notice',
    vars        => { ORIGIN_PORT => $origin->{port} },
    main_config => 'load_module modules/answer.so;',
    http_config => '
        lua_shared_dict kept 1m;
        init_by_lua_block { table_of_this_generation = {} for i = 1, 1000 do table_of_this_generation[i] = "entry " .. i end }
        upstream app { server 127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; keepalive ' . $kKeepalive . '; }
        log_format short "$remote_addr $request";');
my $plugin = $server->prefix . '/modules/answer.so';
mkdir $server->prefix . '/modules';
compile_plugin($plugin, answering_plugin('from the plug-in'));
my $plugin_bytes = slurp($plugin);

sub config {
    my ($round) = @_;
    return qq{
        access_log logs/access.log short;
        location /round { return 200 "$round\\n"; }
        location /plugin { answer; }
        location /lua {
            access_by_lua_block { ngx.ctx.count = ngx.shared.kept:incr("hits", 1, 0) }
            content_by_lua_block { ngx.say("round $round") }
        }
        location ~ ^/(ws|sse|echo|trigger)\$ { proxy_pass http://app; proxy_http_version 1.1;
                     proxy_set_header Upgrade \$http_upgrade; proxy_set_header Connection \$http_connection; }};
}

# replace_plugin: other bytes and so another library, with the same code: what stands behind an ELF file's sections has no meaning.
sub replace_plugin {
    my ($round) = @_;
    Test::Sluice::Server::write_file("$plugin.new", "$plugin_bytes round $round");
    rename "$plugin.new", $plugin or die "rename: $!\n";
}

# reload: the next round; true when it is in effect.
sub reload {
    my ($round) = @_;
    replace_plugin($round);
    $server->write_config(config => config($round));
    return $server->reload eq '0';
}

$server->write_config(config => config(0));
$server->start;

my $websocket = $server->websocket(target => '/ws');
ok $websocket->usable, 'a WebSocket';
my ($events, $stream) = $server->sse('/sse?n=100000&id=leaks&stay=1');
is $stream->status, 200, 'an event stream';
my $idle = $server->connection;
is $idle->request(GET => '/round')->body, "0\n", 'a connection that stays';

sub everything_lives {
    my ($round) = @_;
    my $text = $websocket->echo("round $round");
    $origin->trigger('leaks');
    my $event = $events->next_event($stream);
    my $body  = $idle->request(GET => '/round')->body;
    return $text eq "round $round" && $event && $body eq "$round\n";
}

# settled: the footprint of a process once it is the same twice, with the load paused: what runs is over and retired.
sub settled {
    my ($pid) = @_;
    my $last = '';
    my $now;
    wait_until {
        $now = footprint($pid);
        my $text = join ' ', map { "$_=$now->{$_}" } sort keys %$now;
        my $same = $text eq $last && $now->{threads} == 1;
        $last = $text;
        return $same;
    } 5;
    return $now;
}

my $load_of = sub { Test::Sluice::Load->start(port => $server->port, targets => ['/round', '/plugin', '/lua', '/echo']) };
my %total   = (requests => 0, failures => 0, first => '');

# rounds: reloads FIRST .. LAST under load. The last two come after it, so that no request holds the generation before them.
sub rounds {
    my ($first, $last) = @_;
    my $load = $load_of->();
    my ($refused, $dead, $done) = (0, 0);
    for my $round ($first .. $last) {
        $done = $load->stop if $round == $last - 1;
        reload($round) or $refused++ or diag $server->reload_output;
        everything_lives($round) or $dead++;
    }
    is $refused, 0, "reloads $first to $last take effect";
    is $dead, 0, 'the WebSocket, the event stream and the idle connection live';
    is $done->{failures}, 0, "no request of $done->{requests} failed" or diag $done->{first};
}

rounds(1, $kWarmUp);
my @pids   = $server->all_pids;
my %before = map { $_ => settled($_) } @pids;
my %memory = map { $_ => memory_of($_, 'Pss') } @pids;

rounds($kWarmUp + 1, $kReloads);
is_deeply [$server->all_pids], \@pids, 'the same processes';
for my $pid (@pids) {
    my $title = process_title($pid) =~ s/ process.*//r;
    my $after = settled($pid);
    cmp_ok delete $after->{sockets}, '<=', delete($before{$pid}{sockets}) + $kKeepalive, "$title $pid: sockets are not more than before";
    is_deeply $after, $before{$pid}, "$title $pid: descriptors, memory files, code and threads are as many as before"
        or diag join "\n", sort { $a cmp $b } Test::Sluice::Footprint::descriptors_of($pid);
    next if $sanitized;
    my $grown = memory_of($pid, 'Pss') - $memory{$pid};
    cmp_ok $grown, '<', $kMemorySlack, "$title $pid: its memory grew by " . int($grown / 1024) . ' KB';
}
is $idle->request(GET => '/plugin')->body, "from the plug-in\n", 'the plug-in answers';

$_->close for $websocket, $events, $idle;
$server->stop;
$origin->stop;
done_testing;
