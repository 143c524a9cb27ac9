// redirect_answer: a redirect that `return` or `rewrite` ends a request with.
#pragma once

#include <string_view>

#include <sluice/server/exchange.h>

namespace sluice {

// redirect_answer sets Location, completed as absolute_redirect says; a target that would break the head is a 500.
Outcome redirect_answer(Exchange& exchange, int status, std::string_view target);

// is_url: the text of `return` or `rewrite` asks for a redirect by itself.
bool is_url(std::string_view text);

}  // namespace sluice
