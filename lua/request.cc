#include "request.h"

#include "lua_conf.h"
#include "vm.h"

namespace sluice {

LuaRequest::~LuaRequest() {
  drop_output();
  drop_ctx();
}

std::string& LuaRequest::buffer() {
  if (output == nullptr) output = vm.take_buffer();
  return *output;
}

void LuaRequest::drop_output() {
  if (output == nullptr) return;
  vm.give_buffer(output);
  output = nullptr;
}

void LuaRequest::drop_ctx() {
  if (ctx != LuaSlots::kNone) vm.slots().drop(ctx);
}

void LuaRequest::drop_stale_ctx() {
  if (ctx_redirects == exchange.redirects()) return;
  ctx_redirects = exchange.redirects();
  drop_ctx();
}

namespace {

int64_t announced_length(const ResponseHead& head) {
  const Header* field = head.headers.find(HeaderId::content_length);
  if (field == nullptr) return -1;
  auto length = parse_uint(field->value());
  return length && *length <= INT64_MAX ? static_cast<int64_t>(*length) : -1;
}

}  // namespace

Result<void> begin_head(LuaRequest& request, int64_t total) {
  Exchange& exchange = request.exchange;
  if (exchange.head_sent()) return {};
  ResponseHead& head = exchange.response();
  if (head.status == 0) head.status = 200;
  const LuaConf& conf = lua_conf(request.vm, exchange);
  const std::string& type = exchange.location().core.default_type;
  if (conf.use_default_type && !type.empty() && !head.headers.has(HeaderId::content_type)) {
    head.headers.add(HeaderId::content_type, type);
  }
  int64_t announced = announced_length(head);
  Result<void> sent = exchange.send_head(announced >= 0 ? announced : total);
  if (exchange.request().method == Method::head) request.header_only = true;
  return sent;
}

}  // namespace sluice
