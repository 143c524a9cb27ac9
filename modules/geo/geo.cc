// geo: variables whose value follows from an address: `geo [$address] $variable { ... }`, as nginx's ngx_http_geo_module.
#include <vector>

#include "geo_table.h"

namespace sluice {
namespace {

class GeoModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override;

  const GeoTable& keep(std::unique_ptr<GeoTable> table) {
    tables_.push_back(std::move(table));
    return *tables_.back();
  }

 private:
  std::vector<std::unique_ptr<GeoTable>> tables_;
};

Result<void> add_geo(DirectiveUse& use) {
  TRY_ASSIGN(auto table, GeoTable::from_directive(use));
  return use.block.builder().define_computed(use.node.place, use.arg(use.count() - 1), use.module_as<GeoModule>().keep(std::move(table)));
}

constexpr Directive kRows[] = {
    {"geo", kHttp, 1, 2, BlockShape::block, Repeat::any, add_geo, nullptr, "",
     "Makes a variable whose value follows from the client's address, or from the address in another variable: `geo [$address] $variable "
     "{ 10.0.0.0/8 value; }`. The most specific block counts; `default` is for all others; `ranges` as the first word makes the keys ranges "
     "(`10.0.0.1-10.0.0.9`, IPv6 too), of which the last counts; `delete` takes one out again; behind a `proxy` the address is that of "
     "X-Forwarded-For, with `proxy_recursive` the last that is no proxy; `volatile` forgets the value at once. Values are plain text."},
};

void GeoModule::declare(ModuleDeclarations& declarations) { declarations.directives(kRows); }

}  // namespace
}  // namespace sluice

SLUICE_MODULE(sluice::GeoModule, "geo", "Variables whose values follow from addresses.")
