#include "root_path.h"

#include <algorithm>
#include <cstring>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

// climbs: `path` has a ".." segment that begins at `from` or later.
bool climbs(std::string_view path, size_t from) {
  for (size_t at = path.find("..", from); at != std::string_view::npos; at = path.find("..", at + 1)) {
    const bool starts = at == 0 || path[at - 1] == '/';
    const bool ends = at + 2 == path.size() || path[at + 2] == '/';
    if (starts && ends) return true;
  }
  return false;
}

Result<void> check_variables(const DirectiveUse& use) {
  for (std::string_view name : {"document_root", "realpath_root"}) {
    const bool named = use.arg(0).find(concat('$', name)) != std::string_view::npos ||
                       use.arg(0).find(concat("${", name, '}')) != std::string_view::npos;
    if (named) return use.error(concat("the $", name, " variable cannot be used in the \"", use.row.name, "\" directive"));
  }
  return {};
}

std::string without_modifier(const Location& location) {
  const size_t blank = location.match == Location::Match::prefix ? std::string::npos : location.name.find(' ');
  return blank == std::string::npos ? location.name : location.name.substr(blank + 1);
}

}  // namespace

Result<RootPath> RootPath::from_directive(const DirectiveUse& use) {
  TRY(check_variables(use));
  const ConfigBuilder& builder = use.block.builder();
  std::string text(use.arg(0));
  Kind kind = Kind::root;
  std::string name;
  if (use.row.name == "alias") {
    const Location& location = *use.block.location();
    if (location.match == Location::Match::named) {
      return use.error("the \"alias\" directive cannot be used inside the named location");
    }
    const bool pattern = location.match == Location::Match::regex || location.match == Location::Match::regex_icase;
    kind = pattern ? Kind::whole_alias : Kind::alias;
    name = without_modifier(location);
  } else if (text.ends_with('/')) {
    text.pop_back();
  }
  // `root /` is left empty: the URI begins with the slash.
  const bool whole_system = kind == Kind::root && use.arg(0) == "/";
  if (!whole_system && !text.starts_with('$')) text = builder.full_path(text);
  TRY_ASSIGN(ComplexValue value, use.block.builder().compile(use.node.place, text));
  RootPath root(kind, std::move(value), builder.prefix());
  root.literal_bytes_ = std::min(text.find('$'), text.size());
  root.name_ = std::move(name);
  return root;
}

RootPath RootPath::standard(const ConfigBuilder& builder) {
  return RootPath(Kind::root, ComplexValue(builder.full_path("html")), builder.prefix());
}

std::string_view RootPath::directory(Exchange& exchange) const {
  std::string_view text = value_.eval(exchange);
  if (value_.is_constant() || text.starts_with('/')) return text;
  return exchange.arena().concat(prefix_, text);
}

size_t RootPath::trusted_bytes(std::string_view directory) const {
  if (value_.is_constant()) return directory.size();
  return literal_bytes_ > 0 || !directory.starts_with(prefix_) ? literal_bytes_ : prefix_.size();
}

FilePath RootPath::path_of_uri(Exchange& exchange) const {
  const std::string_view uri = exchange.uri();
  switch (kind_) {
    case Kind::root: return join(exchange, uri);
    case Kind::whole_alias: return join(exchange, {});
    case Kind::alias: break;
  }
  if (uri.starts_with(name_)) return join(exchange, uri.substr(name_.size()));
  exchange.log_at(LogLevel::alert, "\"alias\" cannot be used in location \"", name_, "\" where URI was rewritten");
  return {{}, 0, 500};
}

FilePath RootPath::join(Exchange& exchange, std::string_view rest) const {
  const std::string_view base = directory(exchange);
  const size_t size = base.size() + rest.size();
  char* out = exchange.arena().allocate_chars(size + 1);
  base.copy(out, base.size());
  rest.copy(out + base.size(), rest.size());
  out[size] = '\0';
  FilePath path{{out, size}, base.size(), 0};
  // The end of what is trusted counts: "/b/." and "./x" make "..".
  const size_t trusted = trusted_bytes(base);
  if (climbs(path.text, trusted == 0 ? 0 : trusted - 1)) {
    exchange.log_at(LogLevel::error, '"', path.text, "\" leaves its root by \"..\"");
    path.refusal = 403;
  } else if (std::memchr(out, '\0', size) != nullptr) {
    exchange.log_at(LogLevel::error, "a file name with a NUL was refused");
    path.refusal = 404;
  }
  return path;
}

}  // namespace sluice
