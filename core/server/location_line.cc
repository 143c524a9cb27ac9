#include "server/location_line.h"

#include <sluice/base/strings.h>

namespace sluice {

namespace {

using Match = Location::Match;

struct Modifier {
  std::string_view text;
  Match match;
};
// Longer ones first: "~*" before "~".
constexpr Modifier kModifiers[] = {
    {"=", Match::exact}, {"^~", Match::prefix_no_regex}, {"~*", Match::regex_icase}, {"~", Match::regex}};

struct Written {
  Match match = Match::prefix;
  std::string_view text;  // path, pattern or "@name"
};

Result<Written> with_modifier(const DirectiveUse& use) {
  for (const Modifier& modifier : kModifiers) {
    if (use.arg(0) == modifier.text) return Written{modifier.match, use.arg(1)};
  }
  return use.error(concat("invalid location modifier \"", use.arg(0), '"'));
}

// One argument: the modifier may be glued to the path.
Written glued(std::string_view text) {
  if (text.starts_with('@')) return {Match::named, text};
  for (const Modifier& modifier : kModifiers) {
    if (text.starts_with(modifier.text)) return {modifier.match, text.substr(modifier.text.size())};
  }
  return {Match::prefix, text};
}

bool is_pattern(Match match) {
  return match == Match::regex || match == Match::regex_icase;
}

std::string display_name(const Written& written) {
  switch (written.match) {
    case Match::exact: return concat("= ", written.text);
    case Match::prefix_no_regex: return concat("^~ ", written.text);
    case Match::regex: return concat("~ ", written.text);
    case Match::regex_icase: return concat("~* ", written.text);
    default: return std::string(written.text);
  }
}

Result<void> check_nesting(const DirectiveUse& use, const Written& written, const PlaceDraft& parent) {
  if (parent.node == nullptr) return {};
  const std::string& outer = parent.node->text;
  Match outer_match = parent.node->location.match;
  if (outer_match == Match::exact) {
    return use.error(concat("location \"", written.text, "\" cannot be inside the exact location \"", outer, '"'));
  }
  if (outer_match == Match::named) {
    return use.error(concat("location \"", written.text, "\" cannot be inside the named location \"", outer, '"'));
  }
  if (written.match == Match::named) {
    return use.error(concat("named location \"", written.text, "\" can be on the server level only"));
  }
  bool outside = !is_pattern(written.match) && !is_pattern(outer_match) && !written.text.starts_with(outer);
  if (outside) return use.error(concat("location \"", written.text, "\" is outside location \"", outer, '"'));
  return {};
}

}  // namespace

Result<std::unique_ptr<LocationNode>> parse_location(const DirectiveUse& use, const PlaceDraft& parent) {
  Written written = glued(use.arg(0));
  if (use.count() == 2) {
    TRY_ASSIGN(written, with_modifier(use));
  }
  TRY(check_nesting(use, written, parent));
  auto node = std::make_unique<LocationNode>();
  node->text = written.text;
  node->location.match = written.match;
  node->location.name = display_name(written);
  if (is_pattern(written.match)) {
    auto letters = written.match == Match::regex_icase ? Regex::Case::ignored : Regex::Case::sensitive;
    TRY_ASSIGN(NamedRegex regex, NamedRegex::compile(use.block.builder(), use.node.place, written.text, letters));
    node->regex = std::make_unique<const NamedRegex>(std::move(regex));
  }
  return node;
}

Result<void> add_location(const DirectiveUse& use, const PlaceDraft& parent, std::unique_ptr<LocationNode> node) {
  std::string text = node->text;
  bool added = node->location.match == Match::named
                   ? parent.server->locations->impl->named.try_emplace(text, std::move(node)).second
                   : parent.level->add(std::move(node));
  if (!added) return use.error(concat("duplicate location \"", text, '"'));
  return {};
}

}  // namespace sluice
