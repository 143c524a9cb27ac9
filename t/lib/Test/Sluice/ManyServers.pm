# ManyServers: large configurations, as text for an http block.
#
#   many_servers(servers => 10_000, upstreams => 100, listen => '127.0.0.1:8080', backend => '127.0.0.1:9000', mark => 'a');
#
# Server number N (from 0) is called host_name(N) and has one location, which passes "/x" to upstream u(N modulo upstreams) as
# "/MARK/N/x": what the backend sees says who was asked, and in which configuration.
package Test::Sluice::ManyServers;
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(many_servers many_locations many_map_entries host_name);

sub host_name { return sprintf 'box%06d.sandbox.test', $_[0] }

sub many_servers {
    my (%option) = (servers => 10_000, upstreams => 100, mark => 'a', @_);
    my @text = map { "upstream u$_ { server $option{backend}; keepalive 16; }\n" } 0 .. $option{upstreams} - 1;
    for my $n (0 .. $option{servers} - 1) {
        my $upstream = 'u' . $n % $option{upstreams};
        push @text, 'server { listen ', $option{listen}, '; server_name ', host_name($n),
            "; location / { proxy_pass http://$upstream/$option{mark}/$n/; } }\n";
    }
    return join '', @text;
}

# many_locations: COUNT locations "/nN/" for a server block, each answering its number.
sub many_locations {
    my ($count) = @_;
    return join '', map { "location /n$_/ { return 200 \"$_\\n\"; }\n" } 0 .. $count - 1;
}

# many_map_entries: the inside of a map: COUNT names host_name(N) with the values "uN".
sub many_map_entries {
    my ($count) = @_;
    return join '', map { host_name($_) . " u$_;\n" } 0 .. $count - 1;
}

1;
