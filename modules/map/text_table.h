// TextTable: from a text to a number, built once and then only read. Open addressing over one block of text: a hundred thousand entries
// are a few large allocations, not a hundred thousand small ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

class TextTable {
 public:
  // add puts the text in; false when it is there already.
  bool add(std::string_view text, uint32_t value);
  std::optional<uint32_t> find(std::string_view text) const;

  bool empty() const { return entries_.empty(); }
  size_t longest() const { return longest_; }

 private:
  struct Entry {
    uint64_t hash;
    uint64_t at;  // in text_
    uint32_t size;
    uint32_t value;
  };
  static constexpr uint32_t kFree = UINT32_MAX;

  // place is the slot of the text, or the free one where it would go.
  size_t place(std::string_view text, uint64_t hash) const;
  void grow();

  std::string text_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // indices into entries_; a power of two of them, at most half used
  size_t longest_ = 0;
};

}  // namespace sluice
