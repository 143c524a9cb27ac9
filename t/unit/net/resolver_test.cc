// The resolver with a DNS server of its own: one UDP socket that the test answers by hand.
#include <sluice/net/resolver.h>

#include <algorithm>
#include <map>

#include "dns_packets.h"
#include "sockets.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using namespace sluice;
using namespace sluice::test;

namespace {

constexpr unsigned kA = 1;

class HandServer {
 public:
  HandServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    const Address any = *Address::parse("127.0.0.1:1");
    const Address free = any.with_port(0);
    REQUIRE(::bind(socket_.get(), free.data(), free.size()) == 0);
  }
  std::string address() const { return bound_address(socket_.get()).text(); }
  // asked: there is a question; it stays the one until it is answered.
  bool asked() {
    if (!question_.empty()) return true;
    char bytes[512];
    length_ = sizeof from_;
    const ssize_t got = ::recvfrom(socket_.get(), bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&from_), &length_);
    question_.assign(bytes, static_cast<size_t>(std::max<ssize_t>(got, 0)));
    return !question_.empty();
  }
  void answer(std::string bytes) {
    bytes.replace(0, 2, question_, 0, 2);
    REQUIRE(::sendto(socket_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from_), length_) > 0);
    question_.clear();
  }

 private:
  Fd socket_;
  sockaddr_in from_{};
  socklen_t length_ = 0;
  std::string question_;
};

ResolverOptions options_of(const HandServer& server) {
  ResolverOptions options;
  options.servers = {server.address()};
  options.ipv6 = false;
  options.timeout = Milliseconds{2'000};
  return options;
}

using Outcome = std::optional<Result<Resolver::Answer>>;

Task<void> resolve_into(Resolver& resolver, std::string name, Outcome& out) {
  auto answer = co_await resolver.resolve(name);
  out.emplace(std::move(answer));
}

std::string address_response(std::string_view name, std::string_view address, uint32_t ttl = 60) {
  DnsResponse response(name, kA);
  return response.record(name, kA, ttl, std::string(address)).bytes();
}

const std::string kOne("\x7f\0\0\1", 4), kTwo("\x7f\0\0\2", 4);

}  // namespace

TEST_CASE("all who want a name wait for one question, and one who leaves disturbs nobody") {
  EventLoop loop;
  HandServer server;
  Resolver resolver(loop, options_of(server), nullptr);
  Outcome outcomes[4];
  std::map<int, std::unique_ptr<Flow>> flows;
  for (int i = 0; i < 4; ++i) {
    flows[i] = std::make_unique<Flow>();
    flows[i]->start(resolve_into(resolver, i % 2 == 0 ? "a.test" : "A.TEST", outcomes[i]));
  }
  REQUIRE(turn_until(loop, [&] { return server.asked(); }));
  flows.erase(1);
  server.answer(address_response("a.test", kOne));
  REQUIRE(turn_until(loop, [&] { return outcomes[3].has_value(); }));
  REQUIRE_FALSE(server.asked());
  REQUIRE(outcomes[0].has_value());
  REQUIRE_FALSE(outcomes[1].has_value());
  REQUIRE(outcomes[2]->value()->addresses.front().text() == "127.0.0.1:0");
  REQUIRE(resolver.find("a.test") != nullptr);
  REQUIRE(resolver.resolve("a.test").ready());
}

TEST_CASE("one who is woken may ask again, and end others that wait") {
  EventLoop loop;
  HandServer server;
  Resolver resolver(loop, options_of(server), nullptr);
  struct Chain {
    Resolver& resolver;
    Flow victim;
    Outcome first, second, victims;
    Task<void> run() {
      auto answer = co_await resolver.resolve("a.test");
      first.emplace(std::move(answer));
      victim.cancel();
      auto next = co_await resolver.resolve("b.test");
      second.emplace(std::move(next));
    }
  } chain{resolver, {}, {}, {}, {}};
  Flow flow;
  flow.start(chain.run());
  chain.victim.start(resolve_into(resolver, "a.test", chain.victims));
  REQUIRE(turn_until(loop, [&] { return server.asked(); }));
  server.answer(address_response("a.test", kOne));
  REQUIRE(turn_until(loop, [&] { return server.asked(); }));
  server.answer(address_response("b.test", kTwo));
  REQUIRE(turn_until(loop, [&] { return chain.second.has_value(); }));
  REQUIRE(chain.first.has_value());
  REQUIRE_FALSE(chain.victims.has_value());
}

TEST_CASE("a resolver that is destroyed leaves nothing behind while questions are on their way") {
  EventLoop loop;
  HandServer server;
  auto resolver = std::make_unique<Resolver>(loop, options_of(server), nullptr);
  {
    Outcome outcome;
    Flow flow;
    flow.start(resolve_into(*resolver, "a.test", outcome));
    REQUIRE(turn_until(loop, [&] { return server.asked(); }));
  }
  resolver.reset();
  server.answer(address_response("a.test", kOne));
  for (int i = 0; i < 5; ++i) loop.run_once(false);
}

TEST_CASE("addresses, and names that cannot be, are answered at once") {
  EventLoop loop;
  HandServer server;
  Resolver resolver(loop, options_of(server), nullptr);
  for (const char* literal : {"127.0.0.1", "[::1]"}) {
    auto task = resolver.resolve(literal);
    REQUIRE(task.ready());
    REQUIRE(task.take().value()->addresses.size() == 1);
  }
  for (const char* bad : {"a..b", "a b", "*", ""}) {
    auto task = resolver.resolve(bad);
    REQUIRE(task.ready());
    REQUIRE(task.take().error().kind == ErrorKind::not_found);
  }
  REQUIRE_FALSE(server.asked());
}

TEST_CASE("without an answer the wait ends") {
  EventLoop loop;
  HandServer server;
  ResolverOptions options = options_of(server);
  options.timeout = Milliseconds{100};
  Resolver resolver(loop, options, nullptr);
  Outcome outcome;
  Flow flow;
  flow.start(resolve_into(resolver, "a.test", outcome));
  REQUIRE(turn_until(loop, [&] { return outcome.has_value(); }));
  REQUIRE(outcome->error().text == "a.test could not be resolved (110: Operation timed out)");
  REQUIRE(outcome->error().kind == ErrorKind::timeout);
}
