// Hooks: the objects that the Lua module puts into locations and upstreams; each runs one LuaScript.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sluice/server/phase.h>
#include <sluice/upstream/upstream.h>

#include "request.h"
#include "thread.h"
#include "vm.h"

namespace sluice {

// One compiled piece of Lua from the configuration.
struct LuaScript {
  Vm* vm = nullptr;
  int chunk = LUA_NOREF;
  std::string name;                     // "content_by_lua(proxy.conf:44)"
  uint32_t first_line = 0;              // of the configuration: where Lua's line 1 is
  std::vector<ComplexValue> arguments;  // set_by_lua: ngx.arg[1], ...
};

// line_of_message finds the line in a message of Lua: "name:3: text"; 1 when there is none.
uint32_t line_of_message(std::string_view message, std::string_view name);

// rewrite, access, content: may wait. log: may not.
class LuaPhaseHook final : public PhaseHandler {
 public:
  LuaPhaseHook(LuaScript script, LuaPhase phase) : script_(std::move(script)), phase_(phase) {}
  Task<Outcome> run(Exchange& exchange) const override;
  std::string_view name() const override { return script_.name; }

 private:
  Outcome run_log(Exchange& exchange) const;
  Task<Outcome> run_script(Exchange& exchange) const;
  Task<Outcome> run_with_body(Exchange& exchange) const;
  Task<Outcome> wait_out(Exchange& exchange, LuaThreadOwner thread, bool watch) const;

  LuaScript script_;
  LuaPhase phase_;
};

// set_by_lua $res: a script in the order of the file.
class LuaSetHook final : public PhaseHandler {
 public:
  LuaSetHook(LuaScript script, const Variable* result) : script_(std::move(script)), result_(result) {}
  Task<Outcome> run(Exchange& exchange) const override;
  std::string_view name() const override { return script_.name; }

 private:
  LuaScript script_;
  const Variable* result_;
};

class LuaHeaderFilter final : public HeaderFilter {
 public:
  explicit LuaHeaderFilter(LuaScript script) : script_(std::move(script)) {}
  Outcome filter(Exchange& exchange) const override;
  std::string_view name() const override { return script_.name; }

 private:
  LuaScript script_;
};

class LuaBodyFilter final : public BodyFilter {
 public:
  explicit LuaBodyFilter(LuaScript script) : script_(std::move(script)) {}
  Result<void> filter(Exchange& exchange, BodyPiece& piece) const override;
  std::string_view name() const override { return script_.name; }

 private:
  LuaScript script_;
};

class LuaBalancer final : public Balancer {
 public:
  explicit LuaBalancer(const LuaScript& script) : script_(script) {}
  Result<void> pick(UpstreamRequest& request) override;
  std::string_view name() const override { return script_.name; }

 private:
  const LuaScript& script_;
};

}  // namespace sluice
