// map: variables whose value follows from that of others: `map $source $variable { ... }`, as nginx's ngx_http_map_module.
#include <vector>

#include <sluice/sluice.h>

#include "map_table.h"

namespace sluice {
namespace {

// In a variable's slot of the exchange while its value is being found.
constexpr char kBeingFound[] = "being found";

void put_value(Exchange& exchange, const Variable& variable, std::string_view value) {
  exchange.store_set_value(variable.slot, value.data() != nullptr ? value : std::string_view(""));
}

// A value is found once for a request, and again each time if the map is volatile. What `set` or Lua wrote stays.
VariableValue get_value(Exchange& exchange, const Variable& variable) {
  const std::string_view kept = exchange.set_value(variable.slot);
  if (kept.data() == kBeingFound) {
    exchange.log_at(LogLevel::error, "cycle while evaluating variable \"", variable.name(), '"');
    return {};
  }
  if (kept.data() != nullptr) return kept;
  const auto& map = *static_cast<const MapTable*>(variable.data);
  exchange.store_set_value(variable.slot, {kBeingFound, 0});
  const std::string_view value = map.value_for(exchange);
  if (map.is_volatile()) exchange.store_set_value(variable.slot, {});
  else put_value(exchange, variable, value);
  return value;
}

constexpr VariableRow kMapRow{"", get_value, put_value, "A variable that a map computes."};

class MapModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override;

  const MapTable* keep(std::unique_ptr<MapTable> map) {
    maps_.push_back(std::move(map));
    return maps_.back().get();
  }

 private:
  std::vector<std::unique_ptr<MapTable>> maps_;
};

Result<void> add_map(DirectiveUse& use) {
  const std::string_view name = use.arg(1);
  if (!name.starts_with('$') || name.size() == 1) return use.error(concat("invalid variable name \"", name, '"'));
  TRY_ASSIGN(auto map, MapTable::from_directive(use));
  const MapTable* kept = use.module_as<MapModule>().keep(std::move(map));
  TRY_ASSIGN([[maybe_unused]] const Variable* variable,
             use.block.builder().define_computed(use.node.place, name.substr(1), kMapRow, kept));
  return {};
}

Result<void> check_size(DirectiveUse& use) {
  TRY(rows::size_value(use));
  return {};
}

constexpr Directive accepted_size(std::string_view name, std::string_view default_text) {
  return {name, kHttp, 1, 1, BlockShape::none, Repeat::once, check_size, nullptr, default_text,
          "Accepted; without effect: a map's table has the size it needs."};
}

constexpr Directive kRows[] = {
    {"map", kHttp, 2, 2, BlockShape::block, Repeat::any, add_map, nullptr, "",
     "Makes a variable whose value follows from another text: `map $source $variable { key value; }`. Keys are texts (in any case), "
     "`~pattern`, `~*pattern`, with `hostnames` also `*.example.com`, `.example.com` and `www.example.*`; `default` is for all others, "
     "and `volatile` forgets the value at once. It is found when it is first asked for."},
    accepted_size("map_hash_max_size", "2048"),
    accepted_size("map_hash_bucket_size", "64"),
};

void MapModule::declare(ModuleDeclarations& declarations) { declarations.directives(kRows); }

}  // namespace
}  // namespace sluice

SLUICE_MODULE(sluice::MapModule, "map", "Variables whose values follow from those of others.")
