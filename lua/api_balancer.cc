// The module ngx.balancer, for balancer_by_lua.

#include <cmath>

#include "api.h"

namespace sluice {

void choose_peer(UpstreamRequest& request, const KnownPeer& peer) {
  request.target.peer = nullptr;
  request.target.address = peer.address;
  request.target.name = request.exchange.arena().copy(peer.name);
}

namespace {

UpstreamRequest& upstream_in(lua_State* L) {
  request_in(L, phase_bit(LuaPhase::balancer));
  return *Vm::of(L).call().upstream;
}

constexpr uint32_t kNoPort = UINT32_MAX;

// The port at index 2; a Unix path has none.
uint32_t port_argument(lua_State* L, std::string_view host) {
  if (host.starts_with("unix:")) return kNoPort;
  lua_Integer port = luaL_checkinteger(L, 2);
  if (port < 0 || port > 65535) luaL_argerror(L, 2, "bad port");
  return static_cast<uint32_t>(port);
}

std::string peer_text(std::string_view host, uint32_t port) {
  if (port == kNoPort) return std::string(host);
  return host.find(':') != std::string_view::npos && !host.starts_with('[') ? concat("[", host, "]:", port) : concat(host, ":", port);
}

// parse_peer reads the host at index 1 and remembers it; null when it is no address.
const KnownPeer* parse_peer(lua_State* L, Vm& vm, std::string_view host, uint32_t port) {
  std::string text = peer_text(host, port);
  Result<Address> address = Address::parse(text);
  if (!address.ok()) return nullptr;
  return &vm.known.peers.add(L, vm.slots(), 1, {std::move(*address), std::move(text)}, port);
}

int set_current_peer(lua_State* L) {
  UpstreamRequest& request = upstream_in(L);
  Vm& vm = Vm::of(L);
  std::string_view host = text_at(L, 1);
  uint32_t port = port_argument(L, host);
  const KnownPeer* peer = vm.known.peers.find(host.data(), port);
  if (peer == nullptr) peer = parse_peer(L, vm, host, port);
  if (peer == nullptr) return push_failure(L, "no host allowed");
  choose_peer(request, *peer);
  lua_pushboolean(L, 1);
  return 1;
}

int set_more_tries(lua_State* L) {
  UpstreamRequest& request = upstream_in(L);
  lua_Integer count = luaL_checkinteger(L, 1);
  if (count < 0) return luaL_error(L, "bad count");
  request.more_tries = static_cast<uint32_t>(count);
  lua_pushboolean(L, 1);
  return 1;
}

int get_last_failure(lua_State* L) {
  UpstreamRequest& request = upstream_in(L);
  if (request.tries == 0) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushstring(L, request.last_failed ? "failed" : "next");
  lua_pushinteger(L, request.last_status);
  return 2;
}

// One of set_timeouts' arguments: nil keeps what is set.
void set_timeout(lua_State* L, int index, const char* name, Milliseconds& timeout) {
  if (lua_isnoneornil(L, index)) return;
  lua_Number seconds = luaL_checknumber(L, index);
  if (!(seconds > 0)) luaL_error(L, "bad %s timeout", name);
  timeout = Milliseconds(static_cast<int64_t>(std::ceil(std::min(seconds, 1e9) * 1000.0)));
}

int set_timeouts(lua_State* L) {
  UpstreamRequest& request = upstream_in(L);
  set_timeout(L, 1, "connect", request.connect_timeout);
  set_timeout(L, 2, "send", request.send_timeout);
  set_timeout(L, 3, "read", request.read_timeout);
  lua_pushboolean(L, 1);
  return 1;
}

// Connections to peers are kept by the upstream as its keepalive directives say.
int enable_keepalive(lua_State* L) {
  upstream_in(L);
  lua_pushboolean(L, 1);
  return 1;
}

// The request is made anew from the exchange's headers and body for every try.
int recreate_request(lua_State* L) {
  if (upstream_in(L).tries == 0) return luaL_error(L, "recreate_request is only allowed for retries");
  lua_pushboolean(L, 1);
  return 1;
}

constexpr luaL_Reg kFunctions[] = {{"set_current_peer", set_current_peer}, {"set_more_tries", set_more_tries},
                                   {"get_last_failure", get_last_failure}, {"set_timeouts", set_timeouts},
                                   {"enable_keepalive", enable_keepalive}, {"recreate_request", recreate_request},
                                   {nullptr, nullptr}};

}  // namespace

void install_balancer(lua_State* L) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaded");
  lua_newtable(L);
  set_functions(L, kFunctions);
  lua_setfield(L, -2, "ngx.balancer");
  lua_pop(L, 2);
}

}  // namespace sluice
