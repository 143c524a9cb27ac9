# The contestants: how each is configured for a row, started, watched and ended. A contestant runs for one row and then ends.
package Bench::Peers;
use strict;
use warnings;
use File::Basename qw(basename);
use IO::Socket::INET;
use Time::HiRes qw(sleep);
use Bench::ConfFiles qw(row_file write_conf);
use Bench::Proc qw(family);
use Bench::Software qw(software);
use Test::Sluice::Process qw(wait_until slurp);

our $backend_port = 9000;
my $kFirstPort    = 8001;
my $kTwinPorts    = 100;    # from a contestant's port to its twin's

my $kNginxLua = join "\n", map { "load_module /usr/lib/nginx/modules/$_.so;" } qw(ndk_http_module ngx_http_lua_module);

# all: one object per contestant, in order. NAMES are those of Bench::Software or "NAME=BINARY", which is nginx if the file is called
# so and sluice otherwise. With wanted_slow the slow ones fit every row.
sub all {
    my (%option) = @_;
    my $port = $kFirstPort;
    return map {
        my ($name, $binary) = /^([^=]+)=(.+)$/ ? ($1, $2) : ($_, undef);
        my $kind = !$binary ? $name : basename($binary) =~ /^nginx/ ? 'nginx' : 'sluice';
        my $software = software($kind) or die "unknown contestant \"$name\"\n";
        $binary ||= $kind eq 'sluice' ? $option{sluice} : $software->{binary} =~ s/\{tools\}/$option{tools}/r;
        die "$name: $binary is not there\n" unless defined $binary && -x $binary;
        bless { name => $name, kind => $kind, software => $software, binary => $binary, port => $port++, cpus => $option{cpu},
                dir => "$option{dir}/$name", files => "$option{dir}/files", conf => $option{conf}, log => "/dev/shm/bench-$$-$name.log",
                workers => 1, slow => $software->{slow} && !$option{wanted_slow} }, __PACKAGE__;
    } @{ $option{names} };
}

# twin: the same contestant once more, beside this one, with WORKERS workers.
sub twin {
    my ($self, $workers) = @_;
    return bless { %$self, port => $self->{port} + $kTwinPorts, dir => "$self->{dir}-twin", log => "$self->{log}-twin",
                   workers => $workers, process => undef }, ref $self;
}

sub name    { return $_[0]{name} }
sub port    { return $_[0]{port} }
sub workers { return $_[0]{workers} }
sub is_floor { return $_[0]{kind} eq 'floor' }

# differs: { field => reason } that the backend may see otherwise from this contestant.
sub differs { return $_[0]{software}{differs} || {} }

# version: what the table's head says.
sub version {
    my ($self) = @_;
    return '(four socket calls per request)' if $self->is_floor;
    my $text = join ' ', map { "'$_'" } $self->filled(@{ $self->{software}{version} });
    my ($version) = `$text 2>&1` =~ /(\d+\.\d[\w.+-]*)/;
    return $version // 'unknown';
}

# fits: whether the row can be measured with this contestant at all.
sub fits {
    my ($self, $row) = @_;
    return $row->{floor} if $self->is_floor;
    return 0 if $self->{slow} && !$row->{slow} || $row->{only} && !grep { $_ eq $self->{kind} } @{ $row->{only} };
    return row_file($self->{software}, $row, $self->{conf}) ? 1 : 0;
}

# start: configured for ROW, on its CPU, listening when this returns. Dies with what it wrote otherwise.
sub start {
    my ($self, $row) = @_;
    mkdir $self->{dir};
    unlink "$self->{dir}/error.log", $self->{log};
    $self->configure($row, 1) unless $self->is_floor;
    my %environment = %{ $self->{software}{environment} || {} };
    $self->{process} = Test::Sluice::Process->spawn(
        argv => ['taskset', '-c', $self->{cpus}, $self->filled(@{ $self->{software}{command} })], dir => $self->{dir},
        env => { map { $_ => $self->filled($environment{$_}) } keys %environment },
        stdout => "$self->{dir}/output", stderr => "$self->{dir}/output");
    wait_until { defined $self->{process}->exited || listening($self->{port}) } 20;
    die "$self->{name} does not start for row $row->{name}:\n" . $self->said unless listening($self->{port});
}

sub filled {
    my ($self, @texts) = @_;
    my %value = (binary => $self->{binary}, dir => $self->{dir}, file => $self->{software}{file}, port => $self->{port},
                 backend => $backend_port);
    return wantarray ? map { s/\{(\w+)\}/$value{$1}/gr } @texts : $texts[0] =~ s/\{(\w+)\}/$value{$1}/gr;
}

# said: the last lines that it wrote anywhere.
sub said {
    my ($self) = @_;
    my @lines = map { split /^/, slurp("$self->{dir}/$_") } qw(output error.log);
    return join '', @lines > 20 ? @lines[-20 .. -1] : @lines;
}

# configure: writes its configuration for ROW; VERSION is what /version answers, where the row has that.
sub configure {
    my ($self, $row, $version) = @_;
    write_conf($self->{software}, $row, $self->{conf}, $self->{dir},
               PORT => $self->{port}, BACKEND => $backend_port, LOG => $self->{log}, FILES => $self->{files},
               WORKERS => $self->{workers}, VERSION => $version, MODULES => $self->{kind} eq 'nginx' && $row->{lua} ? $kNginxLua : '');
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

# signal: to its first process.
sub signal { return $_[0]{process}->signal($_[1]) }

# log_lines: how many the access log has.
sub log_lines {
    my ($self) = @_;
    my $count = () = slurp($self->{log}) =~ /\n/g;
    return $count;
}

# empty_log: once what was left in a buffer (flush=1s) has been written, so that it does not count as the next load's.
sub empty_log {
    my ($self) = @_;
    my $size = -1;
    while ($size != (-s $self->{log} || 0)) {
        $size = -s $self->{log} || 0;
        sleep 1.3;
    }
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
