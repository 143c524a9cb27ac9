#include "replacement.h"

#include <sluice/http/uri.h>
#include <sluice/server/exchange.h>

namespace sluice {

namespace {

// find_group gives the position of the next "$1" to "$9", or npos.
size_t find_group(std::string_view text) {
  for (size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
    if (at + 1 < text.size() && text[at + 1] >= '1' && text[at + 1] <= '9') return at;
  }
  return std::string_view::npos;
}

}  // namespace

Result<Replacement> Replacement::compile(ConfigBuilder& builder, const ConfigPlace& place, std::string_view text, Groups groups) {
  Replacement replacement;
  replacement.groups_ = groups;
  while (!text.empty()) {
    const size_t group = find_group(text);
    Piece piece;
    if (group == 0) {
      TRY_ASSIGN(piece.group, builder.variable(place, text.substr(1, 1)));
      text.remove_prefix(2);
    } else {
      TRY_ASSIGN(piece.text, builder.compile(place, text.substr(0, group)));
      text.remove_prefix(std::min(group, text.size()));
    }
    replacement.pieces_.push_back(std::move(piece));
  }
  return replacement;
}

std::string_view Replacement::eval(Exchange& exchange) const {
  std::string_view whole;
  for (const Piece& piece : pieces_) {
    std::string_view text = piece.group != nullptr ? piece.group->get(exchange).text : piece.text.eval(exchange);
    if (piece.group != nullptr && groups_ == Groups::encoded) text = escape_uri(text, EscapeKind::args, exchange.arena());
    whole = whole.empty() ? text : exchange.arena().concat(whole, text);
  }
  return whole;
}

}  // namespace sluice
