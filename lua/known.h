// LuaKnown: what a VM remembers about strings of Lua code, so that it is worked out once and not for every request.
#pragma once

#include <string>

#include <sluice/http/headers.h>
#include <sluice/os/address.h>
#include <sluice/server/variable.h>

#include "interned_cache.h"

namespace sluice {

// The name of a header field as Lua code writes it.
struct KnownField {
  HeaderId id = HeaderId::unknown;
  bool valid = false;            // header_name_is_valid
  bool has_underscores = false;
};

// What a host and a port mean to ngx.balancer.set_current_peer.
struct KnownPeer {
  Address address;
  std::string name;
};

struct LuaKnown {
  InternedCache<KnownField> fields;
  InternedCache<const Variable*> variables;
  InternedCache<KnownPeer> peers;      // a part is a port
  const char* ctx = nullptr;  // the address of "ctx", a string that never goes
};

}  // namespace sluice
