// Replacement: the text that `rewrite` makes of what its regular expression has found.
#pragma once

#include <string_view>
#include <vector>

#include <sluice/conf/tree.h>
#include <sluice/server/builder.h>
#include <sluice/server/variable.h>

namespace sluice {

class Replacement {
 public:
  // What becomes of the groups $1 to $9. They hold decoded bytes of the path: in a query or a Location they are encoded, so that
  // no "&" or "?" of a path is taken for more than it was. Other variables stand as they are.
  enum class Groups : uint8_t { as_they_are, encoded };

  static Result<Replacement> compile(ConfigBuilder& builder, const ConfigPlace& place, std::string_view text, Groups groups);
  // eval's text lives as long as the exchange.
  std::string_view eval(Exchange& exchange) const;

 private:
  struct Piece {
    ComplexValue text;
    const Variable* group = nullptr;  // or this
  };
  std::vector<Piece> pieces_;
  Groups groups_ = Groups::as_they_are;
};

}  // namespace sluice
