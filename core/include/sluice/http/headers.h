// Headers: the header fields of one message, in order, with O(1) access to the well-known ones.
//
// Names and values are views of memory that outlives the message (the received head in the exchange's arena, text of the
// configuration, static text); Headers copies nothing. Names keep the case they came in and compare case-insensitively.
// A removed field stays in its slot and is skipped (`Header::removed`), so that references stay valid while filters run.
#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/base/api.h>
#include <sluice/base/arena.h>
#include <sluice/base/check.h>

namespace sluice {

// Well-known field names: id, canonical spelling. One row per name; everything about names comes from here. What browsers
// send in every request is here too: a known name needs no further check by the parser.
#define SLUICE_HEADER_TABLE(X)                                                                                        \
  X(accept, "Accept") X(accept_charset, "Accept-Charset") X(accept_encoding, "Accept-Encoding")                       \
  X(accept_language, "Accept-Language") X(accept_ranges, "Accept-Ranges") X(age, "Age") X(allow, "Allow")             \
  X(alt_svc, "Alt-Svc") X(authorization, "Authorization") X(cache_control, "Cache-Control")                           \
  X(connection, "Connection") X(content_disposition, "Content-Disposition") X(content_encoding, "Content-Encoding")   \
  X(content_language, "Content-Language") X(content_length, "Content-Length") X(content_location, "Content-Location") \
  X(content_range, "Content-Range") X(content_type, "Content-Type") X(cookie, "Cookie") X(date, "Date")               \
  X(dnt, "DNT") X(priority, "Priority") X(sec_ch_ua, "Sec-CH-UA") X(sec_ch_ua_mobile, "Sec-CH-UA-Mobile")             \
  X(sec_ch_ua_platform, "Sec-CH-UA-Platform") X(sec_fetch_dest, "Sec-Fetch-Dest") X(sec_fetch_mode, "Sec-Fetch-Mode") \
  X(sec_fetch_site, "Sec-Fetch-Site") X(sec_fetch_user, "Sec-Fetch-User")                                             \
  X(upgrade_insecure_requests, "Upgrade-Insecure-Requests")                                                           \
  X(etag, "ETag") X(expect, "Expect") X(expires, "Expires") X(forwarded, "Forwarded") X(from, "From") X(host, "Host") \
  X(http2_settings, "HTTP2-Settings") X(if_match, "If-Match") X(if_modified_since, "If-Modified-Since")               \
  X(if_none_match, "If-None-Match") X(if_range, "If-Range") X(if_unmodified_since, "If-Unmodified-Since")             \
  X(keep_alive, "Keep-Alive") X(last_modified, "Last-Modified") X(link, "Link") X(location, "Location")               \
  X(max_forwards, "Max-Forwards") X(origin, "Origin") X(pragma, "Pragma")                                             \
  X(proxy_authenticate, "Proxy-Authenticate") X(proxy_authorization, "Proxy-Authorization")                           \
  X(proxy_connection, "Proxy-Connection") X(range, "Range") X(referer, "Referer") X(refresh, "Refresh")               \
  X(retry_after, "Retry-After") X(sec_websocket_accept, "Sec-WebSocket-Accept")                                       \
  X(sec_websocket_key, "Sec-WebSocket-Key") X(sec_websocket_version, "Sec-WebSocket-Version") X(server, "Server")     \
  X(set_cookie, "Set-Cookie") X(strict_transport_security, "Strict-Transport-Security") X(te, "TE")                   \
  X(trailer, "Trailer") X(transfer_encoding, "Transfer-Encoding") X(upgrade, "Upgrade")                               \
  X(user_agent, "User-Agent") X(vary, "Vary") X(via, "Via") X(www_authenticate, "WWW-Authenticate")                   \
  X(x_accel_buffering, "X-Accel-Buffering") X(x_accel_charset, "X-Accel-Charset")                                     \
  X(x_accel_expires, "X-Accel-Expires") X(x_accel_limit_rate, "X-Accel-Limit-Rate")                                   \
  X(x_accel_redirect, "X-Accel-Redirect") X(x_forwarded_for, "X-Forwarded-For")                                       \
  X(x_forwarded_host, "X-Forwarded-Host") X(x_forwarded_port, "X-Forwarded-Port")                                     \
  X(x_forwarded_proto, "X-Forwarded-Proto") X(x_real_ip, "X-Real-IP") X(x_request_id, "X-Request-ID")

enum class HeaderId : uint8_t {
  unknown = 0,
#define X(id, text) id,
  SLUICE_HEADER_TABLE(X)
#undef X
      count
};

// header_id recognises a name in any case; HeaderId::unknown for others.
SLUICE_API HeaderId header_id(std::string_view name);
// header_name is the canonical spelling; empty for unknown.
SLUICE_API std::string_view header_name(HeaderId id);
// header_name_is_valid: a token (RFC 9110 section 5.6.2) of at most 65535 bytes. Names of outside origin (Lua, configuration
// with variables) are checked before they are added.
SLUICE_API bool header_name_is_valid(std::string_view name);
// header_value_is_safe: without CR, LF and NUL. A value that fails is never written to a peer.
SLUICE_API bool header_value_is_safe(std::string_view value);

struct Header {
  const char* name_data;
  const char* value_data;
  uint32_t value_size;
  uint16_t name_size;
  HeaderId id;
  bool removed : 1;
  bool parsed : 1;  // as a parser of ours read it: name and value are fit to be sent

  std::string_view name() const { return {name_data, name_size}; }
  std::string_view value() const { return {value_data, value_size}; }
  // line is "Name: value" and CRLF when they stand like this in memory, as in most parsed heads; else empty.
  std::string_view line() const {
    if (!parsed || value_data != name_data + name_size + 2 || value_data[-1] != ' ' || value_data[value_size] != '\r') return {};
    return {name_data, name_size + value_size + 4u};
  }
};

class SLUICE_API Headers {
 public:
  // The arena holds the table when the few slots in here do not suffice; it must outlive this object.
  explicit Headers(Arena& arena) : arena_(&arena) {}
  Headers(const Headers&) = delete;
  Headers& operator=(const Headers&) = delete;

  // add appends a field. The views must live as long as the message. REQUIRES: name.size() <= 65535.
  void add(HeaderId id, std::string_view name, std::string_view value) {
    CHECK(name.size() <= UINT16_MAX && value.size() <= UINT32_MAX);
    append(name, value, id, false);
  }
  void add(HeaderId id, std::string_view value) { add(id, header_name(id), value); }
  void add(std::string_view name, std::string_view value) { add(header_id(name), name, value); }
  // add a field of another message as it is. REQUIRES: not a removed one.
  void add(const Header& field) { append(field.name(), field.value(), field.id, field.parsed); }
  // add_parsed appends what a parser has judged: name and value are fit to be sent. REQUIRES: as add, value.size() <= UINT32_MAX.
  void add_parsed(HeaderId id, std::string_view name, std::string_view value) { append(name, value, id, true); }

  // find returns the first field with that name, or null.
  const Header* find(HeaderId id) const {
    uint8_t at = first_[static_cast<size_t>(id)];
    if (at == 0) return nullptr;
    return at != kFar ? &entries_[at - 1] : find_far(id);
  }
  const Header* find(std::string_view name) const;
  // next returns the next field with the same name as `header`, or null.
  const Header* next(const Header* header) const {
    return header->id != HeaderId::unknown && !has_repeated_ ? nullptr : search(header + 1, header->id, header->name());
  }
  // value is the first field's value; empty when absent.
  std::string_view value(HeaderId id) const {
    const Header* h = find(id);
    return h == nullptr ? std::string_view() : h->value();
  }
  bool has(HeaderId id) const { return find(id) != nullptr; }

  // set replaces the first field of that name in place, removes further ones, or appends.
  void set(HeaderId id, std::string_view value);
  void set(std::string_view name, std::string_view value);
  // remove drops every field of that name; returns how many.
  size_t remove(HeaderId id);
  size_t remove(std::string_view name);
  void clear();

  // All slots in order, removed ones included: skip those with `removed`.
  const Header* begin() const { return entries_; }
  const Header* end() const { return entries_ + count_; }
  size_t slots() const { return count_; }
  size_t size() const { return count_ - removed_; }

 private:
  // The value in `first_` of a name whose first field lies at index 254 or above; it is found by search from there.
  static constexpr uint8_t kFar = 255;

  void append(std::string_view name, std::string_view value, HeaderId id, bool parsed) {
    if (count_ == capacity_) [[unlikely]] grow();
    Header& field = entries_[count_++];
    field.name_data = name.data();
    field.value_data = value.data();
    field.value_size = static_cast<uint32_t>(value.size());
    field.name_size = static_cast<uint16_t>(name.size());
    field.id = id;
    field.removed = false;
    field.parsed = parsed;
    if (id == HeaderId::unknown) return;
    uint8_t& first = first_[static_cast<size_t>(id)];
    if (first != 0) has_repeated_ = true;
    else first = count_ < kFar ? static_cast<uint8_t>(count_) : kFar;
  }
  void grow();
  const Header* search(const Header* from, HeaderId id, std::string_view name) const;
  const Header* find_far(HeaderId id) const;
  void set(HeaderId id, std::string_view name, std::string_view value);
  size_t remove_from(uint32_t at, HeaderId id, std::string_view name);

  static constexpr uint32_t kOwnSlots = 12;

  Arena* arena_;
  Header* entries_ = own_slots_;
  uint32_t count_ = 0;
  uint32_t capacity_ = kOwnSlots;
  uint32_t removed_ = 0;
  bool has_repeated_ = false;  // a well-known name may have more than one field
  // Index + 1 of the first live field per well-known name; 0 when absent, kFar when it is not an early one. The entry of
  // `unknown` is never set.
  uint8_t first_[static_cast<size_t>(HeaderId::count)] = {};
  Header own_slots_[kOwnSlots];
};

}  // namespace sluice
