# Free TCP ports for tests that run in parallel.
#
# A port is taken below the kernel's ephemeral range, so that no outgoing connection can steal it between
# the moment we choose it and the moment the server binds it, and is locked by a file until this process
# ends, so that two test files never choose the same one.
package Test::Sluice::Ports;
use strict;
use warnings;
use Fcntl qw(:flock O_RDWR O_CREAT);
use IO::Socket::INET;
use Exporter 'import';

our @EXPORT_OK = qw(free_port);

my $kFirst = 10_000;
my $kLast  = 32_000;
my $kTries = 2_000;

my %locks;    # port -> the lock file's handle, held for the life of the process

# free_port: a port of 127.0.0.1 on which nothing listens. Dies when none is found.
sub free_port {
    my $dir = "/tmp/sluice-test-ports-$<";
    mkdir $dir, 0700;
    for (1 .. $kTries) {
        my $port = $kFirst + int rand($kLast - $kFirst);
        next if $locks{$port};
        sysopen my $lock, "$dir/$port", O_RDWR | O_CREAT or die "cannot open $dir/$port: $!\n";
        next unless flock $lock, LOCK_EX | LOCK_NB;
        next unless bindable($port);
        $locks{$port} = $lock;
        return $port;
    }
    die "no free port between $kFirst and $kLast\n";
}

sub bindable {
    my ($port) = @_;
    return defined IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1, ReuseAddr => 1);
}

1;
