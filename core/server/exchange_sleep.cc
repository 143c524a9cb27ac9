// The exchange of a tunnel sleeps: what its log phase may look at becomes a few hundred bytes, and its arena, tables and coroutine
// frames go. Waking makes an exchange of them again that reads like the one that fell asleep.
//
// What is kept stands in one place, pass_state; a Packer writes it, an Unpacker reads it. Texts lie in each other nearly always (the
// path in the target, the target in the request line): a text that lies in an earlier one is a reference to it.

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "server/exchange_runtime.h"

namespace sluice {

namespace {

// Numbers in groups of seven bits, the lowest first; the highest bit says that more follow.
class Packer {
 public:
  static constexpr bool kReads = false;

  template <class T>
  void number(const T& value) {
    auto rest = static_cast<uint64_t>(value);
    for (; rest >= 0x80; rest >>= 7) bytes_.push_back(static_cast<char>(rest | 0x80));
    bytes_.push_back(static_cast<char>(rest));
  }
  template <class T>
  void pointer(const T* const& value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }

  // A text is 0 for none at all (an unset variable), or 1 and its size; then 0 and the bytes, or 1 and more than where they stand already.
  void text(const std::string_view& value) {
    number(value.data() == nullptr ? 0 : 1 + value.size());
    if (value.empty()) return;
    for (const Seen& seen : seen_) {
      const auto at = reinterpret_cast<uintptr_t>(value.data()) - reinterpret_cast<uintptr_t>(seen.text.data());
      if (at >= seen.text.size() || value.size() > seen.text.size() - at) continue;
      return number(1 + seen.at + at);
    }
    number(0);
    seen_.push_back({value, bytes_.size()});
    bytes_ += value;
  }

  std::string take() { return std::move(bytes_); }

 private:
  struct Seen {
    std::string_view text;
    size_t at;
  };
  std::string bytes_;
  std::vector<Seen> seen_;
};

class Unpacker {
 public:
  static constexpr bool kReads = true;

  explicit Unpacker(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  void number(T& value) {
    uint64_t whole = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      whole |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) break;
    }
    value = static_cast<T>(whole);
  }
  template <class T>
  void pointer(const T*& value) {
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
  }
  void text(std::string_view& value) {
    size_t size = 0, where = 0;
    number(size);
    value = size == 0 ? std::string_view() : std::string_view("");
    if (size <= 1) return;
    --size;
    number(where);
    value = bytes_.substr(where == 0 ? at_ : where - 1, size);
    if (where == 0) at_ += size;
  }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
};

enum FieldBits : uint8_t { kParsed = 1, kOwnSpelling = 2 };

void pass_headers(Packer& io, Headers& headers) {
  io.number(headers.size());
  for (const Header& field : headers) {
    if (field.removed) continue;
    const bool own = field.id == HeaderId::unknown || field.name() != header_name(field.id);
    io.number(field.id);
    io.number((field.parsed ? kParsed : 0) | (own ? kOwnSpelling : 0));
    if (own) io.text(field.name());
    io.text(field.value());
  }
}

void pass_headers(Unpacker& io, Headers& headers) {
  size_t count = 0;
  io.number(count);
  for (size_t i = 0; i < count; ++i) {
    HeaderId id{};
    uint8_t bits = 0;
    io.number(id);
    io.number(bits);
    std::string_view name = header_name(id), value;
    if ((bits & kOwnSpelling) != 0) io.text(name);
    io.text(value);
    if ((bits & kParsed) != 0) headers.add_parsed(id, name, value);
    else headers.add(id, name, value);
  }
}

// These name every member of their struct, so that one more does not compile before it has a name here. Pass it.
template <class Io>
void pass_request(Io& io, RequestHead& head) {
  auto& [method, version, framing, keep_alive, expect_continue, wants_upgrade, content_length, line, method_text, target, path, query,
         has_query, authority, host, headers] = head;
  io.text(line);
  io.number(method);
  io.number(version);
  io.number(framing);
  for (bool* flag : {&keep_alive, &expect_continue, &wants_upgrade, &has_query}) io.number(*flag);
  io.number(content_length);
  pass_headers(io, headers);
  for (std::string_view* text : {&method_text, &target, &path, &query, &authority, &host}) io.text(*text);
}

template <class Io>
void pass_response(Io& io, ResponseHead& head) {
  auto& [status, version, framing, keep_alive, content_length, reason, headers] = head;
  io.number(status);
  io.number(version);
  io.number(framing);
  io.number(keep_alive);
  io.number(content_length);
  io.text(reason);
  pass_headers(io, headers);
}

template <class Io>
void pass_attempt(Io& io, UpstreamAttemptRecord& record) {
  auto& [address, status, connect_us, header_us, response_us, bytes_received, bytes_sent, body_bytes, next] = record;
  io.text(address);
  io.number(status);
  for (int64_t* time : {&connect_us, &header_us, &response_us}) {
    int64_t moved = *time + 1;  // -1 is frequent, and would be ten bytes
    io.number(moved);
    *time = moved - 1;
  }
  for (uint64_t* bytes : {&bytes_received, &bytes_sent, &body_bytes}) io.number(*bytes);
}

}  // namespace

// pass_state names every member that may be looked at after the response. Who adds one to Exchange or ExchangeRuntime comes by here: it
// is passed, too, if a variable, the log phase or a module may ask for it then; and the size is that of before plus the new member.
constexpr size_t kKnownSize = 1736;
static_assert(sizeof(void*) != 8 || sizeof(ExchangeRuntime) == kKnownSize, "a new member of Exchange: does pass_state pass it?");

template <class Io>
void ExchangeRuntime::pass_state(Io& io) {
  io.pointer(server_);
  io.pointer(location_);
  pass_request(io, request_);
  bool has_upstream_headers = upstream_headers != nullptr;
  io.number(has_upstream_headers);
  if (has_upstream_headers) {
    if constexpr (Io::kReads) upstream_headers = arena_.make<Headers>(arena_);
    pass_headers(io, const_cast<Headers&>(*upstream_headers));
  }
  pass_response(io, response_);
  for (std::string_view* text : {&uri_, &args_, &request_id_, &body_, &error_cause_, &proxy_host, &proxy_port, &captures.subject}) io.text(*text);

  bool forwarded = forwarded_client_ != nullptr;
  io.number(forwarded);
  if (forwarded) {
    uint16_t port = 0;
    if constexpr (!Io::kReads) port = forwarded_client_->port();
    io.text(forwarded_host_);
    io.number(port);
    if constexpr (Io::kReads) set_client_address(*Address::from_ip(forwarded_host_, port));
  }

  size_t offsets = captures.offsets.size();
  io.number(offsets);
  if constexpr (Io::kReads) captures.offsets = {static_cast<size_t*>(arena_.allocate(offsets * sizeof(size_t), alignof(size_t))), offsets};
  for (const size_t& offset : captures.offsets) io.number(const_cast<size_t&>(offset));

  uint32_t values = set_count_;
  io.number(values);
  for (uint32_t i = 0; i < values; ++i) {
    if constexpr (Io::kReads) store_set_value(i, {});
    io.text(set_values_[i]);
  }

  uint32_t attempts = 0;
  for (const auto* record = first_attempt_; record != nullptr; record = record->next) ++attempts;
  io.number(attempts);
  auto* record = first_attempt_;
  for (uint32_t i = 0; i < attempts; ++i) {
    if constexpr (Io::kReads) record = &add_attempt();
    pass_attempt(io, *record);
    record = record->next;
  }

  for (uint64_t* number : {&head_bytes, &started_us_, &started_wall_ms_, &bytes_sent_before_, &body_bytes_sent_, &body_received_, &limit_rate_}) io.number(*number);
  for (bool* flag : {&uri_is_raw_, &internal_, &head_sent_, &response_finished_, &keep_connection_, &is_tunnel_, &in_error_page_, &aborted_,
                     &own_limit_rate_}) {
    io.number(*flag);
  }
  io.number(error_kind_);
  io.number(error_source_);
  io.number(internal_redirects_);
  io.number(body_state_);
  io.number(redirects_);
  io.number(error_status_override_);
  pass_slots(io);  // last: a module may look at the exchange
}

template <class Io>
void ExchangeRuntime::pass_slots(Io& io) {
  const auto& travels = generation_->slot_travels();
  for (size_t i = 0; i < travels.size(); ++i) {
    bool used = slots_[i] != nullptr;
    io.number(used);
    if (!used) continue;
    uint64_t kept = 0;
    if constexpr (!Io::kReads) kept = travels[i]->pack(slots_[i]);
    io.number(kept);
    if constexpr (Io::kReads) travels[i]->unpack(*this, kept);
  }
}

size_t ExchangeRuntime::pack(std::unique_ptr<char[]>& into) {
  Packer packer;
  pass_state(packer);
  const std::string bytes = packer.take();
  into = std::make_unique_for_overwrite<char[]>(bytes.size());
  std::memcpy(into.get(), bytes.data(), bytes.size());
  return bytes.size();
}

bool ExchangeRuntime::can_sleep() const {
  const auto& travels = generation_->slot_travels();
  size_t objects = 0;
  for (size_t i = 0; i < travels.size(); ++i) {
    if (slots_[i] == nullptr) continue;
    if (travels[i] == nullptr) return false;
    ++objects;
  }
  return arena_.destructors() == objects;
}

void ExchangeRuntime::unpack(std::string_view packed) {
  Unpacker unpacker(arena_.copy(packed));
  pass_state(unpacker);
}

}  // namespace sluice
