// LuaRequest: what the Lua layer keeps for one exchange: its ngx.ctx and its output that was not sent yet.
#pragma once

#include <string>
#include <string_view>

#include <sluice/server/exchange.h>

#include "lua_headers.h"
#include "slots.h"

namespace sluice {

class Vm;

// Location values that the API looks at while a request runs.
struct LuaRequest {
  LuaRequest(Vm& its_vm, Exchange& its_exchange) : vm(its_vm), exchange(its_exchange) {}
  ~LuaRequest();
  LuaRequest(const LuaRequest&) = delete;
  LuaRequest& operator=(const LuaRequest&) = delete;

  static constexpr size_t kFlushBytes = 32 * 1024;  // say and print hand their buffer on at this size

  Vm& vm;
  Exchange& exchange;
  int ctx = LuaSlots::kNone;       // ngx.ctx
  uint32_t ctx_redirects = 0;      // Exchange::redirects() when ngx.ctx was made: an internal redirect loses it
  std::string* output = nullptr;   // from the VM's pool
  std::string filter_text;         // what body_filter_by_lua put into ngx.arg[1]
  bool eof = false;                // nothing more may be said
  bool header_only = false;        // HEAD: say and print say so
  bool buffers_all = false;        // HTTP/1.0: the length is needed first
  bool flushing = false;           // the output buffer is being sent
  bool filter_eof = false;         // body_filter_by_lua ended the response: drop the rest
  bool filter_failed = false;      // header_filter_by_lua failed before
  bool reads_headers_late = false;

  bool has_output() const { return output != nullptr && !output->empty(); }
  bool produced() const { return exchange.head_sent() || has_output() || buffers_all || eof; }
  std::string& buffer();
  void drop_output();
  void drop_ctx();
  // drop_stale_ctx comes before every use of ctx.
  void drop_stale_ctx();
};

// begin_head sends the head if nothing did: status 200 and default_type unless Lua said otherwise. `total` is the length of the whole
// body when it is known, else -1. Errors: what Exchange::send_head says.
Result<void> begin_head(LuaRequest& request, int64_t total);

}  // namespace sluice
