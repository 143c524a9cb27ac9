# The contestants: how each is configured, started and asked for its version. A contestant runs for one row and then ends.
package Bench::Peers;
use strict;
use warnings;
use File::Basename qw(basename);
use IO::Socket::INET;
use Bench::Proc qw(family);
use Test::Sluice::Process qw(wait_until slurp);

our $backend_port = 9000;
my $kFirstPort = 8001;

my $kNginxLua = join "\n", map { "load_module /usr/lib/nginx/modules/$_.so;" } qw(ndk_http_module ngx_http_lua_module);

# all: one object per contestant, in order. NAMES are "sluice", "nginx", "floor" or "NAME=BINARY".
sub all {
    my (%option) = @_;
    my $port = $kFirstPort;
    my %binary = (sluice => $option{sluice}, nginx => '/usr/sbin/nginx', floor => "$option{tools}/bench_floor");
    return map {
        my ($name, $binary) = /^([^=]+)=(.+)$/ ? ($1, $2) : ($_, $binary{$_});
        die "unknown contestant \"$name\"\n" unless defined $binary;
        die "$name: $binary is not there\n" unless -x $binary;
        my $kind = $name eq 'floor' ? 'floor' : basename($binary) =~ /^nginx/ ? 'nginx' : 'sluice';
        bless { name => $name, kind => $kind, binary => $binary, port => $port++, cpu => $option{cpu},
                dir => "$option{dir}/$name", conf => $option{conf}, log => "/dev/shm/bench-$$-$name.log" }, __PACKAGE__;
    } @{ $option{names} };
}

sub name { return $_[0]{name} }
sub port { return $_[0]{port} }

# version: what the table's foot says.
sub version {
    my ($self) = @_;
    return 'own forwarder, four socket calls per request' if $self->{kind} eq 'floor';
    my $text = `'$self->{binary}' -v 2>&1`;
    chomp $text;
    return $text;
}

# fits: whether the row can be measured with this contestant at all.
sub fits {
    my ($self, $row) = @_;
    return $self->{kind} ne 'floor' || $row->{floor};
}

# start: configured for ROW, on its CPU, listening when this returns. Dies with what it wrote otherwise.
sub start {
    my ($self, $row) = @_;
    mkdir $self->{dir};
    unlink "$self->{dir}/error.log", $self->{log};
    $self->write_conf($row) unless $self->{kind} eq 'floor';
    $self->{process} = Test::Sluice::Process->spawn(
        argv => ['taskset', '-c', $self->{cpu}, $self->command], dir => $self->{dir},
        stdout => "$self->{dir}/output", stderr => "$self->{dir}/output");
    wait_until { defined $self->{process}->exited || listening($self->{port}) } 20;
    die "$self->{name} does not start for row $row->{name}:\n" . $self->said unless listening($self->{port});
}

sub command {
    my ($self) = @_;
    return ($self->{binary}, $self->{port}, $backend_port) if $self->{kind} eq 'floor';
    return ($self->{binary}, '-p', "$self->{dir}/", '-c', "$self->{dir}/$self->{kind}.conf");
}

# said: the last lines that it wrote anywhere.
sub said {
    my ($self) = @_;
    my @lines = map { split /^/, slurp("$self->{dir}/$_") } qw(output error.log);
    return join '', @lines > 20 ? @lines[-20 .. -1] : @lines;
}

sub write_conf {
    my ($self, $row) = @_;
    my %value = (PORT => $self->{port}, BACKEND => $backend_port, LOG => $self->{log}, TEXT => $row->{text},
                 MODULES => $self->{kind} eq 'nginx' && $row->{lua} ? $kNginxLua : '');
    my %file = ("$self->{kind}.conf" => "$self->{kind}.conf", 'upstream.conf' => 'upstream.conf', "$row->{conf}.conf" => 'row.conf');
    for my $source (keys %file) {
        my $text = slurp("$self->{conf}/$source");
        die "no $self->{conf}/$source\n" unless length $text;
        $text =~ s/\@([A-Z]+)\@/$value{$1}/g;
        open my $out, '>', "$self->{dir}/$file{$source}" or die "$self->{dir}: $!\n";
        print $out $text;
        close $out;
    }
}

sub listening {
    my ($port) = @_;
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) ? 1 : 0;
}

# pids: its processes. Dies when it has ended.
sub pids {
    my ($self) = @_;
    die "$self->{name} has ended:\n" . $self->said if defined $self->{process}->exited;
    return family($self->{process}->pid);
}

# logs: whether it can write an access log at all.
sub logs { return $_[0]{kind} ne 'floor' }

# log_lines: how many the access log has.
sub log_lines {
    my ($self) = @_;
    my $count = () = slurp($self->{log}) =~ /\n/g;
    return $count;
}

sub empty_log {
    my ($self) = @_;
    truncate $self->{log}, 0 if -e $self->{log};
}

sub stop {
    my ($self) = @_;
    my $process = delete $self->{process} or return;
    $process->signal('TERM');
    $process->kill_group unless defined $process->wait_exit(5);
    unlink $self->{log};
}

1;
