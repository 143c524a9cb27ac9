// BlockScope::State: the builder's bookkeeping for one block: its own copies of modules' structs, and what was put into its place.
#pragma once

#include <memory>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <sluice/server/builder.h>
#include <sluice/server/location.h>

namespace sluice {

struct BlockScope::State {
  State(ConfigBuilder& builder, Context context, State* the_parent, void* owner, Location* location)
      : scope(builder, context), parent(the_parent) {
    scope.state_ = this;
    scope.owner_ = owner;
    scope.location_ = location;
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static State& of(BlockScope& scope) { return *scope.state_; }

  // own_conf gives this block's copy of the struct in that slot, made on first use from what it inherits.
  void* own_conf(uint32_t slot, const ConfType& type);
  // final_conf gives what the block ends up with: its own, or the parent's.
  std::shared_ptr<void> final_conf(uint32_t slot, const ConfType& type);

  // fill gives the structs to the location; assemble gives it its handlers and filters, in their order.
  void fill(const std::vector<ConfType>& types);
  void assemble();

  struct Handler {
    Phase phase;
    HandlerOrder order;
    std::shared_ptr<const PhaseHandler> handler;
  };

  template <class Filter>
  struct Ordered {
    FilterOrder order;
    std::shared_ptr<const Filter> filter;
  };

  BlockScope scope;
  State* parent;
  std::vector<std::shared_ptr<void>> confs;  // by slot; null: not touched in this block
  std::vector<Handler> handlers;
  std::shared_ptr<const PhaseHandler> content;
  std::vector<Ordered<HeaderFilter>> header_filters;
  std::vector<Ordered<BodyFilter>> body_filters;
  std::unordered_set<std::string_view> seen;  // directives of this block so far

 private:
  const std::shared_ptr<void>* inherited(uint32_t slot) const;
};

}  // namespace sluice
