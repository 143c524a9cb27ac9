# Three proxies, each before an origin of its own: sluice, Debian's nginx and HAProxy. What they do with the same bytes is compared with
# each other and with a table of docs/differences.md: a difference that is not in it fails, and so does a row that is no longer true.
#
#   my $differences = Test::Sluice::Differences->start('## Requests');
#   $differences->compare($name, sub { my ($origin, $port) = @_; ...; return 'what happened' });
#   $differences->finish;                          # every row was a case; ends servers and test
package Test::Sluice::Differences;
use strict;
use warnings;
use Test::More ();
use Test::Sluice::Origin;
use Test::Sluice::Process qw(slurp);
use Test::Sluice::Rival;
use Test::Sluice::Server;

# start: HEADING is the line above the table.
sub start {
    my ($class, $heading) = @_;
    my @origins = map { Test::Sluice::Origin->start } 1 .. 3;  # what one sends late is not counted for another
    my $server  = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origins[0]->port }, config => <<'END');
        location / { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; proxy_set_header Host $http_host; }
END
    $server->start;
    my @rivals = (Test::Sluice::Rival->start('nginx', $origins[1]->port), Test::Sluice::Rival->start('haproxy', $origins[2]->port));
    Test::More::note(join ', ', map { $_->version } @rivals);
    return bless { origins => \@origins, server => $server, rivals => \@rivals, rows => rows_below($heading) }, $class;
}

# rows_below: { case => 'sluice | nginx | HAProxy' } of the table below HEADING.
sub rows_below {
    my ($heading) = @_;
    my ($table) = slurp('docs/differences.md') =~ /^\Q$heading\E\n(.*?)(?:^## |\z)/ms or die "docs/differences.md has no $heading\n";
    my %rows;
    for my $line (split /\n/, $table) {
        my ($case, @cells) = $line =~ /^\|\s*(.+?)\s*\|\s*(.+?)\s*\|\s*(.+?)\s*\|\s*(.+?)\s*\|\s*(\S.*?)\s*\|$/ or next;
        $rows{$case} = join ' | ', @cells[0 .. 2] unless $case =~ /^(?:what is sent|-+)$/;
    }
    return \%rows;
}

sub compare {
    my ($self, $name, $run) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @ports = ($self->{server}->port, map { $_->port } @{ $self->{rivals} });
    my @seen  = map { $self->{origins}[$_]->reset; $run->($self->{origins}[$_], $ports[$_]) } 0 .. 2;
    my $row   = delete $self->{rows}{$name};
    my $same  = $seen[0] eq $seen[1] && $seen[0] eq $seen[2];
    Test::More::is(join(' | ', $name, @seen), join(' | ', $name, $row // ($seen[0]) x 3), $same ? "$name - as the others" : "$name - differs as documented");
    Test::More::ok(!$same, "$name - the table has it for a reason") if defined $row;
}

sub finish {
    my ($self) = @_;
    Test::More::is_deeply([sort keys %{ $self->{rows} }], [], 'every row of the table is a case');
    $_->stop for @{ $self->{rivals} };
    $self->{server}->stop;
    $_->stop for @{ $self->{origins} };
    Test::More::done_testing();
}

1;
