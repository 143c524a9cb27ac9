// Excerpt: the source line that an error is about, with a caret, printed below nginx's own first line.
#pragma once

#include <string>
#include <string_view>

#include <sluice/conf/tree.h>

namespace sluice {

// The file name of places in the text of `-g`; place_suffix prints it without a line.
constexpr std::string_view kCommandLineFile = "command line";

// source_excerpt shows the line of the place's start with a caret below its column:
//
//     12 |   root "a""b";
//        |           ^
//
// `file_text` is the whole text of the place's file, a byte order mark included. Gives nothing when the place
// has no column. Long lines are cut, control characters replaced.
std::string source_excerpt(const ConfigPlace& place, std::string_view file_text);

}  // namespace sluice
