# What a contestant can be: its binary, how it is configured, started and asked for its version. conf/setup has the Debian packages,
# as bench-NAME.
#
# A row is measured with every software that has a configuration for the row's "conf": conf/CONF.conf for nginx and sluice,
# which read literally the same file, conf/NAME/CONF for the others. The file is put at @ROW@ of the frame, conf/FRAME, which
# is what is around it in every row.
package Bench::Software;
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(software);

# binary     its path; {tools} is the folder of bench_*
# frame      the file in conf/ that a row's file is put into
# file       the configuration's name in the contestant's folder
# folder     of the rows' files in conf/
# command    what is run: {binary}, {dir}, {file}, {port}, {backend}
# environment, version
# differs    fields that the backend may see otherwise than from sluice, with the reason
# uses       rows' configurations for which it has none of its own, and which of its files serves
# slow       only rows that ask for slow contestants, unless the command line names it
my $kHost = 'nginx and sluice send the name of the upstream, as nginx does by default; this one passes on what the client sent';
my %kSoftware = (
    sluice => {
        binary => '', frame => 'sluice.conf', file => 'sluice.conf', folder => '.',
        command => ['{binary}', '-p', '{dir}/', '-c', '{dir}/{file}'], version => ['{binary}', '-v'],
    },
    nginx => {
        binary => '/usr/sbin/nginx', frame => 'nginx.conf', file => 'nginx.conf', folder => '.',
        command => ['{binary}', '-p', '{dir}/', '-c', '{dir}/{file}'], version => ['{binary}', '-v'],
    },
    haproxy => {
        binary => '/usr/sbin/haproxy', frame => 'haproxy.cfg', file => 'haproxy.cfg', folder => 'haproxy',
        command => ['{binary}', '-db', '-f', '{dir}/{file}'], version => ['{binary}', '-v'], differs => { host => $kHost },
        uses => { websocket => 'plain', events => 'plain' },
    },
    h2o => {
        binary => '/usr/bin/h2o', frame => 'h2o.conf', file => 'h2o.conf', folder => 'h2o',
        command => ['{binary}', '-c', '{dir}/{file}'], version => ['{binary}', '-v'],
        uses => { bulk => 'plain', events => 'plain' },
        differs => { host       => 'this one sends the address of the upstream',
                     connection => 'this one says "keep-alive" to the upstream, which cannot be turned off' },
    },
    caddy => {
        binary => '/usr/bin/caddy', frame => 'Caddyfile', file => 'Caddyfile', folder => 'caddy', slow => 1,
        command => ['{binary}', 'run', '--config', '{dir}/{file}', '--adapter', 'caddyfile'], version => ['{binary}', 'version'],
        environment => { GOMAXPROCS => 1, HOME => '{dir}', XDG_CONFIG_HOME => '{dir}', XDG_DATA_HOME => '{dir}' },
        differs => { host => $kHost }, uses => { bulk => 'plain', websocket => 'plain', events => 'plain' },
    },
    floor => {
        binary => '{tools}/bench_floor', command => ['{binary}', '{port}', '{backend}'],
    },
);

sub software { return $kSoftware{ $_[0] } }
1;
