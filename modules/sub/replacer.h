// Replacer: replaces texts in a stream that comes in pieces. What transforms bytes, without an exchange around it.
//
// Texts are found in any case. Where several could begin, the one named first wins; where one may have begun and the piece ends, what
// may be its beginning is kept until the next piece decides: never more than the longest text, and nothing that could not be one.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

class Replacer {
 public:
  static constexpr size_t kOutputBytes = 32 * 1024;

  struct Text {
    std::string_view wanted;  // lower case, not empty
    bool used = false;
  };
  struct Step {
    std::string_view output;  // valid until the next step, or as long as the input
    bool more = false;        // call again, without input and with the same `last`: what was left of the input is kept
  };

  // `replacement` gives the text to put in place of the i-th; it is asked at every match. With `once` each text is replaced once.
  Replacer(std::vector<Text> texts, bool once, std::function<std::string_view(size_t)> replacement);

  Step step(std::string_view input, bool last);

 private:
  enum class Found : uint8_t { none, match, undecided };

  Found look(std::string_view rest, bool last, size_t& which) const;
  size_t next_candidate(std::string_view text, size_t from) const;
  void list_first_bytes();

  std::vector<Text> texts_;
  bool once_;
  std::function<std::string_view(size_t)> replacement_;
  bool begins_[256] = {};  // which bytes a text may begin with
  std::string input_;      // kept: what `rest_` views, unless it is the caller's
  std::string_view rest_;
  std::string output_;
};

}  // namespace sluice
