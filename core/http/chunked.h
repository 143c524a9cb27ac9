// ChunkedDecoder: the chunked transfer coding (RFC 9112 section 7.1), read in place from pieces of any size.
//
// Strict: sizes of 1 to 16 hexadecimal digits below 2^63, CRLF only, well-formed extensions (read and forgotten, never passed
// on) of at most `extension_bytes` in a whole message, trailers under limits of their own.
//
//   size -> [extension] -> LF -> data -> CR -> LF -> size ...    and after size 0:   trailer lines -> empty line -> done
#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/base/arena.h>
#include <sluice/http/headers.h>

#include "http/head_result.h"

namespace sluice {

struct ChunkedLimits {
  uint32_t extension_bytes = 4096;  // of all chunks together
  uint32_t trailer_bytes = 8192;    // all trailer lines together
  uint32_t max_trailers = 32;
};

class ChunkedDecoder final {
 public:
  enum class Event : uint8_t {
    need_more,  // the input is used up
    data,       // `data` is body
    done,       // the message is complete; bytes after `consumed` belong to the next one
    refused,    // malformed or over a limit; the connection is of no more use
  };
  struct Step {
    Event event;
    size_t consumed;        // bytes of the input that are done with, those of `data` included
    std::string_view data;  // part of the input; never empty with Event::data
    HeadResult refusal;
  };

  // The arena holds trailer lines, if any come, and outlives the decoder. `trailers` receives them; null drops them after
  // they were checked.
  ChunkedDecoder(const ChunkedLimits& limits, Arena& arena, Headers* trailers = nullptr)
      : limits_(limits), arena_(&arena), trailers_(trailers) {}

  // next reads until something is to be told. Call it again with the input from `consumed` on until it says need_more, done
  // or refused; after done it keeps saying done. Trailers are added when done is told. Those that could change framing,
  // routing, authentication or caching are dropped (RFC 9110 section 6.5.1): every name of SLUICE_HEADER_TABLE but ETag.
  Step next(std::string_view in);

  bool done() const { return state_ == State::done; }

 private:
  enum class State : uint8_t {
    size_start, size, extension_start, extension_name, value_start, value_token, value_quoted, value_escape, value_end,
    size_lf, data, data_cr, data_lf, trailer_start, trailer_line, trailer_lf, final_lf, done,
  };

  HeadResult feed(char c);
  HeadResult feed_size(char c);
  HeadResult feed_extension(char c);
  HeadResult feed_trailer(char c);
  HeadResult after_size_byte(char c);
  HeadResult keep_trailer_byte(char c);
  HeadResult take_trailers();

  ChunkedLimits limits_;
  Arena* arena_;
  Headers* trailers_;
  uint64_t remaining_ = 0;       // of the size being read, then of the chunk's data
  uint32_t extension_bytes_ = 0;
  uint32_t trailer_size_ = 0;
  uint32_t trailer_capacity_ = 0;
  char* trailer_text_ = nullptr;  // all trailer lines, in the arena
  uint8_t size_digits_ = 0;
  State state_ = State::size_start;
};

// encode_chunk_header writes "1a2b\r\n" and returns its length. `size` 0 gives the last chunk's header "0\r\n".
size_t encode_chunk_header(uint64_t size, char out[20]);

}  // namespace sluice
