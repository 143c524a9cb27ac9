// A tool's command line: arguments in order, "--name VALUE" (repeatable) and "--flag". What it can't use ends the program.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string_view>
#include <vector>

namespace sluice::bench {

class Options {
 public:
  // COUNT arguments, the options VALUED and FLAGS; anything else prints USAGE and ends the program. All texts live as
  // long as the program.
  Options(int argc, char** argv, const char* usage, size_t count, std::initializer_list<std::string_view> valued,
          std::initializer_list<std::string_view> flags = {});

  const char* argument(size_t index) const { return arguments_[index]; }
  uint16_t port() const;  // the first argument

  bool has(std::string_view name) const { return values_.count(name) != 0; }

  // text, number, seconds_ns: the last value of option NAME, which must be given.
  const char* text(std::string_view name) const;
  uint32_t number(std::string_view name, uint32_t maximum) const;
  uint64_t seconds_ns(std::string_view name) const;  // decimals are welcome

  // all: every value of option NAME in order.
  std::vector<const char*> all(std::string_view name) const;

 private:
  [[noreturn]] void refuse(std::string_view why) const;

  const char* usage_;
  std::vector<const char*> arguments_;
  std::map<std::string_view, std::vector<const char*>> values_;
};

}  // namespace sluice::bench
