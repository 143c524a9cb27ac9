// Whole builds, with modules as real .so files.
#include <sluice/os/file.h>

#include "module/build.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "../conf/memory_files.h"
#include "../test.h"
#include "os/memfd.h"

using namespace sluice;

namespace {

// Copies of files, one descriptor per content, as a loader has them.
class Copies final : public LibrarySource {
 public:
  Result<Library> open(const std::string& path) override {
    TRY_ASSIGN(std::string bytes, read_file(path));
    auto known = by_content_.find(bytes);
    if (known == by_content_.end()) {
      TRY_ASSIGN(Fd copy, sealed_memory_file("module", bytes, MemoryFileUse::code));
      known = by_content_.emplace(std::move(bytes), std::move(copy)).first;
    }
    return Library{known->second.get(), std::to_string(known->second.get())};
  }

 private:
  std::map<std::string, Fd> by_content_;
};

// Texts of the test over files of the disk.
class Files final : public FileSource {
 public:
  explicit Files(std::map<std::string, std::string> texts) : texts_(std::move(texts)) {}
  Result<std::string> read(const std::string& path) override {
    auto text = texts_.read(path);
    return text ? std::move(text) : read_file(path);
  }
  std::vector<std::string> glob(const std::string& pattern) override {
    std::vector<std::string> paths;
    std::string folder = pattern.substr(0, pattern.rfind('/'));
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
      if (fnmatch(pattern.c_str(), entry.path().c_str(), FNM_PATHNAME) == 0) paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

 private:
  MemoryFiles texts_;
};

const std::string kModules = SLUICE_TEST_MODULES "/";
constexpr const char* kIndex = "module rewrite rewrite.so\ndirective set rewrite.so\ndirective return rewrite.so\n"
                               "module round_robin round_robin.so\nprovider balancer round_robin round_robin.so\n";

struct Build {
  Files files;
  Copies copies;
  std::vector<std::string> steps;
  std::vector<std::unique_ptr<Generation>> disposed;
  Result<BuildOutput> output;

  explicit Build(std::string text, std::string global = "", std::string index = kIndex)
      : files({{"/p/conf/p.conf", std::move(text)}, {kModules + "index", std::move(index)}}), output(Error()) {
    BuildInput input;
    input.prefix = "/p/";
    input.conf_path = "/p/conf/p.conf";
    input.global_directives = std::move(global);
    input.module_directory = kModules;
    input.generation_id = 7;
    input.files = &files;
    input.libraries = &copies;
    input.progress = [this](std::string_view step) { steps.emplace_back(step); };
    input.dispose = [this](std::unique_ptr<Generation> generation) { disposed.push_back(std::move(generation)); };
    output = build_generation(input);
  }
  std::string error() const { return output ? "" : output.error().text; }
  std::string first_line() const { return error().substr(0, error().find('\n')); }
};

// An .so file made of a real one, with one piece of text replaced by another of the same length.
std::string patched_module(const char* name, std::string_view from, std::string_view to) {
  auto bytes = read_file(kModules + "rewrite.so");
  REQUIRE(bytes);
  size_t at = bytes->find(from);
  REQUIRE(at != std::string::npos);
  for (; at != std::string::npos; at = bytes->find(from, at + 1)) bytes->replace(at, to.size(), to);
  std::string path = concat(std::filesystem::temp_directory_path().string(), "/sluice_unit_", getpid(), name);
  REQUIRE(write_file_atomic(path, *bytes));
  return path;
}

// Where the linker found a library that is no module.
std::string path_of_library(const char* name) {
  void* handle = dlopen(name, RTLD_LAZY);
  REQUIRE(handle != nullptr);
  link_map* map = nullptr;
  REQUIRE(dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0);
  std::string path = map->l_name;
  dlclose(handle);
  return path;
}

}  // namespace

TEST_CASE("a module loads by itself when its directive is used") {
  Build build("http { server { listen 8080; location / { return 200 hello; } } }");
  REQUIRE(build.error() == "");
  CHECK(build.output->generation->id() == 7);
  CHECK(build.output->generation->module("rewrite") != nullptr);
  CHECK(build.output->generation->module("upstream") != nullptr);
  CHECK(build.output->generation->module("round_robin") == nullptr);
  REQUIRE(build.output->listeners.size() == 1);
  CHECK(build.output->listeners[0].listen.text == "0.0.0.0:8080");
  CHECK(build.output->config_files.size() == 1);
}

TEST_CASE("the last reference gives a generation away, which is taken apart piece by piece") {
  Build build("http { server { listen 8080; location /a { return 200 a; } location = /b { } location ~ c { } } server { listen 8081; } }");
  REQUIRE(build.error() == "");
  auto listeners = std::move(build.output->listeners);
  build.output->generation.reset();
  CHECK(build.disposed.empty());
  listeners.clear();
  REQUIRE(build.disposed.size() == 1);
  int pieces = 0;
  while (dismantle_some(*build.disposed[0])) ++pieces;
  CHECK(pieces == 9);
  CHECK(build.disposed[0]->module("rewrite") != nullptr);
}

TEST_CASE("a configuration that is refused is given to nobody") {
  Build build("http { server { listen 8080; location / { return 200 hello; unknown; } } }");
  CHECK(build.error() != "");
  CHECK(build.disposed.empty());
}

TEST_CASE("a configuration that needs no module loads none") {
  Build build("events { } http { server { listen 8080; } }");
  REQUIRE(build.error() == "");
  CHECK(build.output->generation->module("rewrite") == nullptr);
}

TEST_CASE("load_module takes a path of the prefix, of the module directory, and a pattern") {
  for (const char* path : {"rewrite.so", "rewr*.so"}) {
    Build build(concat("load_module ", path, "; http { server { listen 8080; set $a 1; } }"), "", "");
    INFO(path);
    REQUIRE(build.error() == "");
    CHECK(build.output->generation->module("rewrite") != nullptr);
  }
  Build shipped("load_module rewrite.so; http { server { listen 8080; set $a 1; } }");
  CHECK(shipped.error() == "");
  Build nothing("load_module none*.so; events { }");
  REQUIRE(nothing.error() == "");
  CHECK(nothing.output->warnings == std::vector<std::string>{"load_module \"none*.so\" brings no module in /p/conf/p.conf:1"});
}

TEST_CASE("a missing module is a mistake with its place") {
  Build build("events { }\nload_module nowhere.so;\n");
  CHECK(build.first_line() == "open() \"/p/nowhere.so\" failed (2: No such file or directory) in /p/conf/p.conf:2");
}

TEST_CASE("what is no library, no module, or of another ABI is refused") {
  std::string text = concat(std::filesystem::temp_directory_path().string(), "/sluice_unit_", getpid(), "text.so");
  REQUIRE(write_file_atomic(text, "not a library"));
  Build no_library(concat("load_module ", text, ";"));
  CHECK(no_library.first_line().starts_with(concat("dlopen() \"", text, "\" failed (", text, ": ")));

  std::string bare = path_of_library("libpcre2-8.so.0");
  Build no_manifest(concat("load_module ", bare, ";"));
  CHECK(no_manifest.first_line() == concat('"', bare, "\" is no sluice module: it has no manifest (SLUICE_MODULE) in /p/conf/p.conf:1"));

  std::string other = patched_module("abi.so", "epoch=", "epoch+");
  Build other_abi(concat("load_module ", other, ";"));
  CHECK(other_abi.first_line().find("was built for another sluice: its ABI is \"epoch+") != std::string::npos);
  CHECK(other_abi.first_line().find("this sluice has \"epoch=") != std::string::npos);
  for (const auto& path : {text, other}) std::filesystem::remove(path);
}

TEST_CASE("mistakes in set and return have nginx's words") {
  struct Case {
    const char* text;
    const char* error;
  };
  for (const Case& c : {Case{"set uri 1;", "invalid variable name \"uri\""},
                        Case{"set $uri 1;", "the duplicate \"uri\" variable"},
                        Case{"set $a $b;", "unknown \"b\" variable"},
                        Case{"set $a;", "invalid number of arguments in \"set\" directive"},
                        Case{"return;", "invalid number of arguments in \"return\" directive"},
                        Case{"return abc;", "invalid return code \"abc\""},
                        Case{"return 1000;", "invalid return code \"1000\""},
                        Case{"return abc text;", "invalid return code \"abc\""},
                        Case{"return 200 $nowhere;", "unknown \"nowhere\" variable"}}) {
    Build build(concat("http { server { listen 8080; ", c.text, " } }"));
    INFO(c.text);
    CHECK(build.first_line() == concat(c.error, " in /p/conf/p.conf:1"));
  }
}

TEST_CASE("a variable may be used above and outside of what sets it") {
  Build build("http { server { listen 1; return 200 $later; } server { listen 2; location / { set $later 1; } } }");
  CHECK(build.error() == "");
}

TEST_CASE("directives of the command line count") {
  Build build("http { server { listen 8080; } }", "daemon off; worker_processes 3;");
  REQUIRE(build.error() == "");
  CHECK_FALSE(build.output->main.daemon);
  CHECK(build.output->main.worker_processes == 3);
}

TEST_CASE("a syntax error has its line and an excerpt") {
  Build build("http {\n  server {\n");
  CHECK(build.first_line() == "unexpected end of file, expecting \"}\" in /p/conf/p.conf:3");
}

TEST_CASE("the main values can be read alone, whatever the rest is like") {
  Files files(std::map<std::string, std::string>{{"/p/conf/p.conf", "pid run/x.pid; http { server { nonsense; } } master_process off; unknown 1;"}});
  BuildInput input;
  input.prefix = "/p/";
  input.conf_path = "/p/conf/p.conf";
  input.error_log_override = "/e.log";
  input.files = &files;
  auto main = read_main_conf(input);
  REQUIRE(main);
  CHECK(main->pid == "/p/run/x.pid");
  CHECK_FALSE(main->master_process);
  REQUIRE(main->error_logs.size() == 1);
  CHECK(main->error_logs[0].path == "/e.log");
}

TEST_CASE("two generations of one module live side by side and go one by one") {
  Build first("http { server { listen 8080; return 200; } }");
  auto second = std::make_unique<Build>("http { server { listen 8080; return 200; } }");
  REQUIRE(first.error() == "");
  REQUIRE(second->error() == "");
  second.reset();
  CHECK(first.output->generation->module("rewrite") != nullptr);
}

TEST_CASE("the index is made of what modules say") {
  auto text = describe_module(kModules + "rewrite.so");
  REQUIRE(text);
  CHECK(text->starts_with("module rewrite\ndirective set\ndirective return\n"));
  auto index = render_module_index(SLUICE_TEST_MODULES);
  REQUIRE(index);
  CHECK(index->find("directive return rewrite.so\n") != std::string::npos);
}

TEST_CASE("the reference has every row") {
  Files files(std::map<std::string, std::string>{{kModules + "index", kIndex}});
  Copies copies;
  BuildInput input;
  input.module_directory = kModules;
  input.files = &files;
  input.libraries = &copies;
  std::string text = render_directive_reference(input);
  for (const char* part : {"### `listen`", "## rewrite", "### `return`", "- Context: http, server, location", "- `$uri`: ", "- `$http_NAME`: "}) {
    INFO(part);
    CHECK(text.find(part) != std::string::npos);
  }
}
