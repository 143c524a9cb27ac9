// BlockScope::State: the builder's bookkeeping for one block: its own copies of modules' structs, and what was put into its place.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <sluice/server/builder.h>
#include <sluice/server/location.h>

namespace sluice {

class BranchHandler;

struct BlockScope::State {
  State(ConfigBuilder& builder, Context context, State* the_parent, void* owner, Location* location)
      : scope(builder, context), parent(the_parent) {
    scope.state_ = this;
    scope.owner_ = owner;
    scope.location_ = location;
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // same_place makes a location of the same name, for a block that inherits all.
  static std::unique_ptr<Location> same_place(const Location& outer);

  static State& of(BlockScope& scope) { return *scope.state_; }

  // inherits_all: the block is its parent's location under a condition, not a place of its own.
  bool inherits_all() const { return (scope.context_ & (kLocationIf | kLimitExcept)) != 0; }
  // scripts_of gives the block whose list the scripts written here stand in: that of the server or location around.
  State& scripts_of() { return (scope.context_ & (kServerIf | kLocationIf)) != 0 ? *parent : *this; }

  // own_conf gives this block's copy of the struct in that slot, made on first use from what it inherits.
  void* own_conf(uint32_t slot, const ConfType& type);
  // final_conf gives what the block ends up with: its own, or the parent's.
  std::shared_ptr<void> final_conf(uint32_t slot, const ConfType& type);

  // inherit_content: an `if` without content of its own has its location's, as far as that is known.
  void inherit_content();
  // fill gives the structs to the location; assemble gives it its handlers and filters, in their order.
  void fill(const std::vector<ConfType>& types);
  void assemble();

  struct Handler {
    Phase phase;
    HandlerOrder order;
    std::shared_ptr<const PhaseHandler> handler;
    uint32_t position = 0;              // of a script: where it stands in the file
    BranchHandler* branch = nullptr;    // an `if`,
    uint32_t branch_end = 0;            // and the position of the last directive in it
  };

  template <class Filter>
  struct Ordered {
    FilterOrder order;
    std::shared_ptr<const Filter> filter;
  };

  BlockScope scope;
  State* parent;
  std::vector<std::shared_ptr<void>> confs;  // by slot; null: not touched in this block
  using Handlers = std::vector<Handler>;
  Handlers handlers;
  std::shared_ptr<const PhaseHandler> content;
  const Module* content_of = nullptr;   // who makes the content; null: nobody said so
  std::string content_name;             // by which directive
  bool changes_uri = false;             // one of the scripts does
  std::vector<Ordered<HeaderFilter>> header_filters;
  std::vector<Ordered<BodyFilter>> body_filters;
  std::unordered_set<std::string_view> seen;  // directives of this block so far

 private:
  void assemble_scripts(Handlers::iterator first, Handlers::iterator end);
  void share_scripts();
  void take_handlers(Handlers::iterator first, Handlers::iterator last);
  const std::shared_ptr<void>* inherited(uint32_t slot) const;
};

}  // namespace sluice
