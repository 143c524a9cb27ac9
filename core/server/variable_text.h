// Small renderings that several variables share; results live in the exchange's arena.
#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/http/headers.h>
#include <sluice/server/exchange.h>
#include <sluice/server/variable.h>

namespace sluice {

std::string_view decimal(Exchange& exchange, uint64_t number);

// seconds_text renders milliseconds as nginx does: "1.042".
std::string_view seconds_text(Exchange& exchange, uint64_t milliseconds);

// joined_headers gives all values of the field that a variable of a family names (`variable.number`: its id; `suffix`: its name
// with '_' for '-'), joined by the separator; not found when there is none.
VariableValue joined_headers(Exchange& exchange, const Headers& headers, const Variable& variable, std::string_view separator);

}  // namespace sluice
