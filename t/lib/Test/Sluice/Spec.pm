# Blocks of a test file, read by Test::Base, with what it lacks: a misspelt section is an error, not a test that checks nothing; a section
# whose Perl is wrong is an error, not its message as a value; ONLY does not pass in CI.
package Test::Sluice::Spec;
use strict;
use warnings;
use Test::Base ();
use Exporter 'import';

our @ISA       = ('Test::Base');
our @EXPORT_OK = qw(value is_evaluated);

$SIG{__DIE__} = 'DEFAULT';    # Test::Base's handler only serves its own END block

my %kSections = map { $_ => 1 } qw(
    name description config http_config main_config raw_config env user_files init master_on workers log_level stop
    request raw_request pipelined_requests more_headers timeout abort shutdown ignore_response wait sse_paced
    error_code error_code_like response_body response_body_like response_body_unlike response_headers response_headers_like
    raw_response_headers_like raw_response_headers_unlike response_trailers gunzip connection_closed interim_codes
    error_log no_error_log grep_error_log grep_error_log_out access_log no_access_log
    must_die tcp_listen tcp_reply tcp_replies tcp_query tcp_query_len tcp_no_close
    origin_requests origin_connections origin_like origin_unlike
    skip_eval skip_nginx no_check_leak todo ONLY SKIP LAST
);

# read_blocks: the blocks of TEXT, filters not yet run.
sub read_blocks {
    my ($class, $text) = @_;
    my $spec = $class->new;
    $spec->_spec_string($text);
    my @blocks = @{ $spec->block_list };
    for my $block (@blocks) {
        for my $section (@{ $block->{_section_order}[0] }) {
            die $block->name . ": unknown section \"$section\"\n" unless $kSections{$section};
        }
        die $block->name . ": ONLY is for debugging\n" if exists $block->{ONLY} && $ENV{CI};
    }
    return @blocks;
}

# value: the section's value, undef when the block has none.
sub value {
    my ($block, $section) = @_;
    return exists $block->{$section} ? $block->{$section}[0] : undef;
}

# is_evaluated: the section was computed by Perl, so its bytes are meant exactly.
sub is_evaluated {
    my ($block, $section) = @_;
    my $map = $block->{_section_map}[0]{$section} or return 0;
    return $map->{filters} =~ /\beval\b/ ? 1 : 0;
}

package Test::Sluice::Spec::Filter;
use Test::Base::Filter;
our @ISA = ('Test::Base::Filter');

# eval: as in Test::Base, but in package main, and an error is one.
sub eval {
    my ($self, $code) = @_;
    my @result = CORE::eval("package main; no strict 'vars'; $code");
    die 'in ' . $self->current_block->name . ": $@" if $@;
    return @result;
}

1;
