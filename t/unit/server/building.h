// Building a configuration from text, and an exchange without a connection to look around in it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sluice/server/exchange.h>

#include "../conf/memory_files.h"
#include "conf/parser.h"
#include "server/generation_builder.h"

namespace sluice::test {

// One build: keeps what it needs alive.
class Building {
 public:
  explicit Building(std::string text, std::vector<LoadedModule> modules = {})
      : files_({{"/p.conf", std::move(text)}}), builder_(options()) {
    for (auto& module : modules) {
      auto added = builder_.add_module(std::move(module));
      if (!added) error_ = added.error().text;
    }
    auto config = parse_config(files_, "/p.conf", {});
    if (!config) {
      error_ = config.error().text;
      return;
    }
    config_ = std::move(*config);
    auto built = builder_.build(config_);
    if (!built) error_ = built.error().text;
    generation_ = builder_.take_generation();
  }

  bool ok() const { return error_.empty(); }
  const std::string& error() const { return error_; }
  std::string first_line() const { return error_.substr(0, error_.find('\n')); }
  GenerationBuilder& builder() { return builder_; }
  const std::shared_ptr<BuiltGeneration>& generation() const { return generation_; }
  const VirtualServer& server(size_t index = 0) const { return *generation_->servers.at(index); }
  const HostTable& hosts(size_t index = 0) { return *builder_.listeners().at(index).hosts; }
  const ListenSpec& listen(size_t index = 0) { return builder_.listeners().at(index).listen; }

 private:
  GenerationBuilder::Options options() {
    GenerationBuilder::Options options;
    options.prefix = "/prefix/";
    options.conf_prefix = "/";
    options.files = &files_;
    return options;
  }

  MemoryFiles files_;
  ParsedConfig config_;
  GenerationBuilder builder_;
  std::shared_ptr<BuiltGeneration> generation_;
  std::string error_;
};

// The connection an exchange refers to and these tests never touch.
inline ClientConnection& no_connection() {
  alignas(64) static char nothing[64];
  return *reinterpret_cast<ClientConnection*>(nothing);
}

class FakeExchange final : public Exchange {
 public:
  explicit FakeExchange(const Building& building) : Exchange(no_connection(), arena_memory_, building.generation()) {
    server_ = &building.server();
    location_ = &building.server().root;
    set_count_ = building.generation()->set_variables();
    values_.resize(set_count_);
    set_values_ = values_.data();
  }
  void append_log_context(std::string&) const override {}
  uint64_t log_connection() const override { return 0; }

  std::string read(std::string_view name) {
    const Variable* variable = generation_->find_variable(name);
    if (variable == nullptr) return "unknown";
    VariableValue value = variable->get(*this);
    return value.found ? std::string(value.text) : "not found";
  }

 private:
  Arena arena_memory_;
  std::vector<std::string_view> values_;
};

}  // namespace sluice::test
