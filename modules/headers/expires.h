// Expires: what `expires` says: how long a response may be kept by caches. nginx's forms: a time from now or from the last change, a time
// of day, epoch, max, off.
#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/base/error.h>
#include <sluice/server/exchange.h>

namespace sluice {

struct Expires {
  enum class Kind : uint8_t { off, epoch, max, from_now, from_change, daily };
  Kind kind = Kind::off;
  int64_t seconds = 0;

  // parse reads all but `modified`, which stands before the value and is given as `base`. Error text: nginx's, behind "directive".
  static Result<Expires> parse(std::string_view text, Kind base);

  // apply sets Expires and Cache-Control of the response.
  void apply(Exchange& exchange) const;
};

}  // namespace sluice
