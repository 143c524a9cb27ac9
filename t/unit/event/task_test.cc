#include <sluice/event/task.h>

#include <optional>
#include <string>

#include <sluice/event/event_loop.h>

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;

namespace {

// Counts the frames' locals that live: 0 after a test means that every frame was taken apart.
struct Alive {
  explicit Alive(int& count) : count_(count) { ++count_; }
  ~Alive() { --count_; }
  Alive(const Alive&) = delete;
  int& count_;
};

Task<int> leaf(Signal& go, int& alive) {
  Alive guard(alive);
  co_await go.wait();
  co_return 20;
}

Task<int> middle(Signal& go, int& alive) {
  Alive guard(alive);
  int value = co_await leaf(go, alive);
  co_return value + 2;
}

Task<void> top(Signal& go, int& alive, int& result) {
  Alive guard(alive);
  result = co_await middle(go, alive);
}

void count_done(void* context) { ++*static_cast<int*>(context); }

}  // namespace

TEST_CASE("a task made from a value is ready and has no frame") {
  Task<std::string> task("there");
  REQUIRE(task.ready());
  REQUIRE(task.take() == "there");
  REQUIRE(Task<void>().ready());
}

TEST_CASE("a coroutine is lazy: nothing runs before it is awaited") {
  int alive = 0;
  Signal go;
  Task<int> task = leaf(go, alive);
  REQUIRE_FALSE(task.ready());
  REQUIRE(alive == 0);
}

TEST_CASE("nested tasks give their values up to the flow") {
  EventLoop loop;
  Signal go;
  int alive = 0, result = 0, done = 0;
  Flow flow;
  flow.start(top(go, alive, result), count_done, &done);
  REQUIRE(flow.running());
  REQUIRE(alive == 3);
  go.set();
  REQUIRE(alive == 3);  // never resumed inside set()
  loop.run_once(false);
  REQUIRE(result == 22);
  REQUIRE(done == 1);
  REQUIRE(alive == 0);
  REQUIRE_FALSE(flow.running());
}

TEST_CASE("cancelling a flow destroys every frame from the innermost wait up") {
  EventLoop loop;
  Signal go;
  int alive = 0, result = 0, done = 0;
  {
    Flow flow;
    flow.start(top(go, alive, result), count_done, &done);
    REQUIRE(alive == 3);
  }
  REQUIRE(alive == 0);
  REQUIRE(done == 0);
  go.set();
  loop.run_once(false);
  REQUIRE(result == 0);
}

TEST_CASE("a flow cancelled between set and the resumption is not resumed") {
  EventLoop loop;
  Signal go;
  int alive = 0, result = 0;
  Flow flow;
  flow.start(top(go, alive, result));
  go.set();
  flow.cancel();
  loop.run_once(false);
  REQUIRE(alive == 0);
  REQUIRE(result == 0);
}

namespace {
Task<void> hold_middle(Signal& go, int& alive) {
  Task<int> inner = middle(go, alive);
  co_await go.wait();  // inner was never started and is dropped with this frame
}
}  // namespace

TEST_CASE("a task that was never started is destroyed with its owner") {
  EventLoop loop;
  Signal go;
  int alive = 0;
  Flow flow;
  flow.start(hold_middle(go, alive));
  flow.cancel();
  REQUIRE(alive == 0);
}

TEST_CASE("a flow over a ready task reports at once") {
  int done = 0;
  Flow flow;
  flow.start(Task<void>(), count_done, &done);
  REQUIRE(done == 1);
  REQUIRE_FALSE(flow.running());
}

namespace {
struct Owner {
  std::optional<Flow> flow;
  int rounds = 0;
  Signal* go = nullptr;
};
Task<void> wait_for(Signal& go) { co_await go.wait(); }
}  // namespace

TEST_CASE("done may destroy the flow or start it again") {
  EventLoop loop;
  Signal go;
  Owner owner;
  owner.go = &go;
  owner.flow.emplace();
  auto again = [](void* context) {
    auto& self = *static_cast<Owner*>(context);
    if (++self.rounds == 3) return self.flow.reset();
    self.go->clear();
    self.flow->start(wait_for(*self.go), [](void* inner) {
      auto& me = *static_cast<Owner*>(inner);
      ++me.rounds;
      me.flow.reset();
    }, context);
  };
  owner.flow->start(wait_for(go), again, &owner);
  go.set();
  loop.run_once(false);
  REQUIRE(owner.rounds == 1);
  go.set();
  loop.run_once(false);
  REQUIRE(owner.rounds == 2);
  REQUIRE_FALSE(owner.flow.has_value());
}

TEST_CASE("a signal set before the wait is remembered until it is cleared") {
  EventLoop loop;
  Signal go;
  go.set();
  int done = 0;
  Flow first, second;
  first.start(wait_for(go), count_done, &done);
  REQUIRE(done == 1);
  go.clear();
  second.start(wait_for(go), count_done, &done);
  REQUIRE(done == 1);
}

TEST_CASE("frames of every size can be allocated, freed in any order and allocated again") {
  std::vector<std::pair<void*, size_t>> frames;
  for (int round = 0; round < 3; ++round) {
    for (size_t bytes : {1u, 63u, 64u, 65u, 500u, 2047u, 2048u, 2049u, 10000u}) {
      void* frame = frame_allocate(bytes);
      std::fill_n(static_cast<char*>(frame), bytes, 'x');
      frames.emplace_back(frame, bytes);
    }
    for (auto [frame, bytes] : frames) frame_free(frame, bytes);
    frames.clear();
  }
}
