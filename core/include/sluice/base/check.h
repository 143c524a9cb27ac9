// CHECK(condition): the impossible happened. Logs the condition with file and line to standard error and aborts, so that
// the master writes the obituary. Never used on outside input: that is an Error.
#pragma once

#include <sluice/base/api.h>

namespace sluice {

[[noreturn]] SLUICE_API void check_failed(const char* condition, const char* file, int line);

}  // namespace sluice

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) [[unlikely]]                                              \
      ::sluice::check_failed(#condition, __FILE__, __LINE__);                   \
  } while (0)
