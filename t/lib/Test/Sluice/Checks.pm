# What a block asserts: one function per section, as rows of a table. Each gets (block's context, expected value, response) and calls
# Test::More with a name that begins with the block's.
package Test::Sluice::Checks;
use strict;
use warnings;
use IO::Uncompress::Gunzip ();
use Test::More ();
use Test::Sluice::Process qw(wait_until);
use Test::Sluice::Spec qw(value);
use Exporter 'import';

our @EXPORT_OK = qw(check_response check_log check_origin check_tcp allowed_alerts expected_responses patterns);

my @kResponseRows = (
    [response_headers            => \&check_headers],
    [response_headers_like       => \&check_headers_like],
    [raw_response_headers_like   => sub { my ($t, $e, $r) = @_; like_text($r->raw_head, $e, "$t->{name} - raw response headers are like") }],
    [raw_response_headers_unlike => sub { my ($t, $e, $r) = @_; unlike_text($r->raw_head, $e, "$t->{name} - raw response headers are unlike") }],
    [response_trailers           => sub { my ($t, $e, $r) = @_; is_text(join('', map { "$_->[0]: $_->[1]\n" } $r->trailers), $e, "$t->{name} - response trailers") }],
    [interim_codes               => sub { my ($t, $e, $r) = @_; is_text(join(' ', map { $_->status } $r->interim), $e =~ s/\s+\z//r, "$t->{name} - interim codes") }],
    [response_body               => \&check_body],
    [response_body_like          => sub { my ($t, $e, $r) = @_; like_text($r->body, $e, "$t->{name} - response body is like") }],
    [response_body_unlike        => sub { my ($t, $e, $r) = @_; unlike_text($r->body, $e, "$t->{name} - response body is unlike") }],
);

# expected_responses: how many responses the block describes on one connection: the length of its longest list.
sub expected_responses {
    my ($block) = @_;
    my $count = 1;
    for my $section (map { $_->[0] } [('error_code')], [('error_code_like')], @kResponseRows) {
        my $expected = value($block, $section);
        $count = @$expected if ref $expected eq 'ARRAY' && @$expected > $count;
    }
    return $count;
}

# at: the I-th element of a list; what is not a list is meant for every request.
sub at {
    my ($expected, $i) = @_;
    return ref $expected eq 'ARRAY' ? $expected->[$i] : $expected;
}

# check_response: T: { name, block, expand }, I: which request, RESPONSE.
sub check_response {
    my ($t, $i, $response) = @_;
    my $block = $t->{block};
    gunzip($t, $response) if defined value($block, 'gunzip') && ($response->header('Content-Encoding') || '') eq 'gzip';
    check_code($t, $i, $response);
    for my $row (@kResponseRows) {
        my ($section, $check) = @$row;
        my $expected = at(value($block, $section), $i);
        $check->($t, $t->{expand}->($expected), $response) if defined $expected;
    }
}

# gunzip: a body that cannot be decompressed to its very end fails the block.
sub gunzip {
    my ($t, $response) = @_;
    my $packed = $response->body;
    my $plain;
    my $stream = IO::Uncompress::Gunzip->new(\$packed, MultiStream => 1, Strict => 1);
    my $text   = '';
    my $status = 1;
    while ($stream && ($status = $stream->read($plain)) > 0) { $text .= $plain }
    Test::More::ok($stream && $status == 0, "$t->{name} - the body is gzip") or return;
    $response->{body} = $text;
}

sub check_code {
    my ($t, $i, $response) = @_;
    my $like = at(value($t->{block}, 'error_code_like'), $i);
    return like_text($response->status, $like, "$t->{name} - status code is like") if defined $like;
    my $code = at(value($t->{block}, 'error_code'), $i);
    $code = 200 unless defined $code;
    $code =~ s/\s+//g;
    my $name = "$t->{name} - status code";
    is_text($response->status, $code, $name) or return;
    return if $code eq '' || !$response->error || defined value($t->{block}, 'abort');
    Test::More::fail("$t->{name} - the response is complete");
    Test::More::diag('response: ' . $response->error);
}

sub check_body {
    my ($t, $expected, $response) = @_;
    return like_text($response->body, $expected, "$t->{name} - response body is like") if ref $expected eq 'Regexp';
    is_text($response->body, $expected, "$t->{name} - response body");
}

sub check_headers {
    my ($t, $expected, $response) = @_;
    for my $line (lines($expected)) {
        if ($line =~ /^!\s*(\S+)/) {
            my $got = $response->header($1);
            Test::More::ok(!defined $got, "$t->{name} - no header $1") or Test::More::diag("$1: $got");
            next;
        }
        my ($name, $value) = $line =~ /^([^:]+?)\s*:\s*(.*?)\s*$/ or die "$t->{name}: bad line in response_headers: $line\n";
        is_text($response->header($name), $value, "$t->{name} - header $name");
    }
}

sub check_headers_like {
    my ($t, $expected, $response) = @_;
    for my $line (lines($expected)) {
        my ($name, $value) = $line =~ /^([^:]+?)\s*:\s*(.*?)\s*$/ or die "$t->{name}: bad line in response_headers_like: $line\n";
        like_text($response->header($name), qr/^(?:$value)$/, "$t->{name} - header $name is like");
    }
}

# allowed_alerts: patterns of the log lines that the block announces.
sub allowed_alerts {
    my ($t) = @_;
    my @patterns = patterns(value($t->{block}, 'error_log'), $t->{expand});
    my $grep     = value($t->{block}, 'grep_error_log');
    push @patterns, ref $grep ? $grep : qr/$grep/ if defined $grep;
    return @patterns;
}

# patterns: a section of log patterns: a string has one literal text per line, eval gives a qr or a list of texts and qrs.
sub patterns {
    my ($expected, $expand) = @_;
    return () unless defined $expected;
    return $expected if ref $expected eq 'Regexp';
    my @items = ref $expected eq 'ARRAY' ? @$expected : lines($expected);
    return map { ref $_ ? $_ : do { my $text = $expand->($_); $text =~ s/\n\z//; qr/\Q$text\E/ } } @items;
}

# check_log: READ gives what was logged by this block so far; FINAL says that the server has ended, so nothing more can come.
sub check_log {
    my ($t, $read, $final, $repeat) = @_;
    check_patterns($t, 'error_log', 'no_error_log', $read->{error}, $final);
    check_patterns($t, 'access_log', 'no_access_log', $read->{access}, $final);
    check_grep($t, $read->{error}, $repeat);
}

sub check_patterns {
    my ($t, $wanted, $unwanted, $read, $final) = @_;
    for my $pattern (patterns(value($t->{block}, $wanted), $t->{expand})) {
        my $found = $final ? scalar $read->() =~ $pattern : wait_until { $read->() =~ $pattern } 3;
        Test::More::ok($found, "$t->{name} - $wanted has $pattern");
    }
    for my $pattern (patterns(value($t->{block}, $unwanted), $t->{expand})) {
        my ($line) = grep { $_ =~ $pattern } split /\n/, $read->();
        Test::More::ok(!defined $line, "$t->{name} - $unwanted has no $pattern") or Test::More::diag($line);
    }
}

sub check_grep {
    my ($t, $read, $repeat) = @_;
    my $pattern = value($t->{block}, 'grep_error_log');
    return unless defined $pattern;
    $pattern =~ s/\n\z// unless ref $pattern;
    $pattern = qr/$pattern/ unless ref $pattern;
    my $expected = at(value($t->{block}, 'grep_error_log_out'), $repeat);
    my $text     = $read->();
    my $found    = '';
    $found .= defined $1 && $#+ > 0 ? "$1\n" : "$&\n" while $text =~ /$pattern/g;
    $expected = '' unless defined $expected;
    return like_text($found, $expected, "$t->{name} - grep_error_log_out") if ref $expected;
    is_text($found, $t->{expand}->($expected), "$t->{name} - grep_error_log_out");
}

# check_origin: what the recording origin saw.
sub check_origin {
    my ($t, $origin) = @_;
    my $block = $t->{block};
    my %count = (origin_requests => sub { scalar $origin->requests }, origin_connections => sub { $origin->connections });
    for my $section (sort keys %count) {
        my $expected = value($block, $section);
        next unless defined $expected;
        $expected =~ s/\s+//g;
        wait_until { $count{$section}->() >= $expected } 3;
        is_text($count{$section}->(), $expected, "$t->{name} - $section");
    }
    for my $pattern (list(value($block, 'origin_like'))) {
        like_text($origin->raw, $t->{expand}->($pattern), "$t->{name} - origin received");
    }
    for my $pattern (list(value($block, 'origin_unlike'))) {
        unlike_text($origin->raw, $t->{expand}->($pattern), "$t->{name} - origin did not receive");
    }
}

# check_tcp: what the scripted TCP upstream was sent.
sub check_tcp {
    my ($t, $script) = @_;
    my ($query, $length) = map { value($t->{block}, $_) } qw(tcp_query tcp_query_len);
    return unless defined $query || defined $length;
    my $got = wait_until { ($script->queries)[0] } 3;
    $got = '' unless defined $got;
    is_text(length $got, $length =~ s/\s+//gr, "$t->{name} - tcp_query_len") if defined $length;
    return unless defined $query;
    return like_text($got, $query, "$t->{name} - tcp_query") if ref $query;
    is_text($got, $t->{expand}->($query), "$t->{name} - tcp_query");
}

sub list { return !defined $_[0] ? () : ref $_[0] eq 'ARRAY' ? @{ $_[0] } : ($_[0]) }

sub lines { return grep { /\S/ } split /\n/, $_[0] }

# is_text: as Test::More's is, with a diff for what has several lines and no flood for what is long.
sub is_text {
    my ($got, $expected, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::is($got, $expected, $name) unless defined $got && $got =~ /\n./ && $got ne $expected;
    Test::More::fail($name);
    Test::More::diag(length $got > 20_000 ? 'got ' . length($got) . ' bytes, expected ' . length $expected
        : $ENV{TEST_SHOW_NO_DIFFS} || !eval { require Text::Diff } ? "got:\n$got\nexpected:\n$expected"
        : Text::Diff::diff(\$expected, \$got));
    return 0;
}

sub like_text {
    my ($got, $pattern, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    Test::More::like(defined $got ? $got : '', as_pattern($pattern), $name);
}

sub unlike_text {
    my ($got, $pattern, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    Test::More::unlike(defined $got ? $got : '', as_pattern($pattern), $name);
}

sub as_pattern {
    my ($pattern) = @_;
    return $pattern if ref $pattern;
    $pattern =~ s/\n\z//;
    return qr/$pattern/s;
}

1;
