#include "fast_paths.h"

#include <sluice/base/clock.h>
#include <sluice/server/variable.h>

#include "api.h"
#include "header_tables.h"
#include "lib_shared.h"
#include "regex_cache.h"

namespace sluice {

namespace {

// What an entry that gives a value has found; the value is in an Answer.
enum Found : int { kAskSlowly = -1, kNothing = 0, kText = 1, kNumber = 2, kTrue = 3, kFalse = 4 };

constexpr uint32_t kMostGroups = 4;  // of a pattern, with group 0
constexpr uint32_t kUnset = UINT32_MAX;

// Answer is also declared in the Lua code below. It holds what the last entry has found; a text lives as long as what it is of.
struct Answer {
  const char* data;
  uint32_t size;
  uint32_t offsets[2 * kMostGroups];
  double number;
};

Found answer_text(std::string_view text, Answer& out) {
  if (text.size() > UINT32_MAX) return kAskSlowly;
  out.data = text.data();
  out.size = static_cast<uint32_t>(text.size());
  return kText;
}

// exchange_in gives the exchange that runs in one of the phases; else null.
Exchange* exchange_in(const Vm& vm, uint32_t allowed) {
  const LuaCall& call = vm.call();
  return (phase_bit(call.phase) & allowed) != 0 ? call.exchange : nullptr;
}

// The entries. They run in the middle of machine code: they have no Lua state, call no Lua, touch no Lua object and raise nothing. A name is
// found by the address of its string, which the C function has made known. False and kAskSlowly leave the case to the C function; nothing
// has changed then.

double now() { return static_cast<double>(Clock::of_thread().wall_ms()) / 1000; }

int get_variable(const Vm* vm, const char* name, Answer* out) {
  Exchange* exchange = exchange_in(*vm, kRequestPhases);
  const Variable* const* variable = vm->known.variables.find(name);
  if (exchange == nullptr || variable == nullptr) return kAskSlowly;
  VariableValue value = (*variable)->get(*exchange);
  return value.found ? answer_text(value.text, *out) : kNothing;
}

bool set_variable(const Vm* vm, const char* name, const char* data, uint32_t size) {
  Exchange* exchange = exchange_in(*vm, kRequestPhases);
  const Variable* const* variable = vm->known.variables.find(name);
  if (exchange == nullptr || variable == nullptr || !(*variable)->settable()) return false;
  (*variable)->set(*exchange, exchange->arena().copy({data, size}));
  return true;
}

// find_ctx gives the number of ngx.ctx in the table of slots, kNothing when the request has none.
int find_ctx(Vm* vm) {
  Exchange* exchange = vm->call().exchange;
  if (exchange == nullptr) return kAskSlowly;
  const LuaRequest& request = vm->request(*exchange);
  return request.ctx_redirects == exchange->redirects() ? request.ctx : kAskSlowly;
}

// make_ctx gives the number under which the caller puts a new table. REQUIRES: find_ctx has just given kNothing.
int make_ctx(Vm* vm) {
  LuaRequest& request = vm->request(*vm->call().exchange);
  request.ctx = vm->slots().reserve();
  return request.ctx;
}

bool set_request_field(const Vm* vm, const char* name, uint32_t name_size, const char* data, uint32_t size) {
  Exchange* exchange = exchange_in(*vm, kChangePhases);
  const KnownField* known = vm->known.fields.find(name);
  if (exchange == nullptr || known == nullptr || !known->valid || known->id == HeaderId::host) return false;
  return store_text(exchange->arena(), exchange->request().headers, {{name, name_size}, *known}, {data, size});
}

bool set_response_field(const Vm* vm, const char* name, uint32_t name_size, const char* data, uint32_t size) {
  Exchange* exchange = exchange_in(*vm, kHeaderPhases);
  const KnownField* known = vm->known.fields.find(name);
  if (exchange == nullptr || exchange->head_sent() || known == nullptr || !known->valid || known->has_underscores) return false;
  return store_text(exchange->arena(), exchange->response().headers, {{name, name_size}, *known}, {data, size});
}

bool name_folds(const char* name, uint32_t size) { return folds({name, size}); }

bool set_peer(const Vm* vm, const char* host, double port) {
  if (vm->call().phase != LuaPhase::balancer || !(port >= 0 && port <= 65535)) return false;
  const KnownPeer* peer = vm->known.peers.find(host, static_cast<uint32_t>(port));
  if (peer == nullptr) return false;
  choose_peer(*vm->call().upstream, *peer);
  return true;
}

// get_value leaves values with flags, which are two results.
int get_value(void* object, const char* key, uint32_t size, Answer* out) {
  if (size == 0 || size > kMaxDictKeyBytes) return kAskSlowly;
  DictValue value;
  if (!dict_of(object).get({key, size}, value)) return kNothing;
  if (value.flags != 0) return kAskSlowly;
  switch (value.type) {
    case DictValue::Type::string: return answer_text(value.string, *out);
    case DictValue::Type::number: out->number = value.number; return kNumber;
    case DictValue::Type::boolean: return value.boolean ? kTrue : kFalse;
    default: return kAskSlowly;
  }
}

// match gives how many groups the pattern has, group 0 included; kNothing when it does not match.
int match(RegexCache* cache, const char* subject, uint32_t size, const char* pattern, const char* options, Answer* out) {
  int set_groups = 0;
  const Regex* regex = cache->match_recent(pattern, options, {subject, size}, set_groups);
  if (regex == nullptr || regex->names() != 0 || regex->groups() >= kMostGroups) return kAskSlowly;
  if (set_groups < 0) return set_groups == Regex::kNoMatch ? kNothing : kAskSlowly;
  const uint32_t groups = regex->groups() + 1;
  for (uint32_t i = 0; i < 2 * groups; ++i) {
    const size_t offset = regex->offsets()[i];
    out->offsets[i] = i / 2 < static_cast<uint32_t>(set_groups) && offset != Regex::kUnset ? static_cast<uint32_t>(offset) : kUnset;
  }
  return static_cast<int>(groups);
}

constexpr std::string_view kCode = R"lua(
local vm, slots, regex_cache, fields, dict, answer, entries = ...
local ffi = require "ffi"
local cast, ffi_string, sub, type, getmetatable = ffi.cast, ffi.string, string.sub, type, getmetatable
local new_table = require "table.new"
vm, regex_cache = cast("void *", vm), cast("void *", regex_cache)
answer = cast("struct { const char *data; uint32_t size, offsets[8]; double number; } *", answer)

-- A call in tail position would end a trace, except that to the C function: its place is the caller's then.

local now = cast("double (*)(void)", entries.now)
function ngx.now() return (now()) end

local var = getmetatable(ngx.var)
local var_index, var_newindex = var.__index, var.__newindex
local get_variable = cast("int (*)(void *, const char *, void *)", entries.get_variable)
function var.__index(t, name)
  if type(name) == "string" then
    local found = get_variable(vm, name, answer)
    if found > 0 then return (ffi_string(answer.data, answer.size)) end
    if found == 0 then return nil end
  end
  return var_index(t, name)
end
local set_variable = cast("bool (*)(void *, const char *, const char *, uint32_t)", entries.set_variable)
function var.__newindex(t, name, value)
  if type(name) == "string" and type(value) == "string" and set_variable(vm, name, value, #value) then return end
  return var_newindex(t, name, value)
end

local magic = getmetatable(ngx)
local magic_index = magic.__index
local find_ctx, make_ctx = cast("int (*)(void *)", entries.find_ctx), cast("int (*)(void *)", entries.make_ctx)
function magic.__index(t, key)
  if key == "ctx" then
    local slot = find_ctx(vm)
    if slot > 0 then return slots[slot] end
    if slot == 0 then
      local ctx = new_table(0, 4)
      slots[make_ctx(vm)] = ctx
      return ctx
    end
  end
  return magic_index(t, key)
end

local header = getmetatable(ngx.header)
local header_newindex = header.__newindex
local set_response_field = cast("bool (*)(void *, const char *, uint32_t, const char *, uint32_t)", entries.set_response_field)
function header.__newindex(t, name, value)
  if type(name) == "string" and type(value) == "string" and set_response_field(vm, name, #name, value, #value) then return end
  return header_newindex(t, name, value)
end

local set_header = ngx.req.set_header
local set_request_field = cast("bool (*)(void *, const char *, uint32_t, const char *, uint32_t)", entries.set_request_field)
function ngx.req.set_header(...)
  local name, value = ...
  if type(name) == "string" and type(value) == "string" and set_request_field(vm, name, #name, value, #value) then return end
  return set_header(...)
end

local fields_index = fields.__index
local name_folds = cast("bool (*)(const char *, uint32_t)", entries.name_folds)
function fields.__index(t, name)
  if type(name) == "string" and not name_folds(name, #name) then return nil end
  return fields_index(t, name)
end

local balancer = package.loaded["ngx.balancer"]
local set_current_peer = balancer.set_current_peer
local set_peer = cast("bool (*)(void *, const char *, double)", entries.set_peer)
function balancer.set_current_peer(...)
  local host, port = ...
  if type(host) == "string" and type(port) == "number" and set_peer(vm, host, port) then return true end
  return set_current_peer(...)
end

local dict_get = dict.__index.get
local get_value = cast("int (*)(void *, const char *, uint32_t, void *)", entries.get_value)
function dict.__index.get(...)
  local object, key = ...
  if getmetatable(object) == dict and type(key) == "string" then
    local found = get_value(object, key, #key, answer)
    if found == 1 then return (ffi_string(answer.data, answer.size)) end
    if found == 0 then return nil end
    if found == 2 then return answer.number end
    if found > 0 then return found == 3 end
  end
  return dict_get(...)
end

local re_match = ngx.re.match
local match = cast("int (*)(void *, const char *, uint32_t, const char *, const char *, void *)", entries.match)
local function group(subject, number)
  local from = answer.offsets[2 * number]
  if from == 0xffffffff then return false end
  return (sub(subject, from + 1, answer.offsets[2 * number + 1]))
end
function ngx.re.match(...)
  local subject, pattern, options, context, result = ...
  if type(subject) == "string" and type(pattern) == "string" and type(options) == "string" and context == nil and result == nil then
    local groups = match(regex_cache, subject, #subject, pattern, options, answer)
    if groups == 0 then return nil end
    if groups > 0 then
      local found = new_table(3, 0)
      found[0] = group(subject, 0)
      if groups > 1 then found[1] = group(subject, 1) end
      if groups > 2 then found[2] = group(subject, 2) end
      if groups > 3 then found[3] = group(subject, 3) end
      return found
    end
  end
  return re_match(...)
end

local loaded, require = package.loaded, require
function _G.require(...)
  local module = loaded[...]
  if type(module) == "table" then return module end
  return require(...)
end
)lua";

template <class Function>
void add_entry(lua_State* L, const char* name, Function* function) {
  lua_pushlightuserdata(L, reinterpret_cast<void*>(function));
  lua_setfield(L, -2, name);
}

void push_entries(lua_State* L) {
  lua_newtable(L);
  add_entry(L, "now", now);
  add_entry(L, "get_variable", get_variable);
  add_entry(L, "set_variable", set_variable);
  add_entry(L, "find_ctx", find_ctx);
  add_entry(L, "make_ctx", make_ctx);
  add_entry(L, "set_request_field", set_request_field);
  add_entry(L, "set_response_field", set_response_field);
  add_entry(L, "name_folds", name_folds);
  add_entry(L, "set_peer", set_peer);
  add_entry(L, "get_value", get_value);
  add_entry(L, "match", match);
}

}  // namespace

void install_fast_paths(lua_State* L) {
  Vm& vm = Vm::of(L);
  void* answer = lua_newuserdata(L, sizeof(Answer));
  luaL_ref(L, LUA_REGISTRYINDEX);
  bool ok = luaL_loadbuffer(L, kCode.data(), kCode.size(), "=ngx") == 0;
  if (ok) {
    lua_pushlightuserdata(L, &vm);
    vm.slots().push_table(L);
    lua_pushlightuserdata(L, &RegexCache::of(L));
    push_header_metatable(L);
    push_dict_metatable(L);
    lua_pushlightuserdata(L, answer);
    push_entries(L);
    ok = lua_pcall(L, 7, 0, 0) == 0;
  }
  if (!ok) check_failed(lua_tostring(L, -1), __FILE__, __LINE__);
}

}  // namespace sluice
