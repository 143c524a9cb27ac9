// LuaTimers: ngx.timer.at and every. A timer waits on the loop's wheel; when it fires, its function runs in a Lua thread of its own and
// may wait. When the generation retires, whatever still waits fires at once with `premature` true; what runs keeps it alive to its end.
#pragma once

#include <memory>
#include <vector>

#include <sluice/event/event_loop.h>
#include <sluice/event/task.h>

#include "thread.h"
#include "vm.h"

namespace sluice {

class LuaTimers {
 public:
  explicit LuaTimers(Vm& vm);
  ~LuaTimers();

  // add takes the function and its arguments from L's stack, [first, top]. Null, or why not ("too many pending timers", "too many arguments").
  enum class Repeat { once, every };
  const char* add(lua_State* L, int first, Milliseconds delay, Repeat repeat);
  void retire();
  size_t pending() const { return pending_; }
  size_t running() const { return running_; }

 private:
  class Entry;
  friend class Entry;
  void forget(Entry& entry);
  // update_hold keeps the generation while a function runs, or is to run at once although it has retired.
  void update_hold();

  Vm& vm_;
  std::vector<std::unique_ptr<Entry>> entries_;
  size_t pending_ = 0;
  size_t running_ = 0;
  bool holds_ = false;
};

}  // namespace sluice
