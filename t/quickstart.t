# conf/quickstart: what a newcomer runs first. Here with the server under test, on free ports, from another directory.
use strict;
use warnings;
use lib 't/lib';
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IO::Socket::INET;
use Test::More;
use Test::Sluice::Http;
use Test::Sluice::Ports qw(free_port);
use Test::Sluice::Process qw(wait_until descendants_of);
use Test::Sluice::Server;

my $root = abs_path(dirname(__FILE__) . '/..');
$ENV{SLUICE_BIN} = abs_path(Test::Sluice::Server::binary());

# --- --check

{
    my $output = qx{cd / && '$root/conf/quickstart' --check 2>&1};
    is $?, 0, '--check succeeds' or diag $output;
    like $output, qr/^ok\s+\Q$_\E/m, "it tried: $_"
        for 'an unknown sandbox', 'after editing the Lua and SIGHUP', 'the WebSocket opened before', 'the event stream opened before',
            'a mistake changes nothing';
    unlike $output, qr/^FAILED/m, 'nothing failed';
}

# --- in the foreground, until Ctrl-C

{
    my ($port, $sandbox_port) = (free_port(), free_port());
    local $ENV{QUICKSTART_PORT}         = $port;
    local $ENV{QUICKSTART_SANDBOX_PORT} = $sandbox_port;
    my $pid = open my $output, '-|', "exec perl -e 'setpgrp; exec \@ARGV' '$root/conf/quickstart' 2>&1" or die "quickstart: $!\n";
    my $said = '';
    while (my $line = <$output>) { $said .= $line; last if $line =~ /Ctrl-C/ }
    like $said, qr{curl http://$sandbox_port-abc123\.localhost:$port/}, 'it prints the addresses to try';

    my $response = Test::Sluice::Http->connect(port => $port)->request(GET => '/', host => "$sandbox_port-abc123.localhost:$port");
    like $response->body, qr/^This is sandbox abc123/, 'which work';
    is $response->header('X-Sandbox'), 'abc123', 'with the field that the header filter adds';

    my @processes = ($pid, descendants_of($pid));
    cmp_ok scalar @processes, '>=', 6, 'a shell, three sandboxes, a master and its children run';
    kill INT => -$pid;    # as a terminal does: to everything in the foreground
    local $/;
    my $rest = <$output>;
    close $output;
    is $? >> 8, 0, 'Ctrl-C is the normal end' or diag $rest;
    ok wait_until(sub { !grep { kill 0 => $_ } @processes }), 'nothing is left running';
    ok !IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port), 'nothing listens any more';
}

# --- when it can't

{
    my $taken = IO::Socket::INET->new(LocalAddr => '0.0.0.0', LocalPort => free_port(), Listen => 1);
    local $ENV{QUICKSTART_PORT}         = $taken->sockport;
    local $ENV{QUICKSTART_SANDBOX_PORT} = free_port();
    my $output = qx{'$root/conf/quickstart' 2>&1 </dev/null};
    isnt $?, 0, 'a port that is taken ends it';
    like $output, qr/bind\(\) to \S+ failed \(98: Address already in use\)/, 'with the reason';
}

done_testing;
