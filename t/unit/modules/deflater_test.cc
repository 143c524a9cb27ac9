#include "deflater.h"

#include <catch2/catch.hpp>

#include <random>

namespace sluice {

namespace {

std::string random_text(size_t size, int letters) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::string text;
  for (size_t i = 0; i < size; ++i) text += static_cast<char>(random() % static_cast<unsigned>(letters));
  return text;
}

std::string deflate_all(Deflater& deflater, std::string_view text, size_t piece, bool flush) {
  std::string out;
  for (size_t at = 0;; at += piece) {
    const bool last = at + piece >= text.size();
    const auto mode = last ? Deflater::Flush::finish : flush ? Deflater::Flush::sync : Deflater::Flush::none;
    const std::string copy(text.substr(std::min(at, text.size()), piece));
    auto step = deflater.step(copy, mode);
    out += step.output;
    while (step.more) {
      step = deflater.step({}, mode);
      out += step.output;
    }
    REQUIRE_FALSE(step.failed);
    if (last) return out;
  }
}

std::string inflate_all(Inflater& inflater, std::string_view packed, size_t piece, bool& failed) {
  std::string out;
  for (size_t at = 0; at < packed.size() && !failed; at += piece) {
    const std::string copy(packed.substr(at, piece));
    auto step = inflater.step(copy);
    out += step.output;
    while (step.more) {
      step = inflater.step({});
      CHECK(step.output.size() <= kZlibBufferBytes);
      out += step.output;
    }
    failed = step.failed;
  }
  return out;
}

std::string there_and_back(std::string_view text, size_t piece, bool flush, std::optional<uint64_t> length) {
  auto deflater = Deflater::make(1, length);
  auto inflater = Inflater::make();
  bool failed = false;
  const std::string packed = deflate_all(*deflater, text, piece, flush);
  std::string out = inflate_all(*inflater, packed, piece, failed);
  CHECK_FALSE(failed);
  CHECK(inflater->complete());
  return out;
}

}  // namespace

TEST_CASE("what was compressed comes back, whatever the pieces") {
  for (size_t size : {0u, 1u, 100u, 40'000u, 300'000u}) {
    for (int letters : {1, 4, 256}) {
      const std::string text = random_text(size, letters);
      CHECK(there_and_back(text, 1'000'000, false, size) == text);
      CHECK(there_and_back(text, 1'000, false, std::nullopt) == text);
      CHECK(there_and_back(text, 1'000, true, std::nullopt) == text);
    }
  }
}

TEST_CASE("what was flushed can be read before the end") {
  auto deflater = Deflater::make(6, std::nullopt);
  auto inflater = Inflater::make();
  for (int i = 0; i < 3; ++i) {
    const auto packed = deflater->step("data: 1\n\n", Deflater::Flush::sync);
    CHECK_FALSE(packed.more);
    CHECK(inflater->step(packed.output).output == "data: 1\n\n");
  }
  CHECK_FALSE(inflater->complete());
}

TEST_CASE("several members are one text") {
  auto first = Deflater::make(1, std::nullopt);
  auto second = Deflater::make(1, std::nullopt);
  const std::string packed = deflate_all(*first, "one", 10, false) + deflate_all(*second, "two", 10, false);
  for (size_t piece : {1u, 5u, 1000u}) {
    auto inflater = Inflater::make();
    bool failed = false;
    CHECK(inflate_all(*inflater, packed, piece, failed) == "onetwo");
    CHECK_FALSE(failed);
    CHECK(inflater->complete());
  }
}

TEST_CASE("what is no gzip fails") {
  auto inflater = Inflater::make();
  CHECK(inflater->step("hello, this is plain text").failed);
}

TEST_CASE("a pool's deflater is as good as new") {
  DeflaterPool pool;
  auto used = pool.take(1, std::nullopt);
  used->step("never finished", Deflater::Flush::none);
  Deflater* const same = used.get();
  pool.give_back(std::move(used));
  auto again = pool.take(1, std::nullopt);
  CHECK(again.get() == same);
  auto inflater = Inflater::make();
  bool failed = false;
  CHECK(inflate_all(*inflater, deflate_all(*again, "hello", 10, false), 100, failed) == "hello");
  CHECK(pool.take(2, std::nullopt)->level() == 2);
}

}  // namespace sluice
