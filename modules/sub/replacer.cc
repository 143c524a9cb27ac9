#include "replacer.h"

#include <algorithm>

#include <sluice/base/strings.h>

namespace sluice {

Replacer::Replacer(std::vector<Text> texts, bool once, std::function<std::string_view(size_t)> replacement)
    : texts_(std::move(texts)), once_(once), replacement_(std::move(replacement)) {
  list_first_bytes();
}

void Replacer::list_first_bytes() {
  std::fill(std::begin(begins_), std::end(begins_), false);
  for (const Text& text : texts_) {
    if (text.used) continue;
    const char low = text.wanted[0];
    begins_[static_cast<unsigned char>(low)] = true;
    if (low >= 'a' && low <= 'z') begins_[static_cast<unsigned char>(low - 'a' + 'A')] = true;
  }
}

size_t Replacer::next_candidate(std::string_view text, size_t from) const {
  while (from < text.size() && !begins_[static_cast<unsigned char>(text[from])]) ++from;
  return from;
}

// look says what begins where `rest` begins.
Replacer::Found Replacer::look(std::string_view rest, bool last, size_t& which) const {
  for (size_t i = 0; i < texts_.size(); ++i) {
    const std::string_view wanted = texts_[i].wanted;
    if (texts_[i].used) continue;
    if (rest.size() >= wanted.size()) {
      which = i;
      if (iequals(rest.substr(0, wanted.size()), wanted)) return Found::match;
    } else if (!last && iequals(rest, wanted.substr(0, rest.size()))) {
      return Found::undecided;
    }
  }
  return Found::none;
}

Replacer::Step Replacer::step(std::string_view input, bool last) {
  // The caller's bytes are looked at where they are, unless some were kept before them.
  bool borrowed = rest_.empty();
  if (borrowed) {
    rest_ = input;
  } else if (!input.empty()) {
    std::string joined;
    joined.reserve(rest_.size() + input.size());
    joined.append(rest_).append(input);
    input_ = std::move(joined);
    rest_ = input_;
  }
  output_.clear();
  Step step;
  size_t plain = 0;  // what stands before `at` and is not in output_ yet begins here
  size_t at = 0;
  for (;;) {
    at = next_candidate(rest_, at);
    if (at == rest_.size()) break;
    size_t which = 0;
    const Found found = look(rest_.substr(at), last, which);
    if (found == Found::undecided) break;
    if (found == Found::none) {
      ++at;
      continue;
    }
    output_.append(rest_.substr(plain, at - plain)).append(replacement_(which));
    at += texts_[which].wanted.size();
    plain = at;
    if (once_) {
      texts_[which].used = true;
      list_first_bytes();
    }
    if (output_.size() >= kOutputBytes) {
      step.more = true;
      break;
    }
  }
  const std::string_view before = rest_.substr(plain, at - plain);
  if (output_.empty() && !before.empty() && borrowed) {
    step.output = before;
  } else {
    output_.append(before);
    step.output = output_;
  }
  const std::string_view left = rest_.substr(at);
  if (left.empty()) {
    rest_ = {};
    step.more = false;
  } else if (borrowed) {
    input_.assign(left);
    rest_ = input_;
  } else {
    rest_ = left;
  }
  return step;
}

}  // namespace sluice
