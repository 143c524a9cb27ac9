// ValueList: the values of a map, each kept once however many keys have it.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/conf/tree.h>
#include <sluice/server/builder.h>
#include <sluice/server/variable.h>

namespace sluice {

class ValueList {
 public:
  // add gives the number of the value. Errors: the compiler's, for a text with variables.
  Result<uint32_t> add(ConfigBuilder& builder, const ConfigPlace& place, const std::string& text);

  // close ends the adding: what only that needs is given back.
  void close();

  const ComplexValue& operator[](uint32_t number) const { return values_[number]; }
  size_t size() const { return values_.size(); }

 private:
  std::vector<ComplexValue> values_;
  std::unordered_map<std::string, uint32_t> numbers_;
};

inline Result<uint32_t> ValueList::add(ConfigBuilder& builder, const ConfigPlace& place, const std::string& text) {
  auto known = numbers_.find(text);
  if (known != numbers_.end()) return known->second;
  TRY_ASSIGN(ComplexValue value, builder.compile(place, text));
  const auto number = static_cast<uint32_t>(values_.size());
  values_.push_back(std::move(value));
  numbers_.emplace(text, number);
  return number;
}

inline void ValueList::close() {
  numbers_ = {};
  values_.shrink_to_fit();
}

}  // namespace sluice
