// Phases: the steps of an exchange, in the order in which they run, and what a module puts into them.
#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/base/api.h>
#include <sluice/base/error.h>
#include <sluice/event/task.h>

namespace sluice {

class Exchange;

enum class Phase : uint8_t {
  server_rewrite,  // before the location is known: rules of the server
  rewrite,         // rules of the location; may change the URI
  preaccess,       // limits
  access,          // who may pass
  precontent,      // last stop before the content
  content,         // one handler makes the response
  log,             // always, after the response
  count
};
SLUICE_API std::string_view phase_name(Phase phase);

// What a handler decides.
struct Outcome {
  enum class Kind : uint8_t {
    next,      // go on with the next handler
    allowed,   // the same, and an access handler says that the client may pass: with `satisfy any` the others are not asked
    finished,  // the response is made (or begun): end it and log
    status,    // end with this status: error page unless something was sent already
    reroute,   // the URI was changed: look for the location again (at most 10 times)
    internal,  // the URI was changed: start over as an internal redirect (ngx.exec, error_page)
    named,     // go on in the named location that Exchange::set_named_location chose
    abort,     // close the connection without (further) response
  };
  Kind kind = Kind::next;
  int code = 0;

  static Outcome next() { return {Kind::next, 0}; }
  static Outcome allowed() { return {Kind::allowed, 0}; }
  static Outcome finished() { return {Kind::finished, 0}; }
  static Outcome status(int code) { return {Kind::status, code}; }
  static Outcome reroute() { return {Kind::reroute, 0}; }
  static Outcome internal_redirect() { return {Kind::internal, 0}; }
  static Outcome named() { return {Kind::named, 0}; }
  static Outcome abort() { return {Kind::abort, 0}; }
};

// Where in its phase a handler stands; equal ones keep the order in which they were added.
enum class HandlerOrder : uint8_t {
  first = 0,   // realip: everybody else sees what it found
  script = 5,  // set, return, set_by_lua: in the order of the file
  early = 10,
  normal = 50,
  tail = 90,   // rewrite_by_lua and access_by_lua, as in OpenResty
};

// A handler belongs to one location (or server) of one generation and is immutable. A handler that need not wait returns a finished
// task. Handlers of the log phase must not wait.
class PhaseHandler {
 public:
  virtual ~PhaseHandler() = default;
  virtual Task<Outcome> run(Exchange& exchange) const = 0;
  // For `sluice --phases`, logs and obituaries: "rewrite_by_lua(proxy.conf:12)".
  virtual std::string_view name() const = 0;
};

// Where a filter stands among those of a response, for the head and for the body alike; equal ones keep the order in which they were
// added. It is nginx's order, whatever loads first: what an operator's code says is there before add_header, gzip sees the last bytes.
enum class FilterOrder : uint8_t {
  script = 10,   // header_filter_by_lua, body_filter_by_lua
  headers = 20,  // add_header, expires, add_trailer
  decode = 30,   // gunzip
  normal = 40,
  change = 50,   // sub_filter
  encode = 60,   // gzip
};

// What an `if` asks. Immutable, like handlers.
class Condition {
 public:
  virtual ~Condition() = default;
  virtual bool holds(Exchange& exchange) const = 0;
};

// Whether a script may change the URI, so that the location is looked for again when the scripts have run.
enum class ScriptEffect : uint8_t { plain, changes_uri };

// Runs on every response before its head is written; may change status and headers. May not wait.
class HeaderFilter {
 public:
  virtual ~HeaderFilter() = default;
  // An Outcome other than next() replaces the response (status: an error page instead).
  virtual Outcome filter(Exchange& exchange) const = 0;
  virtual std::string_view name() const = 0;
};

// One piece of a response body on its way to the client.
struct BodyPiece {
  std::string_view data;  // a filter may point it elsewhere; valid until the filter's next call or the exchange's end
  bool last = false;
  bool flush = false;     // must reach the client now (an event stream): a filter keeps nothing back that it could send
  // Set by a filter that has more to say about the piece than it gave. What it gave goes on; then the filter is called again with
  // nothing new and the same `last` and `flush`, until it leaves `more` unset. It has copied by then what it needs of the piece.
  bool more = false;
};

// A filter may give less than came in, more, or nothing, as long as everything is out when it is called with `last` (and has left
// `more` unset). What it keeps for a response is bounded.
class BodyFilter {
 public:
  virtual ~BodyFilter() = default;
  // begin is asked once per response, behind the header filters and before the head is rendered. It may change fields: a filter that
  // makes another length removes Content-Length. False: this response passes without the filter. May be asked again when another
  // response takes the place of the first.
  virtual bool begin(Exchange&) const { return true; }
  // rewrites: begin would be true for a response of `length` bytes with the head as it stands now, and the filter would make other
  // bytes of it, so that ranges of them mean nothing.
  virtual bool rewrites(const Exchange&, uint64_t /*length*/) const { return false; }
  // An error ends the response: the connection is closed so that a cut-off body never looks complete.
  virtual Result<void> filter(Exchange& exchange, BodyPiece& piece) const = 0;
  virtual std::string_view name() const = 0;
};

}  // namespace sluice
