// Rows that open blocks of the http tree.
#include <algorithm>

#include <sluice/base/strings.h>

#include "server/core_conf.h"
#include "server/generation_builder.h"
#include "server/listen_line.h"
#include "server/location_line.h"

namespace sluice {

namespace {

Result<void> enter_events(DirectiveUse& use) {
  return use.block.apply_children(use.node, kEvents, nullptr);
}

Result<void> enter_http(DirectiveUse& use) {
  return use.block.apply_children(use.node, kHttp, nullptr);
}

Result<void> enter_server(DirectiveUse& use) {
  auto& builder = GenerationBuilder::of(use.block.builder());
  auto& server = *builder.built().servers.emplace_back(std::make_unique<VirtualServer>());
  server.locations = std::make_unique<LocationTable>();
  server.root.match = Location::Match::server;
  PlaceDraft& draft = builder.add_draft({&server, &server.locations->impl->top, nullptr});
  auto& entry = builder.listens().add_server(&server, use.node.place);
  TRY(builder.apply_block(use.node, kServer, &BlockScope::State::of(use.block), &draft, &server.root));
  if (!entry.names.empty()) server.primary_name = primary_name(entry.names.front());
  if (entry.names.empty()) entry.names.push_back({"", nullptr, use.node.place});
  if (!entry.listens.empty()) return {};
  return builder.listens().add_listen(entry, default_listen(use.node.place));
}

Result<void> enter_location(DirectiveUse& use) {
  auto& builder = GenerationBuilder::of(use.block.builder());
  auto& parent = use.block.owner<PlaceDraft>();
  TRY_ASSIGN(std::unique_ptr<LocationNode> node, parse_location(use, parent));
  LocationNode& added = *node;
  added.nested = std::make_unique<LocationLevel>();
  PlaceDraft& draft = builder.add_draft({parent.server, added.nested.get(), &added});
  TRY(add_location(use, parent, std::move(node)));
  TRY(builder.apply_block(use.node, kLocation, &BlockScope::State::of(use.block), &draft, &added.location));
  if (added.nested->empty()) added.nested.reset();
  return {};
}

// method_bit finds a method by its name in any case; 0 for what cannot be limited.
uint32_t method_bit(std::string_view name) {
  constexpr auto kFirst = static_cast<uint32_t>(Method::get), kLast = static_cast<uint32_t>(Method::patch);
  for (uint32_t bit = kFirst; bit <= kLast; bit <<= 1) {
    if (iequals(method_name(static_cast<Method>(bit)), name)) return bit;
  }
  return 0;
}

// GET allows HEAD too.
Result<uint32_t> parse_methods(const DirectiveUse& use) {
  uint32_t methods = 0;
  for (const std::string& name : use.node.args) {
    const uint32_t bit = method_bit(name);
    if (bit == 0) return use.error(concat("invalid method \"", name, '"'));
    methods |= bit;
  }
  if ((methods & static_cast<uint32_t>(Method::get)) != 0) methods |= static_cast<uint32_t>(Method::head);
  return methods;
}

Result<void> enter_limit_except(DirectiveUse& use) {
  auto limit = std::make_unique<MethodLimit>();
  TRY_ASSIGN(limit->methods, parse_methods(use));
  limit->others = BlockScope::State::same_place(*use.block.location());
  Location& others = *limit->others;
  use.block.location()->method_limit = std::move(limit);
  auto& state = BlockScope::State::of(use.block);
  return GenerationBuilder::of(use.block.builder()).apply_block(use.node, kLimitExcept, &state, &use.block.owner<PlaceDraft>(), &others);
}

Result<void> add_listen(DirectiveUse& use) {
  auto& builder = GenerationBuilder::of(use.block.builder());
  TRY_ASSIGN(std::vector<ListenLine> lines, parse_listen(use));
  auto& entry = *builder.listens().entry_of(use.block.owner<PlaceDraft>().server);
  for (ListenLine& line : lines) TRY(builder.listens().add_listen(entry, std::move(line)));
  return {};
}

Result<void> add_server_names(DirectiveUse& use) {
  auto& builder = GenerationBuilder::of(use.block.builder());
  auto& entry = *builder.listens().entry_of(use.block.owner<PlaceDraft>().server);
  for (const std::string& name : use.node.args) {
    TRY_ASSIGN(NameLine line, parse_server_name(use, name));
    entry.names.push_back(std::move(line));
  }
  return {};
}

constexpr Directive kRows[] = {
    {"events", kMain, 0, 0, BlockShape::block, Repeat::once, enter_events, nullptr, "", "Values of the event loop."},
    {"http", kMain, 0, 0, BlockShape::block, Repeat::once, enter_http, nullptr, "", "Everything about HTTP."},
    {"server", kHttp, 0, 0, BlockShape::block, Repeat::any, enter_server, nullptr, "",
     "A virtual server: chosen by the listening address and the host name of a request."},
    {"location", kServer | kLocation, 1, 2, BlockShape::block, Repeat::any, enter_location, nullptr, "",
     "Values for requests with a path: `= path` (exactly), `path` (longest prefix), `^~ path` (prefix that keeps regular "
     "expressions out), `~ regex`, `~* regex` (any case), `@name` (for internal redirects). May be nested."},
    {"limit_except", kLocation, 1, -1, BlockShape::block, Repeat::once, enter_limit_except, nullptr, "",
     "Values for requests with other methods than those named (GET allows HEAD), usually allow, deny or auth_basic. As in nginx, the "
     "location's scripts (set, rewrite, return, if) do not run for them."},
    {"listen", kServer, 1, -1, BlockShape::none, Repeat::any, add_listen, nullptr, "*:80 | *:8000",
     "An address and port, a port, or `unix:PATH` to accept connections on. Parameters: default_server, backlog=N, "
     "ipv6only=on|off; bind and reuseport are accepted, for they always hold. Without root's rights the default port is 8000."},
    {"server_name", kServer, 1, -1, BlockShape::none, Repeat::any, add_server_names, nullptr, "\"\"",
     "Names of the server: exact, `*.example.com`, `www.example.*`, `.example.com`, or `~regex`, whose groups become variables."},
};

}  // namespace

std::span<const Directive> block_directives() {
  return kRows;
}

}  // namespace sluice
