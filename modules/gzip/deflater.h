// Deflater and Inflater: zlib's streams, one buffer of output each. What transforms bytes, without an exchange around it.
//
// A step takes what it can of the input and gives what fits into the buffer; one that has more to give is called again without input.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

inline constexpr size_t kZlibBufferBytes = 32 * 1024;

struct ZlibStep {
  std::string_view output;  // valid until the next step
  bool more = false;        // call again, with no input and the same flush: what was left of the input is kept
  bool failed = false;      // the input is not what it should be
};

class Deflater {
 public:
  enum class Flush : uint8_t { none, sync, finish };

  // `length` of the whole input, if it is known, makes a small window do for a small body.
  static std::unique_ptr<Deflater> make(int level, std::optional<uint64_t> length);
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  ZlibStep step(std::string_view input, Flush flush);
  // reset makes it as new.
  void reset();
  int level() const { return level_; }
  bool has_full_window() const { return window_bits_ == MAX_WBITS; }

 private:
  Deflater() = default;
  z_stream stream_{};
  int level_ = 1;
  int window_bits_ = MAX_WBITS;
  std::string kept_;
  char buffer_[kZlibBufferBytes];
};

// Inflater reads one gzip member or several, one behind the other.
class Inflater {
 public:
  static std::unique_ptr<Inflater> make();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  ZlibStep step(std::string_view input);
  // complete: what was read so far ends with a member, or is nothing at all.
  bool complete() const { return at_end_; }

 private:
  Inflater() = default;
  z_stream stream_{};
  bool at_end_ = true;
  std::string kept_;
  char buffer_[kZlibBufferBytes];
};

// DeflaterPool keeps a few idle ones of a worker: what one needs is a quarter of a megabyte, which malloc would fetch from the system
// and give back each time.
class DeflaterPool {
 public:
  std::unique_ptr<Deflater> take(int level, std::optional<uint64_t> length);
  void give_back(std::unique_ptr<Deflater> deflater);

 private:
  static constexpr size_t kMostIdle = 4;
  std::vector<std::unique_ptr<Deflater>> idle_;
};

}  // namespace sluice
