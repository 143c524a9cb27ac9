// Error and Result<T>: how every function of sluice says that it failed.
//
// An Error has a kind (what happened), a source (whose fault: client, upstream, internal, configuration), whether trying
// again can help, and a text for the operator. Result<T> holds a T or an Error; it is [[nodiscard]]. No exception crosses a
// function of ours. Add context on the way up with `with_context`, log once, at the exit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <sluice/base/api.h>
#include <sluice/base/check.h>

namespace sluice {

enum class ErrorKind : uint8_t {
  timeout,          // a deadline passed
  closed,           // the peer closed in order (EOF)
  reset,            // the peer reset the connection, or a socket call failed
  connect_failed,   // no connection could be made
  bad_message,      // bytes that violate the protocol
  too_large,        // a configured limit was hit
  not_found,        // no such peer, zone, file, variable
  unavailable,      // nobody can serve this now (no live upstreams, resource exhausted)
  cancelled,        // the flow was ended from outside
  config,           // a configuration mistake
  io,               // a file or system call failed
  internal,         // everything else
};

enum class ErrorSource : uint8_t { internal, client, upstream, config };

struct Error {
  ErrorKind kind = ErrorKind::internal;
  ErrorSource source = ErrorSource::internal;
  bool retryable = false;
  int os_errno = 0;   // 0 when no system call failed
  std::string text;   // one line, for the operator; without a final full stop

  Error() = default;
  Error(ErrorKind k, std::string t, ErrorSource s = ErrorSource::internal, int e = 0)
      : kind(k), source(s), os_errno(e), text(std::move(t)) {}

  // with_context returns the same error with `what + ": "` before its text.
  Error with_context(std::string_view what) && {
    text.insert(0, ": ").insert(0, what);
    return std::move(*this);
  }
};

// os_error describes a failed system call in nginx's form: `what() failed (2: No such file or directory)`.
SLUICE_API Error os_error(std::string_view what, int errno_value, ErrorKind kind = ErrorKind::io);

// error_kind_name gives the kind's stable name for logs, metrics and response headers ("timeout", "connect_failed", ...).
SLUICE_API std::string_view error_kind_name(ErrorKind kind);

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  // REQUIRES: ok().
  T& value() & { CHECK(ok()); return *std::get_if<0>(&state_); }
  const T& value() const& { CHECK(ok()); return *std::get_if<0>(&state_); }
  T&& value() && { CHECK(ok()); return std::move(*std::get_if<0>(&state_)); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  // REQUIRES: !ok().
  Error& error() { CHECK(!ok()); return *std::get_if<1>(&state_); }
  const Error& error() const { CHECK(!ok()); return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  Error& error() { CHECK(!ok()); return *error_; }
  const Error& error() const { CHECK(!ok()); return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace sluice

// TRY(expression): returns the error to the caller if the expression's Result holds one.
#define TRY(expression)                                                         \
  do {                                                                          \
    if (auto try_result_ = (expression); !try_result_) [[unlikely]]             \
      return std::move(try_result_.error());                                    \
  } while (0)

#define SLUICE_CONCAT_INNER(a, b) a##b
#define SLUICE_CONCAT(a, b) SLUICE_CONCAT_INNER(a, b)

// TRY_ASSIGN(declaration, expression): as TRY; otherwise moves the value into the declaration.
#define TRY_ASSIGN(declaration, expression)                                     \
  auto SLUICE_CONCAT(try_value_, __LINE__) = (expression);                      \
  if (!SLUICE_CONCAT(try_value_, __LINE__)) [[unlikely]]                        \
    return std::move(SLUICE_CONCAT(try_value_, __LINE__).error());              \
  declaration = std::move(SLUICE_CONCAT(try_value_, __LINE__)).value()
