// The filters of this module: GzipFilter compresses, GunzipFilter decompresses for clients that do not accept gzip.
//
// Both work piece by piece, with one buffer of output: what a client does not take yet is neither compressed nor decompressed. Compressed
// bytes leave at once when a piece is flushed, as every piece of a streamed response is.
#pragma once

#include <sluice/server/phase.h>

#include "deflater.h"
#include "gzip_conf.h"

namespace sluice {

class GzipModule;

// What the module keeps for an exchange.
struct GzipState {
  explicit GzipState(DeflaterPool& its_pool) : pool(its_pool) {}
  ~GzipState();

  DeflaterPool& pool;
  std::unique_ptr<Deflater> deflater;
  std::unique_ptr<Inflater> inflater;
  uint64_t gzip_in = 0;
  uint64_t gzip_out = 0;
  uint64_t gunzip_in = 0;
  uint64_t gunzip_out = 0;
};

class GzipFilter final : public BodyFilter {
 public:
  GzipFilter(const GzipModule& module, const GzipConf& conf) : module_(module), conf_(conf) {}
  bool begin(Exchange& exchange) const override;
  bool rewrites(const Exchange& exchange, uint64_t length) const override;
  Result<void> filter(Exchange& exchange, BodyPiece& piece) const override;
  std::string_view name() const override { return "gzip"; }

 private:
  const GzipModule& module_;
  const GzipConf& conf_;
};

class GunzipFilter final : public BodyFilter {
 public:
  GunzipFilter(const GzipModule& module, const GzipConf& conf) : module_(module), conf_(conf) {}
  bool begin(Exchange& exchange) const override;
  bool rewrites(const Exchange& exchange, uint64_t length) const override;
  Result<void> filter(Exchange& exchange, BodyPiece& piece) const override;
  std::string_view name() const override { return "gunzip"; }

 private:
  bool wanted(const Exchange& exchange) const;
  Result<void> check_limits(Exchange& exchange, const GzipState& state) const;

  const GzipModule& module_;
  const GzipConf& conf_;
};

}  // namespace sluice
