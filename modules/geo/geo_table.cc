#include "geo_table.h"

#include <algorithm>

namespace sluice {

Result<std::unique_ptr<GeoTable>> GeoTable::from_directive(DirectiveUse& use) {
  auto table = std::make_unique<GeoTable>();
  Draft draft{use.block.builder(), {}, {}, {}, false};
  if (use.count() == 2) {
    if (!use.arg(0).starts_with('$')) return use.error(concat("invalid variable name \"", use.arg(0), '"'));
    TRY_ASSIGN(table->source_, draft.builder.compile(use.node.place, use.arg(0)));
  }
  for (const auto& line : use.node.children) TRY(table->add_line(draft, *line));
  table->finish(draft);
  return table;
}

Result<void> GeoTable::add_line(Draft& draft, const ConfigNode& line) {
  if (line.has_block) return config_error(line.place, "unexpected \"{\"");
  if (line.args.empty()) return add_word(draft, line);
  if (line.args.size() != 1) return config_error(line.place, "invalid number of the geo parameters");
  if (line.name == "delete") return remove_entry(draft, line);
  if (line.name == "proxy") return add_proxy(draft, line);
  return add_entry(draft, line);
}

Result<void> GeoTable::add_word(Draft& draft, const ConfigNode& line) {
  if (line.name == "ranges") {
    if (!draft.entries.empty() || default_) {
      return config_error(line.place, "the \"ranges\" directive must be the first directive inside \"geo\" block");
    }
    draft.ranges = true;
  } else if (line.name == "proxy_recursive") {
    recursion_ = Recursion::on;
  } else if (line.name == "volatile") {
    volatile_ = true;
  } else {
    return config_error(line.place, "invalid number of the geo parameters");
  }
  return {};
}

Result<void> GeoTable::add_entry(Draft& draft, const ConfigNode& line) {
  const std::string& text = line.args[0];
  auto warn_of_duplicate = [&](uint32_t old) {
    draft.builder.warn(line.place, concat("duplicate ", draft.ranges ? "range" : "network", " \"", line.name, "\", value: \"", text,
                                          "\", old value: \"", values_[old], '"'));
  };
  const uint32_t value = number_of(draft, text);
  if (line.name == "default") {
    if (default_) warn_of_duplicate(*default_);
    default_ = value;
    return {};
  }
  TRY_ASSIGN(const IpBlock block, block_of(draft, line, line.name));
  auto [place, added] = draft.places.try_emplace({block.first, block.last}, draft.entries.size());
  if (!added) {
    auto& before = draft.entries[place->second];
    warn_of_duplicate(before->value);
    before.reset();
    place->second = draft.entries.size();
  }
  draft.entries.push_back(Entry{block, value});
  return {};
}

Result<void> GeoTable::remove_entry(Draft& draft, const ConfigNode& line) {
  TRY_ASSIGN(const IpBlock block, block_of(draft, line, line.args[0]));
  auto place = draft.places.find({block.first, block.last});
  if (place == draft.places.end()) {
    const std::string_view what = draft.ranges ? "address range" : "network";
    draft.builder.warn(line.place, concat("no ", what, " \"", line.args[0], "\" to delete"));
    return {};
  }
  draft.entries[place->second].reset();
  draft.places.erase(place);
  return {};
}

Result<void> GeoTable::add_proxy(Draft& draft, const ConfigNode& line) {
  const auto block = IpBlock::parse_cidr(line.args[0]);
  if (!block) return config_error(line.place, concat("invalid network \"", line.args[0], '"'));
  if (block->low_bits_set) draft.builder.warn(line.place, concat("low address bits of ", line.args[0], " are meaningless"));
  if (!proxies_) proxies_.emplace();
  proxies_->addresses.paint(*block, 1);
  return {};
}

Result<IpBlock> GeoTable::block_of(Draft& draft, const ConfigNode& line, std::string_view text) {
  const auto block = draft.ranges ? IpBlock::parse_range(text) : IpBlock::parse_cidr(text);
  if (!block) return config_error(line.place, concat("invalid network \"", text, '"'));
  if (block->low_bits_set) draft.builder.warn(line.place, concat("low address bits of ", text, " are meaningless"));
  return *block;
}

uint32_t GeoTable::number_of(Draft& draft, const std::string& value) {
  auto [known, added] = draft.numbers.try_emplace(value, static_cast<uint32_t>(values_.size()));
  if (added) values_.push_back(value);
  return known->second;
}

// The map shows what was painted last: of blocks that lie in each other the narrower one.
void GeoTable::finish(Draft& draft) {
  std::erase_if(draft.entries, [](const auto& entry) { return !entry; });
  if (!draft.ranges) {
    std::stable_sort(draft.entries.begin(), draft.entries.end(),
                     [](const auto& a, const auto& b) { return a->block.prefix_bits < b->block.prefix_bits; });
  }
  for (const auto& entry : draft.entries) map_.paint(entry->block, entry->value);
  map_.seal();
  if (proxies_) proxies_->addresses.seal();
  values_.shrink_to_fit();
}

VariableValue GeoTable::compute(Exchange& exchange) const {
  const uint32_t found = map_.find(key_of(exchange));
  if (found != AddressMap::kNone) return std::string_view(values_[found]);
  return default_ ? std::string_view(values_[*default_]) : std::string_view("");
}

// What is no IP address counts as 255.255.255.255, as in nginx.
IpKey GeoTable::key_of(Exchange& exchange) const {
  constexpr IpKey kNobody{0, UINT32_MAX, true};
  std::optional<Address> given;
  if (source_) {
    given = Address::from_ip(source_->eval(exchange));
    if (!given) return kNobody;
  }
  const Address& from = given ? *given : exchange.client_address();
  if (!proxies_) return IpKey::of(from).value_or(kNobody);
  const auto client = forwarded_address(from, exchange.request().headers, header_name(HeaderId::x_forwarded_for), *proxies_, recursion_);
  return IpKey::of(client ? *client : from).value_or(kNobody);
}

}  // namespace sluice
