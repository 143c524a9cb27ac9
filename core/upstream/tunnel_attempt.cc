#include "upstream/tunnel_attempt.h"

#include <sluice/base/clock.h>

namespace sluice {

TunnelAttempt::TunnelAttempt(const UpstreamRequest& request, const UpstreamGroup& group, const PeersInUse& peers, PeerPool& pool,
                             std::unique_ptr<Stream> stream, const UpstreamAttemptRecord& record, uint64_t started_us)
    : group_(group),
      peers_(peers),
      pool_(pool),
      stream_(std::move(stream)),
      peer_(request.target.peer),
      started_us_(started_us),
      read_before_(stream_->bytes_read() - record.bytes_received),
      written_before_(stream_->bytes_written() - record.bytes_sent),
      tries_(request.tries),
      method_(request.method) {
  pool_.begin_use();
}

void TunnelAttempt::ended(Exchange& exchange) {
  UpstreamAttemptRecord* record = exchange.attempts();
  while (record->next != nullptr) record = record->next;
  record->response_us = static_cast<int64_t>(Clock::of_thread().now_us() - started_us_);
  record->bytes_received = stream_->bytes_read() - read_before_;
  record->bytes_sent = stream_->bytes_written() - written_before_;
  UpstreamRequest request(exchange, group_);
  request.method = method_;
  request.tries = tries_;
  request.target.peer = peer_;
  if (peer_ == nullptr) request.target.address = pool_.address();
  request.target.name = record->address;
  group_.ended(request, AttemptResult{AttemptResult::Kind::success, 101, false});
}

}  // namespace sluice
