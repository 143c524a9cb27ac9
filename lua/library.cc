// The part of the library that is written in Lua: coroutine.*, the guard of global variables, the names of lua-resty-core.

#include <string_view>

#include "api.h"

namespace sluice {

namespace {

constexpr std::string_view kCoroutines = R"lua(
local coroutine, error = coroutine, error
local waits, taken, create = coroutine.__waits, coroutine.__taken, coroutine.create
local standard_resume, standard_status = coroutine.resume, coroutine.status
local own = { resume = coroutine.__resume, yield = coroutine.__yield, status = coroutine.__status }
coroutine.__waits, coroutine.__taken = nil, nil
coroutine.__resume, coroutine.__yield, coroutine.__status = nil, nil, nil

function coroutine.resume(co, ...)
  if taken(co) then return false, "cannot resume normal coroutine" end
  return standard_resume(co, ...)
end
function coroutine.status(co)
  return taken(co) and "normal" or standard_status(co)
end

for name, scheduled in pairs(own) do
  local standard = coroutine[name]
  coroutine[name] = function(...)
    if waits() then return scheduled(...) end
    return standard(...)
  end
end

local resume = coroutine.resume
local function finish(ok, ...)
  if ok then return ... end
  error((...), 0)
end
function coroutine.wrap(body)
  local co = create(body)
  return function(...) return finish(resume(co, ...)) end
end
)lua";

// OpenResty's words and, as far as the line goes, its form.
constexpr std::string_view kGlobalGuard = R"lua(
local ngx, rawset, tostring, traceback = ngx, rawset, tostring, debug.traceback
local log, WARN, get_phase = ngx.log, ngx.WARN, ngx.get_phase

setmetatable(_G, {
  __newindex = function(table, key, value)
    rawset(table, key, value)
    local phase = get_phase()
    if phase == "init" or phase == "init_worker" then return end
    log(WARN, "writing a global Lua variable ('", tostring(key), "') which may lead to race conditions between concurrent requests, ",
        "so prefer the use of 'local' variables", traceback("", 2))
  end
})
)lua";

constexpr std::string_view kRestyCore = R"lua(
local request_address = ...
local preload = package.preload
local ffi = require "ffi"

local function base()
  local new_tab = require "table.new"
  local clear_tab = require "table.clear"
  if not pcall(ffi.typeof, "ngx_str_t") then
    ffi.cdef "typedef struct { size_t len; const unsigned char *data; } ngx_str_t;"
  end
  local buffer_size, buffer = 4096, nil
  local size = ffi.new("size_t[1]")
  local message = ffi.new("char *[1]")
  local M = {
    version = "0.1.33", FFI_OK = 0, FFI_ERROR = -1, FFI_AGAIN = -2, FFI_BUSY = -3, FFI_DONE = -4, FFI_DECLINED = -5,
    FFI_NO_REQ_CTX = -100, FFI_BAD_CONTEXT = -101, FFI_ABORT = -6,
    new_tab = new_tab, clear_tab = clear_tab,
  }
  -- Tells requests apart; there is nothing to read behind it.
  function M.get_request()
    local address = request_address()
    return address and ffi.cast("void *", address)
  end
  function M.get_string_buf(wanted, must_alloc)
    if wanted > buffer_size or must_alloc then return ffi.new("unsigned char[?]", wanted) end
    if not buffer then buffer = ffi.new("unsigned char[?]", buffer_size) end
    return buffer
  end
  function M.set_string_buf_size(wanted) buffer_size, buffer = wanted, nil end
  function M.get_string_buf_size() return buffer_size end
  function M.get_size_ptr() return size end
  function M.get_errmsg_ptr() return message end
  function M.allows_subsystem(...)
    for i = 1, select("#", ...) do
      if select(i, ...) == "http" then return end
    end
    error("unsupported subsystem: http", 2)
  end
  local free = 0
  function M.ref_in_table(table, key)
    if key == nil then return -1 end
    local ref = table[free]
    if ref and ref ~= 0 then
      table[free] = table[ref]
    else
      ref = #table + 1
    end
    table[ref] = key
    return ref
  end
  return M
end

local parts = { base = base() }
local function part(name, fields)
  fields.version = parts.base.version
  parts[name] = fields
end

-- What these add to ngx is built in.
for _, name in ipairs { "base64", "coroutine", "exit", "hash", "ndk", "param", "phase", "request", "shdict", "socket", "uri", "var",
                        "worker" } do
  part(name, {})
end
part("ctx", {
  get_ctx_table = function(given)
    local ctx = ngx.ctx
    if given == nil or next(ctx) ~= nil then return ctx end
    ngx.ctx = given
    return given
  end,
})
part("misc", {
  register_ngx_magic_key_getter = function(name, getter)
    local magic = getmetatable(ngx)
    local others = magic.__index
    magic.__index = function(t, key)
      if key == name then return getter() end
      return others(t, key)
    end
  end,
  register_ngx_magic_key_setter = function(name, setter)
    local magic = getmetatable(ngx)
    local others = magic.__newindex
    magic.__newindex = function(t, key, value)
      if key == name then return setter(value) end
      return others(t, key, value)
    end
  end,
})
part("regex", { set_buf_grow_ratio = function() end })
part("response", {
  set_resp_header = function(_, name, value, no_override)
    if no_override then return require "ngx.resp".add_header(name, value) end
    ngx.header[name] = value
  end,
})
part("utils", {
  str_replace_char = function(text, find, replace)
    if #find ~= 1 or #replace ~= 1 then error("expected a single character", 2) end
    return (text:gsub(find:gsub("%W", "%%%0"), (replace:gsub("%%", "%%%%"))))
  end,
})

preload["ngx"] = function() return ngx end
preload["resty.core"] = function() return { version = parts.base.version } end
for name, fields in pairs(parts) do
  preload["resty.core." .. name] = function() return fields end
end
package.loaded["resty.core.time"].version = parts.base.version
)lua";

int request_address(lua_State* L) {
  Exchange* exchange = Vm::of(L).call().exchange;
  if (exchange == nullptr) return 0;
  lua_pushlightuserdata(L, exchange);
  return 1;
}

// `helper` is what the code finds in `...`.
void run_part(lua_State* L, std::string_view code, const char* name, lua_CFunction helper = nullptr) {
  bool ok = luaL_loadbuffer(L, code.data(), code.size(), name) == 0;
  if (ok && helper != nullptr) lua_pushcfunction(L, helper);
  ok = ok && lua_pcall(L, helper != nullptr ? 1 : 0, 0, 0) == 0;
  if (!ok) check_failed(lua_tostring(L, -1), __FILE__, __LINE__);
}

}  // namespace

void install_library(lua_State* L) {
  run_part(L, kCoroutines, "=coroutine");
  run_part(L, kGlobalGuard, "=_G write guard");
  run_part(L, kRestyCore, "=resty.core", request_address);
}

}  // namespace sluice
