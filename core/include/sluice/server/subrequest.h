// Subrequests: a request that is made inside of the server on behalf of another one, its parent (auth_request, mirror).
//
// It is an exchange of its own, internal, for a URI of the parent's server: the phases run from the server's rewrite rules on, but not the
// access phase. It has the parent's connection, arena, generation, client, request fields and `set` variables (shared, as in nginx), and
// its own URI, response, slots and log context. Nothing of its response is written: filters do not see the head, the body is
// dropped (an upstream that sends more than 64k of it loses its connection).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <sluice/base/api.h>
#include <sluice/event/task.h>

namespace sluice {

class Exchange;

struct SubrequestSpec {
  enum class Body : uint8_t { none, of_parent };
  enum class MethodOf : uint8_t { get, parent };
  std::string_view uri;   // as Exchange::set_uri has it; lives as long as the parent
  std::string_view args;  // without '?'
  Body body = Body::none;          // of_parent: REQUIRES that it was read
  MethodOf method = MethodOf::get;
};

// Subrequest owns one. It must go before its parent; its texts and what modules keep in its slots are the parent's arena's, and stay
// until that goes (so destructors there must not look at the exchange).
struct SubrequestEnd {
  SLUICE_API void operator()(Exchange* subrequest) const;
};
using Subrequest = std::unique_ptr<Exchange, SubrequestEnd>;

// make_subrequest prepares one. Null when subrequests are nested too deep (50): the error log says so.
SLUICE_API Subrequest make_subrequest(Exchange& parent, const SubrequestSpec& spec);

// run_subrequest runs it to its end; then response().status is never 0. Destroying the task cancels it.
SLUICE_API Task<void> run_subrequest(Exchange& subrequest);

// run_in_background runs it beside the parent, which does not wait for it. The connection does, before its next request; a parent that is
// cancelled takes it along.
SLUICE_API void run_in_background(Subrequest subrequest);

}  // namespace sluice
