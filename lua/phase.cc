#include "phase.h"

namespace sluice {

namespace {

struct PhaseRow {
  LuaPhase phase;
  std::string_view word;
  std::string_view directive;
};

constexpr PhaseRow kPhases[] = {
    {LuaPhase::set, "set", "set_by_lua*"},
    {LuaPhase::rewrite, "rewrite", "rewrite_by_lua*"},
    {LuaPhase::access, "access", "access_by_lua*"},
    {LuaPhase::content, "content", "content_by_lua*"},
    {LuaPhase::log, "log", "log_by_lua*"},
    {LuaPhase::header_filter, "header_filter", "header_filter_by_lua*"},
    {LuaPhase::body_filter, "body_filter", "body_filter_by_lua*"},
    {LuaPhase::timer, "timer", "ngx.timer"},
    {LuaPhase::init_worker, "init_worker", "init_worker_by_lua*"},
    {LuaPhase::balancer, "balancer", "balancer_by_lua*"},
    {LuaPhase::init, "init", "init_by_lua*"},
};

const PhaseRow& row_of(LuaPhase phase) {
  for (const PhaseRow& row : kPhases) {
    if (row.phase == phase) return row;
  }
  return kPhases[0];
}

}  // namespace

std::string_view phase_word(LuaPhase phase) { return row_of(phase).word; }
std::string_view phase_directive(LuaPhase phase) { return row_of(phase).directive; }

}  // namespace sluice
