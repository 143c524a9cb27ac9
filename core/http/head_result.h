// HeadResult: the outcome of parsing what a peer sent. Either fine, or refused with the status that a client is answered
// and a reason for the log. It holds no memory, so that refusing a flood of garbage costs nothing.
#pragma once

#include <sluice/base/error.h>

namespace sluice {

struct [[nodiscard]] HeadResult {
  int status = 0;            // 0 = fine; else the status to answer: 400, 405, 414, 417, 431, 501, 505
  const char* reason = "";   // static text; what was wrong, for the operator

  bool ok() const { return status == 0; }
  // error makes the Error that flows up. On the upstream side the status has no meaning: a refused response is a 502.
  Error error(ErrorSource source) const {
    const bool limit = status == 414 || status == 431;
    return Error(limit ? ErrorKind::too_large : ErrorKind::bad_message, reason, source);
  }
};

inline HeadResult refuse(int status, const char* reason) { return {status, reason}; }

}  // namespace sluice
