// The generated reference pages: every directive and variable from its row.
#include <algorithm>

#include <sluice/base/strings.h>

#include "module/build.h"
#include "module/builtin.h"
#include "module/registry.h"
#include "server/generation_builder.h"

namespace sluice {

namespace {

constexpr std::pair<Context, std::string_view> kContexts[] = {{kMain, "main"},     {kEvents, "events"},     {kHttp, "http"},
                                                              {kServer, "server"}, {kLocation, "location"}, {kServerIf, "if in server"},
                                                              {kLocationIf, "if in location"}, {kLimitExcept, "limit_except"},
                                                              {kUpstream, "upstream"}};

std::string contexts_text(uint32_t contexts) {
  std::string text;
  for (const auto& [context, name] : kContexts) {
    if ((contexts & context) != 0) text += concat(text.empty() ? "" : ", ", name);
  }
  return text;
}

std::string arguments_text(const Directive& row) {
  if (row.max_args < 0) return concat(row.min_args, " or more");
  return row.min_args == row.max_args ? concat(row.min_args) : concat(row.min_args, " to ", row.max_args);
}

std::string_view shape_text(BlockShape shape) {
  if (shape == BlockShape::block) return ", then a block";
  return shape == BlockShape::raw ? ", then a block of Lua" : "";
}

std::string directive_text(const Directive& row) {
  std::string text = concat("### `", row.name, "`\n\n", row.help, "\n\n- Context: ", contexts_text(row.contexts), "\n- Arguments: ",
                            arguments_text(row), shape_text(row.shape), '\n');
  if (!row.default_text.empty()) text += concat("- Default: `", row.default_text, "`\n");
  if (row.repeat == Repeat::list) text += "- May be repeated; one in a block replaces all that the block would inherit.\n";
  return text + '\n';
}

std::string directives_text(const GenerationBuilder& builder) {
  std::map<std::string, std::vector<const Directive*>> by_module;
  for (const auto& entry : builder.directives().entries()) by_module[builder.owner_name(entry.owner)].push_back(entry.row);
  std::string text = "# Directives\n\n";
  for (auto& [module, rows] : by_module) {
    text += concat("## ", module, "\n\n");
    std::stable_sort(rows.begin(), rows.end(), [](const Directive* a, const Directive* b) { return a->name < b->name; });
    for (const Directive* row : rows) text += directive_text(*row);
  }
  return text;
}

std::string variables_text(GenerationBuilder& builder) {
  std::vector<const VariableRow*> rows(builder.built().variables.rows().begin(), builder.built().variables.rows().end());
  std::sort(rows.begin(), rows.end(), [](const VariableRow* a, const VariableRow* b) { return a->name < b->name; });
  std::string text = "# Variables\n\n";
  for (const VariableRow* row : rows) {
    if (row->help.empty()) continue;
    std::string_view family = row->name.ends_with('_') ? "NAME" : "";
    text += concat("- `$", row->name, family, "`: ", row->help, row->set != nullptr ? " Can be set." : "", '\n');
  }
  return text;
}

}  // namespace

std::string render_directive_reference(const BuildInput& input) {
  auto registry = Registry::open(input);
  if (!registry) return concat(registry.error().text, '\n');
  GenerationBuilder::Options options;
  options.files = input.files;
  options.prefix = input.prefix;
  GenerationBuilder builder(std::move(options));
  std::vector<LoadedModule> modules = make_builtin_modules();
  auto shipped = registry->load_shipped();
  if (!shipped) return concat(shipped.error().text, '\n');
  for (LoadedModule& module : *shipped) modules.push_back(std::move(module));
  for (LoadedModule& module : modules) {
    auto added = builder.add_module(std::move(module));
    if (!added) return concat(added.error().text, '\n');
  }
  return directives_text(builder) + variables_text(builder);
}

}  // namespace sluice
