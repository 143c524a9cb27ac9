// LivePeers: who the peers of a group are now. Static addresses never change; what a name stands for is replaced while sluice runs.
//
//   ServerLine 0 ─┐
//   ServerLine 1 ─┼──> PeerSet, immutable, one version ──> balancers, requests
//   ServerLine 2 ─┘    (the one before lives until the last request has let go of it)
//
// Everything here belongs to one process, and, once it is built, to its loop's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sluice/upstream/upstream.h>

#include "upstream/connection_pool.h"
#include "upstream/own_addresses.h"
#include "upstream/peer_states.h"

namespace sluice {

// One `server` of an upstream.
struct ServerLine {
  Peer like;                      // its parameters; the peers of this line have them, too
  std::string host;               // the name to follow; empty: its addresses never change
  std::string service;            // the SRV name to follow, instead of the host's addresses
  uint16_t port = 80;
  bool resolve = false;           // it may stand for nothing
  bool weight_given = false;      // else SRV records say it
  std::vector<Peer> peers;        // what it stands for now; index, state and pool are those of the set
  bool follows_name() const { return !host.empty(); }
};

// All peers of a group, as long as they stay the same.
struct PeerSet {
  explicit PeerSet(uint64_t its_version) : version(its_version) {}
  ~PeerSet();
  PeerSet(const PeerSet&) = delete;
  PeerSet& operator=(const PeerSet&) = delete;

  const uint64_t version;
  std::vector<Peer> list;
  std::vector<PeerPool*> pools;   // by Peer::index; each has a use of ours
  bool is_own = false;            // one of them is an address where this configuration listens
  uint32_t users = 0;             // requests that may look at its peers
};

class LivePeers final : public PeerSource {
 public:
  std::span<const Peer> peers() const override { return current_->list; }
  uint64_t version() const override { return current_->version; }

  // add_line: while the configuration is built.
  ServerLine& add_line() { return lines_.emplace_back(); }
  std::vector<ServerLine>& lines() { return lines_; }
  const std::vector<ServerLine>& lines() const { return lines_; }
  // join makes the first set of what the lines stand for. All references must outlive this object.
  void join(const std::string& group, PeerStates& states, const OwnAddresses& own);
  // connect finds the pools of all peers in this process.
  void connect(ConnectionPools& pools);
  // replace makes the line stand for other peers (address, name, weight, backup of each are looked at). The same ones in whatever order
  // change nothing: false.
  bool replace(size_t line, std::vector<Peer> peers);
  // keep_states tells that the states of all peers are in use still, for other processes that look for room.
  void keep_states() const;

  PeerSet& current() const { return *current_; }
  // change: whether a line follows a name, so that peers come and go.
  bool change() const { return change_; }

 private:
  void rebuild();

  std::vector<ServerLine> lines_;
  std::unique_ptr<PeerSet> current_ = std::make_unique<PeerSet>(0);
  std::vector<std::unique_ptr<PeerSet>> retired_;  // with users
  bool change_ = false;
  const std::string* group_ = nullptr;
  PeerStates* states_ = nullptr;
  const OwnAddresses* own_ = nullptr;
  ConnectionPools* pools_ = nullptr;               // null until connected
};

// PeersInUse keeps the peers that a request looks at. REQUIRES: the generation outlives it. A copy is another use of the same set, which
// need not be the current one any more.
class PeersInUse {
 public:
  explicit PeersInUse(const LivePeers& peers) : set_(&peers.current()) { ++set_->users; }
  ~PeersInUse() { --set_->users; }
  PeersInUse(const PeersInUse& other) : set_(other.set_) { ++set_->users; }
  PeersInUse& operator=(const PeersInUse&) = delete;
  // renew takes what is current now; true when the peers are others than before.
  bool renew(const LivePeers& peers) {
    if (set_ == &peers.current()) [[likely]] return false;
    --set_->users;
    set_ = &peers.current();
    ++set_->users;
    return true;
  }

 private:
  PeerSet* set_;
};

}  // namespace sluice
