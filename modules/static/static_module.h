// StaticModule: what the handlers of one generation share.
#pragma once

#include <memory>

#include <sluice/sluice.h>

#include "file_cache.h"

namespace sluice {

class RootPath;
class MimeTypes;

class StaticModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override;
  Result<void> finish_location(BlockScope& scope, const void* conf) override;
  Result<void> start(ProcessContext& process, const Generation& generation) override;
  // A generation that one slow client or tunnel keeps does not keep its copies.
  void retire() override { cache_->close(); }

  // cache holds nothing before start. It changes while requests are served, all on one thread.
  FileCache& cache() const { return *cache_; }
  void count_hit() const {
    if (metrics_ != nullptr) metrics_->add(hits_);
  }
  // count_miss also counts the copies that had to go.
  void count_miss() const;

  const RootPath& standard_root() const { return *standard_root_; }
  uint32_t conf_slot() const { return conf_slot_; }
  // alias_slot: see path_of_request.
  uint32_t alias_slot() const { return alias_slot_; }

  uint64_t cache_bytes = kCacheBytes;
  static constexpr uint64_t kCacheBytes = 16 * 1024 * 1024;

 private:
  uint32_t conf_slot_ = 0;
  uint32_t alias_slot_ = 0;
  std::shared_ptr<const RootPath> standard_root_;
  std::shared_ptr<const MimeTypes> standard_types_;
  std::shared_ptr<const std::vector<ComplexValue>> standard_index_;
  std::unique_ptr<FileCache> cache_ = std::make_unique<FileCache>(0);
  Metrics* metrics_ = nullptr;
  Counter hits_, misses_, evictions_;
  mutable uint64_t evictions_counted_ = 0;
};

}  // namespace sluice
