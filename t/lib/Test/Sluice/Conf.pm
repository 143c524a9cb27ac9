# The configuration file of a test: the skeleton around the sections of a block, and the variables in them.
package Test::Sluice::Conf;
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(expand render is_nginx);

# is_nginx: the suites run against Debian's nginx (TEST_SLUICE_PEER=nginx), to compare.
sub is_nginx { return ($ENV{TEST_SLUICE_PEER} || '') eq 'nginx' }

# expand: replaces $TEST_SLUICE_NAME (also ${...}, and $TEST_NGINX_NAME, $ServerPort) from VARS, a hash of values or code; what VARS lacks
# comes from the environment; an unknown name is an error, because it would otherwise reach the server as it is.
sub expand {
    my ($text, $vars) = @_;
    return $text unless defined $text && !ref $text;
    my $value = sub {
        my ($name) = @_;
        my $key = $name eq 'SERVER_PORT' || $name eq 'CLIENT_PORT' ? 'PORT' : $name eq 'SERVROOT' ? 'PREFIX' : $name;
        my $found = $vars->{$key};
        $found = $vars->{RAND_PORT}->($1) if $key =~ /^RAND_PORT_(\d+)$/;
        $found = $found->() if ref $found eq 'CODE';
        $found = defined $ENV{"TEST_SLUICE_$name"} ? $ENV{"TEST_SLUICE_$name"} : $ENV{"TEST_NGINX_$name"} unless defined $found;
        die "unknown variable \$TEST_SLUICE_$name\n" unless defined $found;
        return $found;
    };
    $text =~ s/\$(?:\{TEST_(?:SLUICE|NGINX)_(\w+)\}|TEST_(?:SLUICE|NGINX)_([A-Z0-9_]+[A-Z0-9]))/$value->(defined $1 ? $1 : $2)/ge;
    $text =~ s/\$ServerPort\b/$value->('PORT')/ge;
    return $text;
}

# render: the whole file. port, workers, master and daemon => 'on'|'off', log_level, connections, env => {}, main_config, http_config, config,
# or raw_config: the file as it is.
sub render {
    my (%option) = @_;
    return $option{raw_config} if defined $option{raw_config};
    my %section = map { $_ => defined $option{$_} ? $option{$_} : '' } qw(main_config http_config config);
    my $peer    = is_nginx() ? nginx_main() : '';
    my $http    = is_nginx() ? nginx_http() : '';
    my $user    = $ENV{TEST_SLUICE_USER} ? "user $ENV{TEST_SLUICE_USER};\n" : '';
    my $env     = join '', map { "env $_;\n" } sort keys %{ $option{env} || {} };
    return <<"END";
${peer}${user}worker_processes $option{workers};
daemon $option{daemon};
master_process $option{master};
error_log logs/error.log $option{log_level};
pid logs/sluice.pid;
${env}$section{main_config}
events {
    worker_connections $option{connections};
}

http {
${http}    access_log logs/access.log;
$section{http_config}
    server {
        listen 127.0.0.1:$option{port};
        server_name localhost;
$section{config}
    }
}
END
}

# nginx_main, nginx_http: what only the peer needs.
sub nginx_main {
    my $modules = '/usr/lib/nginx/modules';
    return join '', map { "load_module $modules/$_.so;\n" } grep { -e "$modules/$_.so" } qw(ndk_http_module ngx_http_lua_module);
}

sub nginx_http {
    return join '', map { "    ${_}_temp_path logs/$_;\n" } qw(client_body proxy fastcgi uwsgi scgi);
}

1;
