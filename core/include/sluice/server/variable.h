// Variables: `$name` in the configuration and ngx.var.name in Lua. A name is resolved once, while the configuration is built,
// to a Variable; reading it later is one indirect call, without a lookup by name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/api.h>
#include <sluice/base/error.h>

namespace sluice {

class Exchange;
class Variable;

// A value is text that lives as long as the exchange (or longer); `found` false means "not there" ("-" in a log, nil in Lua,
// empty in a text).
struct VariableValue {
  std::string_view text;
  bool found = false;

  VariableValue() = default;
  VariableValue(std::string_view t) : text(t), found(true) {}
};

// VariableRow declares a variable, or with a name ending in '_' a family (`http_`, `arg_`): then Variable::suffix holds the rest.
struct VariableRow {
  std::string_view name;
  VariableValue (*get)(Exchange& exchange, const Variable& variable) = nullptr;
  // Null: `variable "x" not changeable`. The text lives as long as the exchange.
  void (*set)(Exchange& exchange, const Variable& variable, std::string_view value) = nullptr;
  std::string_view help;
};

// One resolved name. Owned by the generation; its address is stable.
class Variable {
 public:
  Variable(const VariableRow& row, std::string name, std::string suffix) : row_(row), name_(std::move(name)), suffix_(std::move(suffix)) {}
  VariableValue get(Exchange& exchange) const { return row_.get(exchange, *this); }
  bool settable() const { return row_.set != nullptr; }
  void set(Exchange& exchange, std::string_view value) const { row_.set(exchange, *this, value); }
  const std::string& name() const { return name_; }
  const std::string& suffix() const { return suffix_; }  // of a family: lower case, as written
  uint32_t slot = 0;    // of a `set` variable: its index in the exchange
  uint32_t number = 0;  // for the row's own use (a header id, a capture's number)
  const void* data = nullptr;  // of a computed variable: what it is computed from

 private:
  friend class VariableTable;  // may bind the row late, while building
  VariableRow row_;
  std::string name_;
  std::string suffix_;
};

// ComplexValue: text with variables, compiled: "http://$host:$port/". Copyable, cheap when constant.
class SLUICE_API ComplexValue {
 public:
  ComplexValue() = default;
  explicit ComplexValue(std::string constant) : constant_(std::move(constant)) {}

  // eval renders the value; the text lives in the exchange's arena or in this object.
  std::string_view eval(Exchange& exchange) const {
    if (parts_.empty()) return constant_;
    return eval_parts(exchange);
  }
  bool is_constant() const { return parts_.empty(); }
  const std::string& constant() const { return constant_; }
  bool empty() const { return parts_.empty() && constant_.empty(); }

 private:
  friend class ValueCompiler;
  struct Part {
    const Variable* variable = nullptr;  // or literal text
    std::string literal;
  };
  std::string_view eval_parts(Exchange& exchange) const;

  std::string constant_;
  std::vector<Part> parts_;
};

}  // namespace sluice
