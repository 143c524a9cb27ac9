// `rewrite REGEX REPLACEMENT [last | break | redirect | permanent]`.
#pragma once

#include <sluice/conf/directive.h>

#include "rewrite_conf.h"

namespace sluice {

// add_rewrite's errors: `empty replacement`, `invalid parameter "x"`, those of regular expressions and variables.
Result<void> add_rewrite(DirectiveUse& use, RewriteConfSlot conf);

// unescape_redirect is what nginx does to the target of a redirect up to the first "?": %XX of printable characters above "%" become
// those characters, so that only what must be encoded is.
std::string_view unescape_redirect(std::string_view target, Arena& arena);

}  // namespace sluice
