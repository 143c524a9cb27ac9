#include "deflater.h"

#include <algorithm>

namespace sluice {

namespace {

constexpr int kGzipFormat = 16;  // added to the window's bits: a gzip head and end around the data

Bytef* bytes(const char* text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text)); }

void set_input(z_stream& stream, std::string_view input) {
  if (input.empty()) return;  // go on with what is kept
  stream.next_in = bytes(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
}

// keep copies what is left of the input, which is the caller's, unless it lies in `kept` already.
void keep(z_stream& stream, std::string_view input, std::string& kept) {
  if (input.empty()) return;
  kept.assign(reinterpret_cast<const char*>(stream.next_in), stream.avail_in);
  stream.next_in = bytes(kept.data());
}

int flush_of(Deflater::Flush flush) {
  switch (flush) {
    case Deflater::Flush::none: return Z_NO_FLUSH;
    case Deflater::Flush::sync: return Z_SYNC_FLUSH;
    case Deflater::Flush::finish: return Z_FINISH;
  }
  return Z_NO_FLUSH;
}

}  // namespace

std::unique_ptr<Deflater> Deflater::make(int level, std::optional<uint64_t> length) {
  std::unique_ptr<Deflater> made(new Deflater());
  made->level_ = level;
  int memory_level = MAX_MEM_LEVEL - 1;
  // zlib's window holds 262 bytes less than its size.
  constexpr uint64_t kReserve = 262;
  constexpr int kLeastBits = 9;
  while (length && made->window_bits_ > kLeastBits && *length + kReserve < uint64_t{1} << (made->window_bits_ - 1)) {
    --made->window_bits_;
    memory_level = std::max(1, memory_level - 1);
  }
  const int rc = deflateInit2(&made->stream_, level, Z_DEFLATED, made->window_bits_ + kGzipFormat, memory_level, Z_DEFAULT_STRATEGY);
  return rc == Z_OK ? std::move(made) : nullptr;
}

Deflater::~Deflater() { deflateEnd(&stream_); }

void Deflater::reset() {
  deflateReset(&stream_);
  stream_.avail_in = 0;
  kept_ = {};
}

ZlibStep Deflater::step(std::string_view input, Flush flush) {
  set_input(stream_, input);
  stream_.next_out = bytes(buffer_);
  stream_.avail_out = kZlibBufferBytes;
  const int rc = deflate(&stream_, flush_of(flush));
  ZlibStep step;
  // Z_BUF_ERROR: there was nothing to do.
  step.failed = rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR;
  step.output = {buffer_, kZlibBufferBytes - stream_.avail_out};
  step.more = stream_.avail_in > 0 || (flush == Flush::finish && rc != Z_STREAM_END) || (flush == Flush::sync && stream_.avail_out == 0);
  if (step.more) keep(stream_, input, kept_);
  return step;
}

std::unique_ptr<Inflater> Inflater::make() {
  std::unique_ptr<Inflater> made(new Inflater());
  return inflateInit2(&made->stream_, MAX_WBITS + kGzipFormat) == Z_OK ? std::move(made) : nullptr;
}

Inflater::~Inflater() { inflateEnd(&stream_); }

ZlibStep Inflater::step(std::string_view input) {
  set_input(stream_, input);
  stream_.next_out = bytes(buffer_);
  stream_.avail_out = kZlibBufferBytes;
  ZlibStep step;
  int rc = Z_OK;
  while (stream_.avail_out > 0 && (stream_.avail_in > 0 || !at_end_)) {
    if (at_end_) inflateReset(&stream_);
    at_end_ = false;
    rc = inflate(&stream_, Z_NO_FLUSH);
    at_end_ = rc == Z_STREAM_END;
    if (rc != Z_OK && rc != Z_STREAM_END) break;
  }
  step.failed = rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR;
  step.output = {buffer_, kZlibBufferBytes - stream_.avail_out};
  step.more = !step.failed && stream_.avail_out == 0;
  if (step.more) keep(stream_, input, kept_);
  return step;
}

std::unique_ptr<Deflater> DeflaterPool::take(int level, std::optional<uint64_t> length) {
  constexpr uint64_t kSmall = 16 * 1024;  // a window of its own size is cheaper than a whole one made as new
  if (!length || *length >= kSmall) {
    for (auto& idle : idle_) {
      if (idle->level() != level) continue;
      std::swap(idle, idle_.back());
      auto taken = std::move(idle_.back());
      idle_.pop_back();
      taken->reset();
      return taken;
    }
    length.reset();
  }
  return Deflater::make(level, length);
}

void DeflaterPool::give_back(std::unique_ptr<Deflater> deflater) {
  if (deflater->has_full_window() && idle_.size() < kMostIdle) idle_.push_back(std::move(deflater));
}

}  // namespace sluice
