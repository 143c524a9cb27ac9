#include "upstream/connection_pool.h"

#include <sluice/base/hash.h>
#include <sluice/base/strings.h>

namespace sluice {

UpstreamConnection::UpstreamConnection(PeerPool& pool, std::unique_ptr<Stream> stream)
    : opened(stream->loop().now()), pool_(pool), stream_(std::move(stream)) {
  pool_.begin_use();
}

UpstreamConnection::~UpstreamConnection() { pool_.end_use(); }

// While it is idle: whatever happens ends it.
void UpstreamConnection::on_readable(Stream&) { pool_.drop(*this); }
void UpstreamConnection::on_closed(Stream&) { pool_.drop(*this); }
void UpstreamConnection::on_deadline(Stream&) { pool_.drop(*this); }

PeerPool::~PeerPool() {
  while (newest_ != nullptr) drop(*newest_);
}

std::string_view PeerPool::text() {
  if (text_.empty()) text_ = address_.text();
  return text_;
}

std::unique_ptr<UpstreamConnection> PeerPool::take() {
  if (newest_ == nullptr) return nullptr;
  UpstreamConnection* connection = newest_;
  unlink(*connection);
  connection->stream_->expire_never();
  connection->stream_->set_observer(nullptr);
  return std::unique_ptr<UpstreamConnection>(connection);
}

void PeerPool::put(std::unique_ptr<UpstreamConnection> connection, const KeepaliveLimits& limits) {
  Stream& stream = connection->stream();
  const Tick now = stream.loop().now();
  const bool worn = connection->requests >= limits.requests || now - connection->opened >= static_cast<Tick>(limits.age.count());
  if (limits.connections == 0 || worn || stream.peer_closed() || stream.readable_hint()) return;
  if (count_ >= limits.connections) drop(*oldest_);
  UpstreamConnection* raw = connection.release();
  raw->next_ = newest_;
  if (newest_ != nullptr) newest_->previous_ = raw;
  else oldest_ = raw;
  newest_ = raw;
  ++count_;
  stream.set_observer(raw);
  if (limits.idle.count() > 0) stream.expire_after(limits.idle);
}

void PeerPool::unlink(UpstreamConnection& connection) {
  (connection.previous_ == nullptr ? newest_ : connection.previous_->next_) = connection.next_;
  (connection.next_ == nullptr ? oldest_ : connection.next_->previous_) = connection.previous_;
  connection.previous_ = connection.next_ = nullptr;
  --count_;
}

void PeerPool::drop(UpstreamConnection& connection) {
  unlink(connection);
  delete &connection;
}

size_t ConnectionPools::TextHash::operator()(std::string_view text) const { return hash_bytes(text, process_seed()); }

PeerPool& ConnectionPools::pool(const Address& address) {
  const std::string_view key(reinterpret_cast<const char*>(address.data()), address.size());
  auto it = pools_.find(key);
  if (it == pools_.end()) {
    if (pools_.size() >= kMaxTexts) forget_unused();
    it = pools_.emplace(std::string(key), std::make_unique<PeerPool>(address)).first;
  }
  return *it->second;
}

PeerPool& ConnectionPools::pool(const Address& address, const LocalEnd& local) {
  const auto bytes = [](const Address& of) { return std::string_view(reinterpret_cast<const char*>(of.data()), of.size()); };
  const std::string key = concat(bytes(address), local.transparent ? "transparent from" : "from", bytes(local.address));
  auto it = pools_.find(key);
  if (it == pools_.end()) {
    if (pools_.size() >= kMaxTexts) forget_unused();
    it = pools_.emplace(key, std::make_unique<PeerPool>(address, local)).first;
  }
  return *it->second;
}

void ConnectionPools::forget_unused() {
  texts_.clear();
  std::erase_if(pools_, [](const auto& entry) { return entry.second->unused(); });
}

PeerPool* ConnectionPools::known_pool_of_text(std::string_view text) const {
  const auto it = texts_.find(text);
  return it == texts_.end() ? nullptr : it->second;
}

PeerPool* ConnectionPools::pool_of_text(std::string_view text, uint16_t default_port) {
  if (PeerPool* known = known_pool_of_text(text)) return known;
  if (text.starts_with('*')) return nullptr;  // an address to listen on
  auto address = Address::parse(text, default_port);
  if (!address) return nullptr;
  PeerPool& found = pool(*address);
  if (texts_.size() >= kMaxTexts) texts_.clear();
  texts_.emplace(std::string(text), &found);
  return &found;
}

}  // namespace sluice
