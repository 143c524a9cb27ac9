# Another proxy before an origin, to compare: Debian's nginx or HAProxy, configured as sluice is by default.
#
#   my $rival = Test::Sluice::Rival->start('haproxy', $origin->port);   # listens when start returns
#   $rival->port, $rival->version
#   $rival->stop;
package Test::Sluice::Rival;
use strict;
use warnings;
use File::Temp ();
use Test::Sluice::Http;
use Test::Sluice::Ports qw(free_port);
use Test::Sluice::Process qw(wait_until timeout_factor);

my $kNginx = <<'END';
daemon off; master_process off; error_log stderr; pid nginx.pid;
events { }
http {
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {
        listen 127.0.0.1:@PORT@;
        location / { proxy_pass http://127.0.0.1:@ORIGIN@; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; }
    }
}
END

my $kHaproxy = <<'END';
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen front
    bind 127.0.0.1:@PORT@
    server origin 127.0.0.1:@ORIGIN@
END

my %kRivals = (
    nginx   => { binary => '/usr/sbin/nginx',   conf => $kNginx,   command => ['{binary}', '-p', '{dir}/', '-c', '{dir}/conf'] },
    haproxy => { binary => '/usr/sbin/haproxy', conf => $kHaproxy, command => ['{binary}', '-db', '-f', '{dir}/conf'] },
);

sub start {
    my ($class, $name, $origin_port) = @_;
    my $rival = $kRivals{$name} or die "no rival $name\n";
    my $dir   = File::Temp->newdir('sluice-rival-XXXXXX', TMPDIR => 1);
    my %value = (binary => $rival->{binary}, dir => "$dir");
    my $port  = free_port();
    (my $conf = $rival->{conf}) =~ s/\@PORT\@/$port/g;
    $conf =~ s/\@ORIGIN\@/$origin_port/g;
    open my $file, '>', "$dir/conf" or die "$dir/conf: $!\n";
    print $file $conf;
    close $file;
    my @command = map { s/\{(\w+)\}/$value{$1}/gr } @{ $rival->{command} };
    my $process = Test::Sluice::Process->spawn(argv => \@command, stderr => "$dir/log", stdout => "$dir/log");
    my $self    = bless { name => $name, binary => $rival->{binary}, dir => $dir, port => $port, process => $process }, $class;
    wait_until { defined $process->exited || eval { Test::Sluice::Http->connect(port => $port)->close; 1 } } 10 * timeout_factor();
    die "$name does not start: " . Test::Sluice::Process::slurp("$dir/log") if defined $process->exited;
    return $self;
}

sub port { return $_[0]{port} }

# version: "nginx/1.22.1", "HAProxy version 2.6.12-1".
sub version {
    my ($self) = @_;
    my $text = `$self->{binary} -v 2>&1`;
    return $text =~ m{(nginx/[\d.]+|HAProxy version [\d.]+)} ? $1 : $text;
}

sub stop {
    my ($self) = @_;
    $self->{process}->signal('TERM');
    $self->{process}->wait_exit(10 * timeout_factor());
}

1;
