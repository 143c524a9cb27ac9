# Names of upstream servers as the configuration is loaded: the loader asks the system once, every worker begins with the same peers, and a
# worker that is started again asks nobody. From then on DNS is followed (upstream_resolve.t), unless `resolver off` says that it is not.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Dns;
use Test::Sluice::Origin;
use Test::Sluice::Process qw(slurp wait_until);
use Test::Sluice::Server;

my $origin = Test::Sluice::Origin->start;

subtest 'localhost' => sub {
    my $s = Test::Sluice::Server->new(vars => { ORIGIN_PORT => $origin->{port} }, http_config => 'upstream app { server localhost:$TEST_SLUICE_ORIGIN_PORT; }', config => '
        location / { proxy_pass http://app; }
        location /literal { proxy_pass http://localhost:$TEST_SLUICE_ORIGIN_PORT; }')->start;
    is $s->get('/status/201')->status, 201, 'in an upstream';
    is $s->get('/literal')->status, 200, 'in proxy_pass';
    $s->stop;
};

subtest 'an unknown name' => sub {
    my $s = Test::Sluice::Server->new(config => 'location / { return 200 "old\n"; }')->start;
    $s->write_config(http_config => 'upstream app { server nobody.invalid:80; }');
    is $s->command('-t')->{status}, 1, '-t fails';
    is $s->reload, 1, 'a reload fails';
    like $s->reload_output, qr/^sluice: \[emerg\] host not found in upstream "nobody\.invalid:80" in \S+proxy\.conf:\d+$/m, 'with file and line';
    is $s->get('/')->body, "old\n", 'the old configuration serves';
    $s->stop(allowed => [qr/host not found/]);
};

SKIP: {
    skip 'a sanitizer wants to be the first library', 2 if qx{'${\Test::Sluice::Server::binary()}' -V 2>&1} =~ /sanitizer=(?!none)/;
    subtest 'who looks a name up, and when' => \&count_lookups;
    subtest 'the name is followed from then on, without being asked to' => \&follow_without_resolve;
}

$origin->stop;
done_testing;

# The server runs with a getaddrinfo that knows `sandbox.test`, whose address is in a file, and writes down who asked.
sub count_lookups {
    my $s = Test::Sluice::Server->new(
        workers => 2, vars => { ORIGIN_PORT => $origin->{port} },
        http_config => 'resolver off; upstream app { server sandbox.test:$TEST_SLUICE_ORIGIN_PORT; }',
        config      => 'location / { proxy_pass http://app; }');
    my ($library, $asked, $address) = map { $s->prefix . "/$_" } 'names.so', 'asked', 'address';
    Test::Sluice::Server::write_file("$library.c", resolver($asked, $address));
    system('cc', '-shared', '-fPIC', '-D_GNU_SOURCE', '-o', $library, "$library.c", '-ldl') == 0 or die 'cannot compile';
    Test::Sluice::Server::write_file($address, '127.0.0.1');

    local $ENV{LD_PRELOAD} = $library;
    $s->start;
    my @workers = $s->worker_pids;
    is $s->get('/')->status, 200, 'the name is an address';
    is scalar(my @first = askers($asked)), 1, 'it was looked up once';
    ok !(grep { $first[0] == $_ } $s->all_pids), 'by the loader';

    is $s->reload, 0, 'a reload';
    is scalar(my @second = askers($asked)), 2, 'looks it up again, once';

    Test::Sluice::Server::write_file($address, '127.0.0.2');
    kill 'KILL', $workers[0];
    ok $s->wait_for_workers(2, $workers[0]), 'a worker is started again';
    is $s->get('/')->status, 200, "it means the same address ($_)" for 1 .. 4;
    is scalar(my @third = askers($asked)), 2, 'without a look-up';

    is $s->reload, 0, 'a reload when the address is another';
    like $s->get('/')->status, qr/^502$/, 'uses it: nobody is there';
    $s->stop(allowed => [qr/exited on signal 9/]);
}

# At load the name has an address where nobody is; DNS knows better.
sub follow_without_resolve {
    my $dns = Test::Sluice::Dns->start;
    $dns->set('sandbox.test', A => ['127.0.0.1'], ttl => 1);
    my $s = Test::Sluice::Server->new(
        vars => { ORIGIN_PORT => $origin->{port} }, http_config => "resolver @{[$dns->address]} ipv6=off; upstream app { server sandbox.test:$origin->{port}; }",
        config => 'location /app { proxy_pass http://app; } location / { proxy_pass http://sandbox.test:$TEST_SLUICE_ORIGIN_PORT; }');
    my ($library, $asked, $address) = map { $s->prefix . "/$_" } 'names.so', 'asked', 'address';
    Test::Sluice::Server::write_file("$library.c", resolver($asked, $address));
    system('cc', '-shared', '-fPIC', '-D_GNU_SOURCE', '-o', $library, "$library.c", '-ldl') == 0 or die 'cannot compile';
    Test::Sluice::Server::write_file($address, '127.0.0.77');
    local $ENV{LD_PRELOAD} = $library;
    $s->start;
    ok wait_until { $s->get('/app')->status == 200 }, 'in an upstream';
    ok wait_until { $s->get('/')->status == 200 }, 'and in proxy_pass';
    $dns->set('sandbox.test', A => ['127.0.0.78'], ttl => 1);
    ok wait_until { $s->get('/app')->status == 502 && $s->get('/')->status == 502 }, 'wherever it goes';
    $s->stop(allowed => [qr/Connection refused/]);
    $dns->stop;
}

sub askers { return slurp($_[0]) =~ /^(\d+)$/mg }

sub resolver {
    my ($asked, $address) = @_;
    return <<"END";
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int getaddrinfo(const char* name, const char* service, const struct addrinfo* hints, struct addrinfo** result) {
  int (*real)(const char*, const char*, const struct addrinfo*, struct addrinfo**) = dlsym(RTLD_NEXT, "getaddrinfo");
  if (name == NULL || strcmp(name, "sandbox.test") != 0) return real(name, service, hints, result);
  char address[64] = "";
  FILE* file = fopen("$address", "r");
  if (file == NULL || fgets(address, sizeof address, file) == NULL) return EAI_NONAME;
  fclose(file);
  file = fopen("$asked", "a");
  fprintf(file, "%d\\n", (int)getpid());
  fclose(file);
  return real(address, service, hints, result);
}
END
}
