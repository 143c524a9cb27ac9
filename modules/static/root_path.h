// RootPath: `root` or `alias`: from a URI to a path in the file system.
#pragma once

#include <string>
#include <string_view>

#include <sluice/base/error.h>
#include <sluice/conf/directive.h>
#include <sluice/server/builder.h>
#include <sluice/server/exchange.h>
#include <sluice/server/variable.h>

namespace sluice {

// FilePath: a path in the exchange's arena, with a NUL behind it.
struct FilePath {
  std::string_view text;
  size_t root_bytes = 0;  // that much of it comes from `root` or `alias`
  int refusal = 0;        // the status to answer instead; the reason was logged. 0: the path is good

  const char* c_str() const { return text.data(); }
  std::string_view below_root() const { return text.substr(root_bytes); }
};

class RootPath {
 public:
  enum class Kind : uint8_t {
    root,         // the URI follows
    alias,        // what is left of the URI behind the location's name follows
    whole_alias,  // of a location with a pattern: nothing follows
  };

  // from_directive reads a `root` or `alias` line. Errors: nginx's.
  static Result<RootPath> from_directive(const DirectiveUse& use);
  // standard is nginx's default: "html" below the prefix.
  static RootPath standard(const ConfigBuilder& builder);

  Kind kind() const { return kind_; }
  // name is the location's, for an alias.
  const std::string& name() const { return name_; }

  // directory is the value of root or alias as an absolute path.
  std::string_view directory(Exchange& exchange) const;

  // path_of_uri is where the file of the exchange's URI lies. Refused: 500 when the URI does not begin with the name of an alias's
  // location (something rewrote it), and what join refuses.
  FilePath path_of_uri(Exchange& exchange) const;
  // join puts `rest` behind the directory. Refused: 403 when there is a ".." segment in `rest` or in what variables gave to the directory
  // (from its first variable on), 404 for a NUL.
  FilePath join(Exchange& exchange, std::string_view rest) const;

 private:
  RootPath(Kind kind, ComplexValue value, std::string prefix) : kind_(kind), value_(std::move(value)), prefix_(std::move(prefix)) {}

  // trusted_bytes: that much of the directory was written by the operator.
  size_t trusted_bytes(std::string_view directory) const;

  Kind kind_;
  ComplexValue value_;
  std::string prefix_;  // for a value with variables that turns out to be relative
  size_t literal_bytes_ = 0;  // of the value, in front of its first variable
  std::string name_;
};

}  // namespace sluice
