// map: variables whose value follows from that of others: `map $source $variable { ... }`, as nginx's ngx_http_map_module.
#include <vector>

#include <sluice/sluice.h>

#include "map_table.h"

namespace sluice {
namespace {

class MapModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override;

  const MapTable& keep(std::unique_ptr<MapTable> map) {
    maps_.push_back(std::move(map));
    return *maps_.back();
  }

 private:
  std::vector<std::unique_ptr<MapTable>> maps_;
};

Result<void> add_map(DirectiveUse& use) {
  TRY_ASSIGN(auto map, MapTable::from_directive(use));
  return use.block.builder().define_computed(use.node.place, use.arg(1), use.module_as<MapModule>().keep(std::move(map)));
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
