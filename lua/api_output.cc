// ngx.say, print, flush, eof, send_headers. Output gathers in the request's buffer; it leaves at flush, at the end of the hook, or when
// the buffer is full: then the Lua thread waits until the client has taken it.

#include "api.h"
#include "ending.h"
#include "lua_conf.h"

namespace sluice {

namespace {

enum class Line { open, ended };

// after_send: the task of send_output has ended.
int after_send(lua_State* L, LuaThread& thread, Result<void>& result) {
  Vm& vm = thread.vm();
  LuaRequest& request = vm.request(*thread.call().exchange);
  if (request.has_output()) request.output->clear();
  if (!result.ok()) return push_failure(L, result.error().kind == ErrorKind::timeout ? "timeout" : "client aborted");
  lua_pushinteger(L, 1);
  return 1;
}

int send_now(lua_State* L, LuaRequest& request, bool last, bool flush) {
  LuaThread& thread = *request.vm.call().thread;
  Task<Result<void>> sending = send_output(request, last, flush);
  if (!sending.ready()) return thread.wait_task(L, std::move(sending), after_send);
  Result<void> sent = sending.take();
  return after_send(L, thread, sent);
}

// begins sends the head at the first output. HTTP/1.0 wants the length, so that everything is kept back until the end.
// False: the text for Lua is in `refusal`.
bool begins(LuaRequest& request, const char*& refusal) {
  Exchange& exchange = request.exchange;
  if (request.eof || exchange.response_finished()) return refusal = "seen eof", false;
  if (request.header_only) return refusal = "header only", false;
  if (exchange.head_sent() || request.buffers_all) return true;
  if (exchange.request().version == HttpVersion::http10 && lua_conf(request.vm, exchange).http10_buffering &&
      !exchange.response().headers.has(HeaderId::content_length)) {
    request.buffers_all = true;
    return true;
  }
  if (begin_head(request, -1).ok()) return true;
  refusal = "nginx output filter error";
  return false;
}

int write(lua_State* L, Line line) {
  Exchange& exchange = request_in(L, kOutputPhases);
  LuaRequest& request = Vm::of(L).request(exchange);
  std::string& buffer = request.buffer();
  const size_t before = buffer.size();
  int count = lua_gettop(L);
  for (int i = 1; i <= count; ++i) append_text(L, i, TextOf::output, buffer);
  if (line == Line::ended) buffer += '\n';
  const char* refusal = nullptr;
  if (!begins(request, refusal)) {
    buffer.resize(before);
    return push_failure(L, refusal);
  }
  if (buffer.size() >= LuaRequest::kFlushBytes && !request.buffers_all) return send_now(L, request, false, false);
  lua_pushinteger(L, 1);
  return 1;
}

int say(lua_State* L) { return write(L, Line::ended); }
int print(lua_State* L) { return write(L, Line::open); }

int send_headers(lua_State* L) {
  Exchange& exchange = request_in(L, kOutputPhases);
  LuaRequest& request = Vm::of(L).request(exchange);
  if (!exchange.head_sent() && !begin_head(request, -1).ok()) return push_failure(L, "nginx output filter error");
  lua_pushinteger(L, 1);
  return 1;
}

int flush(lua_State* L) {
  Exchange& exchange = request_in(L, kOutputPhases);
  LuaRequest& request = Vm::of(L).request(exchange);
  if (request.header_only) return push_failure(L, "header only");
  if (request.eof) return push_failure(L, "seen eof");
  if (request.buffers_all) return push_failure(L, "buffering");
  if (!exchange.head_sent()) return push_failure(L, "nothing to flush");
  return send_now(L, request, false, true);
}

int eof(lua_State* L) {
  Exchange& exchange = request_in(L, kOutputPhases);
  LuaRequest& request = Vm::of(L).request(exchange);
  if (request.eof) return push_failure(L, "seen eof");
  request.eof = true;
  const bool all = request.buffers_all && exchange.location().body_filters.empty();
  int64_t total = all ? static_cast<int64_t>(request.buffer().size()) : -1;
  if (!exchange.head_sent() && !begin_head(request, total).ok()) return push_failure(L, "nginx output filter error");
  return send_now(L, request, true, false);
}

constexpr luaL_Reg kFunctions[] = {{"say", say},     {"print", print}, {"send_headers", send_headers},
                                   {"flush", flush}, {"eof", eof},     {nullptr, nullptr}};

}  // namespace

void install_output(lua_State* L) { set_functions(L, kFunctions); }

}  // namespace sluice
