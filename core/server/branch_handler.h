// BranchHandler: an `if` among the scripts of a server or location. The scripts of its block stand right behind it in the same list: when
// the condition does not hold they are skipped, when it does they run in their turn, and a location is left for the one that the block
// describes. That one has the same scripts in the same places, so that what runs next needs no searching.
#pragma once

#include <memory>

#include <sluice/server/location.h>
#include <sluice/server/phase.h>

namespace sluice {

class BranchHandler final : public PhaseHandler {
 public:
  // `inside` is null for an `if` of a server.
  BranchHandler(std::unique_ptr<const Condition> condition, std::unique_ptr<Location> inside)
      : condition_(std::move(condition)), inside_(std::move(inside)) {}

  Task<Outcome> run(Exchange& exchange) const override;
  std::string_view name() const override { return "if"; }

  // set_scripts says how many scripts the block has; once, when the list is complete.
  void set_scripts(uint32_t count) { scripts_ = count; }

 private:
  std::unique_ptr<const Condition> condition_;
  std::unique_ptr<Location> inside_;
  uint32_t scripts_ = 0;
};

// RerouteHandler stands behind the scripts of a location that may change the URI.
class RerouteHandler final : public PhaseHandler {
 public:
  Task<Outcome> run(Exchange& exchange) const override;
  std::string_view name() const override { return "rewrite"; }
};

}  // namespace sluice
