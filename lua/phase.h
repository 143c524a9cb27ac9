// LuaPhase: where a piece of Lua runs. Values are bits, so that an API function can say with one mask where it may be called; they are
// OpenResty's raw phase numbers.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

enum class LuaPhase : uint32_t {
  set = 0x1,
  rewrite = 0x2,
  access = 0x4,
  content = 0x8,
  log = 0x10,
  header_filter = 0x20,
  body_filter = 0x40,
  timer = 0x80,
  init_worker = 0x100,
  balancer = 0x200,
  init = 0x800000,
};

constexpr uint32_t phase_bit(LuaPhase phase) { return static_cast<uint32_t>(phase); }
constexpr uint32_t operator|(LuaPhase a, LuaPhase b) { return phase_bit(a) | phase_bit(b); }
constexpr uint32_t operator|(uint32_t a, LuaPhase b) { return a | phase_bit(b); }

// Masks: where output may be made, where Lua may wait, and where there is a request of a client.
inline constexpr uint32_t kOutputPhases = LuaPhase::rewrite | LuaPhase::access | LuaPhase::content;
inline constexpr uint32_t kWaitPhases = kOutputPhases | LuaPhase::timer;
inline constexpr uint32_t kRequestPhases =
    kOutputPhases | LuaPhase::set | LuaPhase::header_filter | LuaPhase::body_filter | LuaPhase::log | LuaPhase::balancer;
// Where the request's fields may be changed, and where those of the response are at hand.
inline constexpr uint32_t kChangePhases = kOutputPhases | LuaPhase::set | LuaPhase::header_filter | LuaPhase::balancer;
inline constexpr uint32_t kHeaderPhases = kOutputPhases | LuaPhase::set | LuaPhase::header_filter | LuaPhase::body_filter | LuaPhase::log;

// phase_word is what ngx.get_phase returns: "rewrite". phase_directive is the family in messages: "rewrite_by_lua*", "ngx.timer".
std::string_view phase_word(LuaPhase phase);
std::string_view phase_directive(LuaPhase phase);

}  // namespace sluice
