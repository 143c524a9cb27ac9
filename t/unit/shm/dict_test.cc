#include "dicts.h"

#include <algorithm>
#include <set>

#include "shm/shard.h"

using namespace sluice;
using namespace sluice::test;
using Store = Dict::Store;
using End = Dict::End;

TEST_CASE("values of every type come back with their flags") {
  TestZone zone(12288);
  auto dict = zone.open();
  at(1000);
  set(*dict, "s", text("value", 42));
  set(*dict, "n", number(-2.5));
  set(*dict, "t", boolean(true));
  set(*dict, "f", boolean(false));
  set(*dict, "e", text(""));
  DictValue value;
  REQUIRE(dict->get("s", value));
  CHECK(value.string == "value");
  CHECK(value.flags == 42);
  REQUIRE(dict->get("n", value));
  CHECK(value.number == -2.5);
  CHECK(get(*dict, "t") == "true");
  CHECK(get(*dict, "f") == "false");
  CHECK(get(*dict, "e").empty());
  CHECK(get(*dict, "x") == "nil");
  set(*dict, "s", number(1));
  CHECK(get(*dict, "s") == "1");
  set(*dict, "s", DictValue{});
  CHECK(get(*dict, "s") == "nil");
}

TEST_CASE("add and replace have OpenResty's answers") {
  TestZone zone(12288);
  auto dict = zone.open();
  at(1000);
  CHECK(dict->store(Store::replace, "k", text("a"), 0, false).error == std::string("not found"));
  CHECK(dict->store(Store::add, "k", text("a"), 50, false).error == nullptr);
  CHECK(dict->store(Store::add, "k", text("b"), 0, false).error == std::string("exists"));
  CHECK(dict->store(Store::replace, "k", text("c"), 50, false).error == nullptr);
  at(1050);
  CHECK(dict->store(Store::replace, "k", text("d"), 0, false).error == std::string("not found"));
  CHECK(dict->store(Store::add, "k", text("e"), 0, false).error == nullptr);
  CHECK(get(*dict, "k") == "e");
  CHECK(dict->store(Store::add, "k", DictValue{}, 0, false).error ==
        std::string("attempt to add or replace nil values"));
}

TEST_CASE("keys have 1 to 65535 bytes") {
  TestZone zone(1 << 20);
  auto dict = zone.open();
  CHECK(set(*dict, "", text("x")).error == std::string("empty key"));
  CHECK(set(*dict, std::string(65536, 'k'), text("x")).error == std::string("key too long"));
  CHECK(set(*dict, std::string(65535, 'k'), text("x")).error == nullptr);
  CHECK(get(*dict, std::string(65535, 'k')) == "x");
  CHECK(get(*dict, std::string(65536, 'k')) == "nil");
}

TEST_CASE("an entry expires, is readable as stale, and is flushed") {
  TestZone zone(12288);
  auto dict = zone.open();
  at(1000);
  set(*dict, "k", text("v"), 100);
  set(*dict, "forever", text("v"));
  CHECK(dict->ttl("k") == 100);
  CHECK(dict->ttl("forever") == 0);
  CHECK(dict->ttl("x") == std::nullopt);
  at(1099);
  CHECK(get(*dict, "k") == "v");
  CHECK(dict->ttl("k") == 1);
  at(1100);
  CHECK(get(*dict, "k") == "nil");
  CHECK(dict->ttl("k") == std::nullopt);
  CHECK_FALSE(dict->expire("k", 100));
  DictValue value;
  REQUIRE(dict->get_stale("k", value));
  CHECK(value.stale);
  CHECK(value.string == "v");
  REQUIRE(dict->get_stale("forever", value));
  CHECK_FALSE(value.stale);
  CHECK(dict->flush_expired(0) == 1);
  CHECK_FALSE(dict->get_stale("k", value));
  CHECK(dict->expire("forever", 5));
  CHECK(dict->ttl("forever") == 5);
  CHECK(dict->expire("forever", 0));
  CHECK(dict->ttl("forever") == 0);
}

TEST_CASE("flush_all expires everything and flush_expired frees up to its limit") {
  TestZone zone(12288);
  auto dict = zone.open();
  at(1000);
  size_t free = dict->free_space();
  for (int i = 0; i < 10; ++i) set(*dict, std::to_string(i), number(i));
  CHECK(dict->keys(0).size() == 10);
  CHECK(dict->keys(3).size() == 3);
  dict->flush_all();
  CHECK(dict->keys(0).empty());
  CHECK(dict->flush_expired(4) == 4);
  CHECK(dict->flush_expired(0) == 6);
  CHECK(dict->free_space() == free);
}

TEST_CASE("incr counts, begins with init, and has OpenResty's errors") {
  TestZone zone(12288);
  auto dict = zone.open();
  at(1000);
  CHECK(dict->incr("k", 1, std::nullopt, 0).error == std::string("not found"));
  CHECK(dict->incr("k", 2, 10, 100).value == 12);
  CHECK(dict->incr("k", 0.5, 10, 0).value == 12.5);
  CHECK(dict->ttl("k") == 100);
  at(1100);
  CHECK(dict->incr("k", 1, std::nullopt, 0).error == std::string("not found"));
  CHECK(dict->incr("k", 1, 0, 0).value == 1);
  CHECK(dict->ttl("k") == 0);
  set(*dict, "s", text("x"));
  CHECK(dict->incr("s", 1, 0, 0).error == std::string("not a number"));
}

TEST_CASE("a list is pushed and popped at both ends and vanishes when it is empty") {
  TestZone zone(12288);
  auto dict = zone.open();
  at(1000);
  size_t free = dict->free_space();
  std::string large(500, 'l');
  CHECK(dict->push(End::right, "l", text("b")).length == 1);
  CHECK(dict->push(End::left, "l", number(7)).length == 2);
  CHECK(dict->push(End::right, "l", text(large)).length == 3);
  CHECK(dict->list_length("l").length == 3);
  CHECK(get(*dict, "l") == "list");
  DictValue value;
  CHECK(dict->pop(End::left, "l", value) == nullptr);
  CHECK(value.number == 7);
  CHECK(dict->pop(End::right, "l", value) == nullptr);
  CHECK(value.string == large);
  CHECK(dict->pop(End::right, "l", value) == nullptr);
  CHECK(value.string == "b");
  CHECK(dict->pop(End::right, "l", value) == nullptr);
  CHECK(value.type == DictValue::Type::nil);
  CHECK(dict->list_length("l").length == 0);
  CHECK(get(*dict, "l") == "nil");
  CHECK(dict->free_space() == free);
  set(*dict, "s", text("x"));
  CHECK(dict->push(End::left, "s", text("y")).error == std::string("value not a list"));
  CHECK(dict->pop(End::left, "s", value) == std::string("value not a list"));
  CHECK(dict->list_length("s").error == std::string("value not a list"));
  CHECK(dict->push(End::left, "b", boolean(true)).error == std::string("bad value type"));
}

TEST_CASE("the smallest dictionary works and a smaller one is refused") {
  TestZone small(Dict::kMinBytes - 1), least(Dict::kMinBytes);
  auto refused = Dict::open(small.map());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().text == "invalid lua shared dict size");
  auto dict = least.open();
  CHECK(dict->capacity() == Dict::kMinBytes);
  CHECK(set(*dict, "k", text(std::string(6000, 'v'))).error == nullptr);
}

TEST_CASE("a small dictionary takes values up to what is free, and a larger one leaves the old value alone") {
  TestZone zone(12288);
  auto dict = zone.open();
  std::string most(dict->free_space() - 100, 'm');
  CHECK(most.size() > 10000);
  CHECK(set(*dict, "k", text(most)).error == nullptr);
  CHECK(get(*dict, "k") == most);
  auto result = set(*dict, "k", text(std::string(12288, 'x')));
  CHECK(result.error == std::string("no memory"));
  CHECK_FALSE(result.forcible);
  CHECK(get(*dict, "k") == most);
  std::string other(most.size() - 10, 'o');
  CHECK(set(*dict, "k", text(other)).error == nullptr);
  CHECK(get(*dict, "k") == other);
  CHECK(set(*dict, "k2", text(most)).forcible);
  CHECK(get(*dict, "k") == "nil");
}

TEST_CASE("a safe store never evicts and keeps the old value when there is no room") {
  TestZone zone(12288);
  auto dict = zone.open();
  at(1000);
  int stored = 0;
  while (dict->store(Store::set, concat("key", stored), text(std::string(100, 's')), 0, true).error ==
         nullptr)
    ++stored;
  CHECK(stored > 50);
  CHECK(dict->keys(0).size() == static_cast<size_t>(stored));
  CHECK(dict->store(Store::set, "key0", text(std::string(1000, 's')), 0, true).error ==
        std::string("no memory"));
  CHECK(get(*dict, "key0") == std::string(100, 's'));
  CHECK(dict->store(Store::set, "key0", text(std::string(110, 't')), 0, true).error == nullptr);
}

TEST_CASE("a full dictionary evicts the oldest, spares what was read, and says so") {
  TestZone zone(12288);
  auto dict = zone.open();
  at(1000);
  int stored = 0;
  for (;; ++stored) {
    if (set(*dict, concat("key", stored), text(std::string(100, 's'))).forcible) break;
    CHECK(get(*dict, "key0") != "nil");
  }
  CHECK(get(*dict, "key0") != "nil");
  CHECK(get(*dict, "key1") == "nil");
  CHECK(get(*dict, "key2") != "nil");
}

TEST_CASE("expired entries make room before any live one goes") {
  TestZone zone(12288);
  auto dict = zone.open();
  at(1000);
  set(*dict, "old", text("live"));
  for (int i = 0; dict->free_space() > 300; ++i)
    set(*dict, concat("key", i), text(std::string(100, 's')), 10 + static_cast<uint64_t>(i % 3));
  at(1020);
  for (int i = 0; i < 20; ++i)
    CHECK_FALSE(set(*dict, concat("new", i), text(std::string(100, 's'))).forcible);
  CHECK(get(*dict, "old") == "live");
}

TEST_CASE("memory is never too fragmented: what is free can be used") {
  TestZone zone(65536);
  auto dict = zone.open();
  for (int i = 0; dict->store(Store::set, concat("key", i), number(i), 0, true).error == nullptr; ++i) {
  }
  auto keys = dict->keys(0);
  for (size_t i = 0; i < keys.size(); i += 2) dict->remove(keys[i]);
  std::string large(dict->free_space() - 100, 'l');
  CHECK(dict->store(Store::set, "large", text(large), 0, true).error == nullptr);
  CHECK(get(*dict, "large") == large);
}

TEST_CASE("a list that outgrows the dictionary says so and loses nothing") {
  TestZone zone(12288);
  auto dict = zone.open();
  set(*dict, "other", text("x"));
  size_t length = 0;
  Dict::PushResult pushed;
  while ((pushed = dict->push(End::right, "l", text(std::string(40, 'i')))).error == nullptr)
    length = pushed.length;
  CHECK(pushed.error == std::string("no memory"));
  CHECK(dict->list_length("l").length == length);
  CHECK(length > 150);
}

TEST_CASE("a large dictionary has shards, all of which are used and listed") {
  TestZone zone(16 << 20);
  auto dict = zone.open();
  for (int i = 0; i < 20000; ++i) set(*dict, concat("key", i), number(i));
  auto keys = dict->keys(0);
  CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == 20000);
  CHECK(get(*zone.open(), "key19999") == "19999");
  for (int i = 0; i < 20000; i += 2) dict->remove(concat("key", i));
  CHECK(dict->keys(0).size() == 10000);
}

TEST_CASE("a random sequence agrees with a model and keeps the shard in order") {
  TestZone zone(32768);
  auto dict = zone.open();
  at(1000);
  auto mapped = zone.map();
  Shard checked(mapped->data() + 64, 32768 - 64);
  std::vector<std::string> model(40);
  uint64_t random = 88172645463325252ull;
  auto next = [&random](uint64_t n) {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    return random % n;
  };
  for (int i = 0; i < 20000; ++i) {
    size_t which = next(model.size());
    std::string key = concat("key", which);
    if (next(4) == 0) {
      dict->remove(key);
      model[which] = "nil";
    } else {
      model[which] = std::string(next(600), static_cast<char>('a' + next(26)));
      REQUIRE(set(*dict, key, text(model[which])).error == nullptr);
    }
    size_t other = next(model.size());
    if (!model[other].empty()) REQUIRE(get(*dict, concat("key", other)) == model[other]);
    model[other] = get(*dict, concat("key", other));
    if (i % 100 == 0) REQUIRE(checked.consistent());
  }
}
