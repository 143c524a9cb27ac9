# A contestant's configuration for a row: the row's file inside of the frame, both from conf/, with the places between @ filled in.
package Bench::ConfFiles;
use strict;
use warnings;
use Test::Sluice::Process qw(slurp);
use Exporter 'import';

our @EXPORT_OK = qw(row_file write_conf);

# row_file: the file in CONF that configures SOFTWARE (of Bench::Software) for ROW; undef when there is none.
sub row_file {
    my ($software, $row, $conf) = @_;
    return "$conf/$row->{conf}.conf" if $software->{folder} eq '.';
    my @names = grep { defined && -e "$conf/$software->{folder}/$_" } $row->{conf}, ($software->{uses} || {})->{ $row->{conf} };
    return @names ? "$conf/$software->{folder}/$names[0]" : undef;
}

# write_conf: writes into DIR what SOFTWARE reads for ROW; VALUE has what is filled in.
sub write_conf {
    my ($software, $row, $conf, $dir, %value) = @_;
    my $each = $row->{each} ? text_of("$conf/$row->{conf}.each") : '';
    $value{TEXT} = $row->{text};
    $value{EACH} = join '', map { $each =~ s/\@N\@/$_/gr } 1 .. $row->{each} || 0;
    $value{ROW}  = text_of(row_file($software, $row, $conf));
    $value{$_} =~ s/\@([A-Z]+)\@/$value{$1}/g for qw(EACH ROW);
    my %file = ($software->{frame} => $software->{file}, 'upstream.conf' => 'upstream.conf');
    for my $source (keys %file) {
        open my $out, '>', "$dir/$file{$source}" or die "$dir: $!\n";
        print $out text_of("$conf/$source") =~ s/\@([A-Z]+)\@/$value{$1}/gr;
        close $out;
    }
}

sub text_of {
    my ($path) = @_;
    my $text = slurp($path);
    die "no $path\n" unless length $text;
    return $text;
}

1;
