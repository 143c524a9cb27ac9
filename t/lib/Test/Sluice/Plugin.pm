# Plugin: compiles small plug-ins for the server that is tested: with its kind of compiler, and its sanitizer.
package Test::Sluice::Plugin;
use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use Test::Sluice::Server;

our @EXPORT_OK = qw(compile_plugin answering_plugin);

my $root = abs_path(dirname(__FILE__) . '/../../../..');

# compile_plugin: SOURCE (C++) as the shared library PATH; dies with the compiler's words. OPTIONS are more words for the compiler.
sub compile_plugin {
    my ($path, $source, @options) = @_;
    my $binary   = Test::Sluice::Server::binary();
    my $abi      = qx{'$binary' -V 2>&1};
    my $compiler = $abi =~ /compiler=clang/ ? 'clang++' : $ENV{CXX} || 'g++';
    push @options, '-fno-gnu-unique' if $compiler !~ /clang/;    # or the library could never be unloaded
    push @options, '-fsanitize=address' if $abi =~ /sanitizer=address/;
    Test::Sluice::Server::write_file("$path.cc", $source);
    my @command = ($compiler, '-std=c++20', '-shared', '-fPIC', '-O1', @options, "-I$root/core/include", '-o', "$path.new", "$path.cc");
    my $said    = qx{@command 2>&1};
    die "cannot compile $path.cc:\n$said" if $?;
    rename "$path.new", $path or die "cannot rename to $path: $!\n";
    return $path;
}

# answering_plugin: the source of a module whose directive `answer;` makes a location answer with TEXT. BEFORE is C++ that runs when the
# library is loaded.
sub answering_plugin {
    my ($text, $before) = @_;
    $before = '' unless defined $before;
    return <<"END";
#include <signal.h>
#include <unistd.h>
#include <sluice/sluice.h>
using namespace sluice;
struct AtLoad { AtLoad() { $before } } at_load;
struct AnswerConf { bool on = false; };
struct Answer final : PhaseHandler {
  Task<Outcome> run(Exchange& exchange) const override { return exchange.respond(200, "text/plain", "$text\\n"); }
  std::string_view name() const override { return "answer"; }
};
Result<void> set_answer(DirectiveUse& use) { use.conf_as<AnswerConf>().on = true; return {}; }
constexpr Directive kRows[] = {{"answer", kLocation, 0, 0, BlockShape::none, Repeat::once, &set_answer, nullptr, "", "Answers."}};
struct AnswerModule final : Module {
  void declare(ModuleDeclarations& d) override { d.location_conf<AnswerConf>(); d.directives(kRows); }
  Result<void> finish_location(BlockScope& scope, const void* conf) override {
    if (static_cast<const AnswerConf*>(conf)->on) scope.add_handler(Phase::access, HandlerOrder::normal, std::make_shared<Answer>());
    return {};
  }
};
SLUICE_MODULE(AnswerModule, "answer", "Answers.")
END
}

1;
