# What tests send, kept as seeds for the fuzz drivers (t/fuzz/run): a file for each different text, in $TEST_SLUICE_CORPUS/KIND/.
# Kinds: request (bytes of clients), response (bytes of upstreams), conf (configurations). Without that variable nothing is kept.
package Test::Sluice::Corpus;
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use File::Path qw(make_path);
use Exporter 'import';

our @EXPORT_OK = qw(keep_seed);

my $kLongest = 16_384;  # long bodies teach a parser nothing

sub keep_seed {
    my ($kind, $bytes) = @_;
    my $folder = $ENV{TEST_SLUICE_CORPUS} or return;
    utf8::encode($bytes) if utf8::is_utf8($bytes);
    return if length $bytes > $kLongest;
    make_path("$folder/$kind");
    open my $file, '>:raw', "$folder/$kind/" . md5_hex($bytes) or die "$folder/$kind: $!\n";
    print $file $bytes;
    close $file or die "$folder/$kind: $!\n";
}

1;
