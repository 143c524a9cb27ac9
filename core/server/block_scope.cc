#include <algorithm>

#include <sluice/base/strings.h>

#include "server/block_state.h"
#include "server/generation_builder.h"

namespace sluice {

void BlockScope::add_script(std::unique_ptr<PhaseHandler> handler) {
  Phase phase = location_->match == Location::Match::server ? Phase::server_rewrite : Phase::rewrite;
  state_->handlers.push_back({phase, HandlerOrder::script, std::move(handler)});
}

void BlockScope::set_content(std::unique_ptr<PhaseHandler> handler) {
  if (state_->content != nullptr && state_->content->name() != handler->name()) {
    builder_.warn(ConfigPlace{}, concat("location \"", location_->name, "\" has two content handlers: ", state_->content->name(), " gives way to ",
                                        handler->name()));
  }
  state_->content = std::move(handler);
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
    if (type.enter_block != nullptr) type.enter_block(confs[slot].get());
  } else {
    confs[slot] = std::shared_ptr<void>(type.create(), type.destroy);
  }
  return confs[slot].get();
}

std::shared_ptr<void> BlockScope::State::final_conf(uint32_t slot, const ConfType& type) {
  if (slot < confs.size() && confs[slot] != nullptr) return confs[slot];
  const auto* above = inherited(slot);
  if (above != nullptr && type.enter_block == nullptr) return *above;
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

void BlockScope::State::assemble() {
  Location& place = *scope.location_;
  auto by_order = [](const auto& a, const auto& b) { return a.order < b.order; };
  std::stable_sort(handlers.begin(), handlers.end(), by_order);
  for (Handler& entry : handlers) {
    place.phases[static_cast<size_t>(entry.phase)].push_back(entry.handler.get());
    place.owned_.push_back(std::move(entry.handler));
  }
  handlers.clear();
  if (content != nullptr) {
    place.phases[static_cast<size_t>(Phase::content)].assign(1, content.get());
    place.owned_.push_back(std::move(content));
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
