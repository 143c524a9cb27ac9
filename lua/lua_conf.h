// LuaConf: the Lua module's values of one http, server or location block. Hooks replace what was inherited.
#pragma once

#include <memory>

#include <sluice/server/exchange.h>

#include "vm.h"

namespace sluice {

class LuaPhaseHook;
class LuaHeaderFilter;
class LuaBodyFilter;

struct LuaConf {
  std::shared_ptr<const LuaPhaseHook> rewrite;
  std::shared_ptr<const LuaPhaseHook> access;
  std::shared_ptr<const LuaHeaderFilter> header_filter;
  std::shared_ptr<const LuaBodyFilter> body_filter;
  std::shared_ptr<const LuaPhaseHook> log;
  bool need_request_body = false;
  bool check_client_abort = false;
  bool use_default_type = true;
  bool transform_underscores = true;
  bool http10_buffering = true;
};

// lua_conf gives the values of the location in which the exchange is.
inline const LuaConf& lua_conf(const Vm& vm, const Exchange& exchange) {
  return *static_cast<const LuaConf*>(exchange.location().module_conf(vm.conf_slot));
}

}  // namespace sluice
