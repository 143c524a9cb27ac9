# Directives that tune: those that are taken without effect, and those that say where and how workers run.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Server;

my $main = <<'END';
thread_pool default threads=4 max_queue=100;
thread_pool other threads=1;
timer_resolution 100ms;
lock_file logs/lock;
worker_rlimit_core 10m;
worker_priority 5;
worker_cpu_affinity auto;
END
my $http = <<'END';
log_format old '$ssl_protocol $ssl_cipher $upstream_cache_status'; access_log logs/old.log old;
server_names_hash_bucket_size 128; server_names_hash_max_size 1024;
variables_hash_bucket_size 128; variables_hash_max_size 2048;
connection_pool_size 512; request_pool_size 4k; output_buffers 2 32k; read_ahead 64k; sendfile_max_chunk 1m;
directio 4m; directio_alignment 4k; aio threads=other; aio_write on; postpone_output 0; send_lowat 12000;
msie_padding off; msie_refresh on; keepalive_disable msie6 safari; client_body_in_single_buffer on;
ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; ssl_ciphers HIGH:!aNULL;
proxy_cache off; proxy_cache_bypass $http_upgrade; proxy_no_cache 1; ssi off;
END
my $server = Test::Sluice::Server->new(workers => 2, main_config => $main, http_config => $http, config => 'location / { return 200 "ok\n"; }');
$server->start;
is $server->get('/')->body, "ok\n", 'a configuration full of tuning serves';

# value_of: a line of /proc/PID/status.
sub value_of {
    my ($pid, $name) = @_;
    open my $status, '<', "/proc/$pid/status" or return '';
    my ($value) = map { /^$name:\s*(.*)$/ ? $1 : () } <$status>;
    return $value // '';
}

# nice_of: field 19 of /proc/PID/stat; the name in front of it has no blank that counts.
sub nice_of {
    my ($pid) = @_;
    open my $stat, '<', "/proc/$pid/stat" or return '';
    my $line = <$stat>;
    $line =~ s/^.*\) //;
    return (split ' ', $line)[16];
}

my @mine    = split /,/, value_of($$, 'Cpus_allowed_list');
my @workers = $server->worker_pids;
is scalar @workers, 2, 'two workers';
like value_of($_, 'Cpus_allowed_list'), qr/^\d+$/, "auto: worker $_ has one CPU" for @workers;
is nice_of($_), nice_of($$) > 5 ? nice_of($$) : 5, "worker $_ is nice" for @workers;
is nice_of($server->control_pid), nice_of($$), 'the control process is as the master';
my ($core) = do { open my $limits, '<', "/proc/$workers[0]/limits" or die; grep {/^Max core file size/} <$limits> };
like $core, qr/ 10485760 +10485760 /, 'worker_rlimit_core';
my ($first) = map { /^(\d+)/ ? $1 : () } $mine[0];
$server->stop(allowed => [qr/setpriority/]);

my $mask  = '1' . '0' x $first;
my $bound = Test::Sluice::Server->new(workers => 2, main_config => "worker_cpu_affinity $mask;", config => 'location / { return 200 "ok\n"; }');
$bound->start;
is value_of($_, 'Cpus_allowed_list'), $first, 'the last mask is for all further workers' for $bound->worker_pids;
$bound->stop;

done_testing;
