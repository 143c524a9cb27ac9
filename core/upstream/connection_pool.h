// ConnectionPools: idle connections to peers, kept by the process across requests and generations.
//
// One list per address, last in first out, so that few sockets stay hot. An idle connection that the peer closes, or that has
// bytes nobody asked for, is dropped at once by its event: nothing is probed when it is taken out again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <sluice/event/event_loop.h>
#include <sluice/net/dialer.h>
#include <sluice/net/stream.h>
#include <sluice/os/address.h>
#include <sluice/server/process_context.h>

namespace sluice {

class PeerPool;

// One connection to a peer: in use by an attempt, or idle in its pool.
class UpstreamConnection final : private StreamObserver {
 public:
  UpstreamConnection(PeerPool& pool, std::unique_ptr<Stream> stream);
  ~UpstreamConnection();

  Stream& stream() { return *stream_; }
  // release_stream gives the stream away: the connection is of no more use.
  std::unique_ptr<Stream> release_stream() { return std::move(stream_); }
  uint64_t requests = 0;   // served on it so far
  Tick opened = 0;
  bool reused() const { return requests > 0; }

 private:
  friend class PeerPool;
  void on_readable(Stream& stream) override;
  void on_closed(Stream& stream) override;
  void on_deadline(Stream& stream) override;

  PeerPool& pool_;
  std::unique_ptr<Stream> stream_;
  UpstreamConnection* previous_ = nullptr;
  UpstreamConnection* next_ = nullptr;
};

// How long and how many: an upstream's keepalive directives.
struct KeepaliveLimits {
  uint32_t connections = 32;          // idle ones per peer and process; 0: none is kept
  uint64_t requests = 1000;           // on one connection
  Milliseconds idle{60'000};
  Milliseconds age{3'600'000};
};

class PeerPool {
 public:
  // `local` is the own end of its connections; empty: the kernel chooses.
  explicit PeerPool(Address address, LocalEnd local = {}) : address_(std::move(address)), local_(std::move(local)) {}
  ~PeerPool();
  PeerPool(const PeerPool&) = delete;
  PeerPool& operator=(const PeerPool&) = delete;

  const Address& address() const { return address_; }
  const LocalEnd& local() const { return local_; }
  // text of the address, made once.
  std::string_view text();
  // take gives the most recently used idle connection; null when there is none.
  std::unique_ptr<UpstreamConnection> take();
  // put keeps the connection if the limits allow, closing the oldest idle one when there are too many.
  void put(std::unique_ptr<UpstreamConnection> connection, const KeepaliveLimits& limits);
  size_t idle() const { return count_; }
  // Who has a reference to this pool for longer than a call says so; a pool that nobody uses may be forgotten.
  void begin_use() { ++uses_; }
  void end_use() { --uses_; }
  bool unused() const { return uses_ == 0 && count_ == 0; }

 private:
  friend class UpstreamConnection;
  void drop(UpstreamConnection& connection);
  void unlink(UpstreamConnection& connection);

  Address address_;
  LocalEnd local_;
  std::string text_;
  UpstreamConnection* newest_ = nullptr;
  UpstreamConnection* oldest_ = nullptr;
  size_t count_ = 0;
  size_t uses_ = 0;
};

class ConnectionPools {
 public:
  explicit ConnectionPools(ProcessContext&) {}
  static ConnectionPools& of(ProcessContext& process) { return process.shared<ConnectionPools>("upstream connection pools"); }

  // pool finds or makes the pool of an address. The reference is good until the next call of pool or pool_of_text, and longer
  // between begin_use and end_use.
  PeerPool& pool(const Address& address);
  // pool does the same for connections with that own end.
  PeerPool& pool(const Address& address, const LocalEnd& local);
  // pool_of_text does the same for a literal "ip:port" or "unix:/path"; null when it is none. Known texts cost one hash lookup.
  PeerPool* pool_of_text(std::string_view text, uint16_t default_port);
  // known_pool_of_text looks only whether the text is known.
  PeerPool* known_pool_of_text(std::string_view text) const;

 private:
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const;
  };
  static constexpr size_t kMaxTexts = 100'000;  // made-up addresses must not grow the tables without bound
  void forget_unused();

  std::unordered_map<std::string, std::unique_ptr<PeerPool>, TextHash, std::equal_to<>> pools_;
  std::unordered_map<std::string, PeerPool*, TextHash, std::equal_to<>> texts_;
};

}  // namespace sluice
