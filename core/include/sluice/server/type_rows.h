// Rows of directives that name media types: gzip_types, sub_filter_types.
#pragma once

#include <sluice/conf/directive.h>
#include <sluice/http/media_types.h>
#include <sluice/server/builder.h>

namespace sluice::rows {

// media_types stores into a member of type MediaTypes; the first directive of a block drops what was inherited.
template <auto Member>
constexpr Directive media_types(std::string_view name, uint32_t contexts, std::string_view help) {
  constexpr auto store = [](DirectiveUse& use) -> Result<void> {
    auto& types = use.conf_as<typename MemberOf<Member>::Conf>().*Member;
    if (use.first_in_block) types = MediaTypes();
    for (const std::string& type : use.node.args) {
      if (!types.add(type)) use.block.builder().warn(use.node.place, concat("duplicate MIME type \"", type, '"'));
    }
    return {};
  };
  return {name, contexts, 1, -1, BlockShape::none, Repeat::any, store, nullptr, "text/html", help};
}

}  // namespace sluice::rows
