#include <algorithm>

#include <sluice/base/strings.h>

#include "server/block_state.h"
#include "server/branch_handler.h"
#include "server/generation_builder.h"

namespace sluice {

namespace {

Phase script_phase(const Location& place) {
  return place.match == Location::Match::server ? Phase::server_rewrite : Phase::rewrite;
}

// The position of the last directive in a block, however deep.
uint32_t last_position(const ConfigNode& node) {
  return node.children.empty() ? node.position : last_position(*node.children.back());
}

}  // namespace

void BlockScope::add_script(std::unique_ptr<PhaseHandler> handler, ScriptEffect effect) {
  State& scripts = state_->scripts_of();
  const uint32_t position = GenerationBuilder::of(builder_).current_position();
  scripts.handlers.push_back({script_phase(*location_), HandlerOrder::script, std::move(handler), position});
  scripts.changes_uri |= effect == ScriptEffect::changes_uri;
}

Result<void> BlockScope::add_branch(const ConfigNode& node, std::unique_ptr<const Condition> condition) {
  const bool in_server = context_ == kServer;
  std::unique_ptr<Location> inside;
  Location* place = location_;
  if (!in_server) {
    inside = State::same_place(*location_);
    place = inside.get();
  }
  auto branch = std::make_shared<BranchHandler>(std::move(condition), std::move(inside));
  State::Handler entry{script_phase(*location_), HandlerOrder::script, branch, node.position, branch.get(), last_position(node)};
  state_->handlers.push_back(std::move(entry));
  return GenerationBuilder::of(builder_).apply_block(node, in_server ? kServerIf : kLocationIf, state_, owner_, place);
}

void BlockScope::set_content(std::unique_ptr<PhaseHandler> handler) {
  const auto& builder = GenerationBuilder::of(builder_);
  if (!builder.finishing()) claim_content(handler->name());
  else if (state_->content_of != nullptr && state_->content_of != builder.current_module()) return;
  state_->content = std::move(handler);
}

void BlockScope::claim_content(std::string_view name) {
  if (!state_->content_name.empty() && state_->content_name != name) {
    builder_.warn(ConfigPlace{}, concat("location \"", location_->name, "\" has two content handlers: ", state_->content_name, " gives way to ", name));
  }
  state_->content_name = name;
  state_->content_of = GenerationBuilder::of(builder_).current_module();
  state_->content = nullptr;
}

void BlockScope::add_handler(Phase phase, HandlerOrder order, std::shared_ptr<const PhaseHandler> handler) {
  state_->handlers.push_back({phase, order, std::move(handler)});
}

void BlockScope::add_header_filter(FilterOrder order, std::shared_ptr<const HeaderFilter> filter) {
  state_->header_filters.push_back({order, std::move(filter)});
}

void BlockScope::add_body_filter(FilterOrder order, std::shared_ptr<const BodyFilter> filter) {
  state_->body_filters.push_back({order, std::move(filter)});
}

Result<void> BlockScope::apply_children(const ConfigNode& node, Context child_context, void* owner) {
  return GenerationBuilder::of(builder_).apply_block(node, child_context, state_, owner, location_);
}

void* BlockScope::conf_of(uint32_t slot) {
  return GenerationBuilder::of(builder_).conf_of(*state_, slot);
}

const std::shared_ptr<void>* BlockScope::State::inherited(uint32_t slot) const {
  for (const State* block = parent; block != nullptr; block = block->parent) {
    if (slot < block->confs.size() && block->confs[slot] != nullptr) return &block->confs[slot];
  }
  return nullptr;
}

void* BlockScope::State::own_conf(uint32_t slot, const ConfType& type) {
  if (slot >= confs.size()) confs.resize(slot + 1);
  if (confs[slot] != nullptr) return confs[slot].get();
  if (const auto* above = inherited(slot)) {
    confs[slot] = std::shared_ptr<void>(type.copy(above->get()), type.destroy);
    if (auto enter = inherits_all() ? type.enter_branch : type.enter_block) enter(confs[slot].get());
  } else {
    confs[slot] = std::shared_ptr<void>(type.create(), type.destroy);
  }
  return confs[slot].get();
}

std::shared_ptr<void> BlockScope::State::final_conf(uint32_t slot, const ConfType& type) {
  if (slot < confs.size() && confs[slot] != nullptr) return confs[slot];
  const auto* above = inherited(slot);
  if (above != nullptr && (inherits_all() || type.enter_block == nullptr)) return *above;
  own_conf(slot, type);
  return confs[slot];
}

void BlockScope::State::fill(const std::vector<ConfType>& types) {
  Location& place = *scope.location_;
  place.confs_.clear();
  for (uint32_t slot = 0; slot < types.size(); ++slot) {
    place.confs_.push_back(types[slot].create != nullptr ? final_conf(slot, types[slot]) : nullptr);
  }
}

std::unique_ptr<Location> BlockScope::State::same_place(const Location& outer) {
  auto inside = std::make_unique<Location>();
  inside->name = outer.name;
  inside->match = outer.match;
  return inside;
}

void BlockScope::State::inherit_content() {
  if (!inherits_all() || content_of != nullptr) return;
  content = parent->content;
  content_of = parent->content_of;
}

// In the order of the file. Each `if` learns how many of those that follow are its own.
void BlockScope::State::assemble_scripts(Handlers::iterator first, Handlers::iterator end) {
  static const RerouteHandler reroute;
  Location& place = *scope.location_;
  for (auto entry = first; entry != end; ++entry) {
    if (entry->branch == nullptr) continue;
    auto outside = std::find_if(entry + 1, end, [&](const Handler& other) { return other.position > entry->branch_end; });
    entry->branch->set_scripts(static_cast<uint32_t>(outside - entry - 1));
  }
  take_handlers(first, end);
  place.scripts = static_cast<uint32_t>(place.phases[static_cast<size_t>(script_phase(place))].size());
  if (changes_uri && place.match != Location::Match::server) place.phases[static_cast<size_t>(Phase::rewrite)].push_back(&reroute);
}

// A location's `if` has the location's scripts, which the location owns.
void BlockScope::State::share_scripts() {
  Location& place = *scope.location_;
  const Location& outer = *parent->scope.location_;
  const auto& scripts = outer.phases[static_cast<size_t>(Phase::rewrite)];
  place.scripts = outer.scripts;
  const auto count = static_cast<std::ptrdiff_t>(outer.scripts + (parent->changes_uri ? 1 : 0));
  place.phases[static_cast<size_t>(Phase::rewrite)].assign(scripts.begin(), scripts.begin() + count);
}

void BlockScope::State::take_handlers(Handlers::iterator first, Handlers::iterator last) {
  Location& place = *scope.location_;
  for (; first != last; ++first) {
    place.phases[static_cast<size_t>(first->phase)].push_back(first->handler.get());
    place.owned_.push_back(std::move(first->handler));
  }
}

void BlockScope::State::assemble() {
  Location& place = *scope.location_;
  auto by_order = [](const auto& a, const auto& b) { return a.order < b.order; };
  std::stable_sort(handlers.begin(), handlers.end(), [](const Handler& a, const Handler& b) {
    return std::pair(a.order, a.position) < std::pair(b.order, b.position);
  });
  const auto behind = [&](HandlerOrder order) {
    return std::find_if(handlers.begin(), handlers.end(), [order](const Handler& entry) { return entry.order > order; });
  };
  const auto scripts = behind(HandlerOrder::first), rest = behind(HandlerOrder::script);
  if (scope.context_ == kLocationIf) share_scripts();
  take_handlers(handlers.begin(), scripts);
  if (scope.context_ != kLocationIf) assemble_scripts(scripts, rest);
  take_handlers(rest, handlers.end());
  handlers.clear();
  if (content != nullptr) {
    place.phases[static_cast<size_t>(Phase::content)].assign(1, content.get());
    place.owned_.push_back(content);
  }
  auto place_filters = [&](auto& filters, auto& into) {
    std::stable_sort(filters.begin(), filters.end(), by_order);
    for (auto& entry : filters) {
      into.push_back(entry.filter.get());
      place.owned_.push_back(std::move(entry.filter));
    }
    filters.clear();
  };
  place_filters(header_filters, place.header_filters);
  place_filters(body_filters, place.body_filters);
}

}  // namespace sluice
