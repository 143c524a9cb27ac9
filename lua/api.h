// The ngx API: what the api_*.cc files share. Every install_X adds its part to the `ngx` table on the top of the stack.
#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/server/exchange.h>

#include "lua_headers.h"
#include "request.h"
#include "thread.h"
#include "vm.h"

namespace sluice {

// phase_error raises what OpenResty says when a function is called in the wrong place.
[[noreturn]] void phase_error(lua_State* L, uint32_t allowed);

// request_in gives the running exchange; raises outside of the phases of `allowed`.
inline Exchange& request_in(lua_State* L, uint32_t allowed) {
  LuaCall& call = Vm::of(L).call();
  if ((phase_bit(call.phase) & allowed) == 0) phase_error(L, allowed);
  return *call.exchange;
}

// text_at reads a string or number argument. The view lives as long as the value is on the stack.
std::string_view text_at(lua_State* L, int index);
inline void push_text(lua_State* L, std::string_view text) { lua_pushlstring(L, text.data(), text.size()); }
// choose_peer makes the peer the target of the request's next try.
void choose_peer(UpstreamRequest& request, const KnownPeer& peer);
// push_failure pushes nil and the text; returns 2.
int push_failure(lua_State* L, std::string_view text);
// set_functions adds C functions to the table on the top of the stack.
void set_functions(lua_State* L, const luaL_Reg* functions);

// append_text renders one value as ngx.say and ngx.log do. Tables: `list` writes arrays one after the other, otherwise only those with
// __tostring are taken. Raises on what cannot be written. REQUIRES: index > 0.
enum class TextOf { output, log };
void append_text(lua_State* L, int index, TextOf how, std::string& out);

void install_constants(lua_State* L);
void install_log(lua_State* L);
void install_var(lua_State* L);
void install_ctx(lua_State* L);       // ngx.ctx, ngx.status, ngx.headers_sent: the metatable of ngx itself
void install_header(lua_State* L);    // ngx.header, ngx.resp
void install_arg(lua_State* L);
void install_output(lua_State* L);
void install_control(lua_State* L);   // exit, redirect, exec, sleep
void install_request(lua_State* L);   // ngx.req
void install_request_body(lua_State* L);
void install_worker(lua_State* L);    // ngx.worker, ngx.config, get_phase
void install_timer(lua_State* L);
void install_coroutines(lua_State* L);
void install_missing(lua_State* L);   // clear errors for what is not there
void install_balancer(lua_State* L);  // package.preload["ngx.balancer"]
void install_library(lua_State* L);   // the part written in Lua

}  // namespace sluice
