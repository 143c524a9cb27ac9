#include "try_files.h"

#include <cerrno>
#include <cstring>

#include <sluice/base/strings.h>
#include <sluice/os/file_look.h>

#include "static_module.h"

namespace sluice {

Result<void> read_try_files(DirectiveUse& use) {
  auto list = std::make_shared<TryList>();
  ConfigBuilder& builder = use.block.builder();
  const size_t last = use.count() - 1;
  for (size_t i = 0; i < last; ++i) {
    std::string_view name = use.arg(i);
    const bool directory = name.ends_with('/');
    if (directory) name.remove_suffix(1);
    TRY_ASSIGN(ComplexValue value, builder.compile(use.node.place, name));
    list->tries.push_back({std::move(value), directory});
  }
  if (use.arg(last).starts_with('=')) {
    constexpr uint64_t kLargest = 999;
    auto code = parse_uint(use.arg(last).substr(1));
    if (!code || *code > kLargest) return use.error(concat("invalid code \"", use.arg(last), '"'));
    list->code = static_cast<int>(*code);
  } else {
    TRY_ASSIGN(list->target, builder.compile(use.node.place, use.arg(last)));
  }
  use.conf_as<StaticConf>().try_files = std::move(list);
  return {};
}

namespace {

// The mark holds for one pass through the phases: it is the number of redirects so far, and one.
void* mark_of(const Exchange& exchange) { return reinterpret_cast<void*>(uintptr_t{exchange.redirects()} + 1); }

}  // namespace

FilePath path_of_request(const StaticModule& module, const RootPath& root, Exchange& exchange) {
  const bool follows = root.kind() == RootPath::Kind::whole_alias && exchange.slot(module.alias_slot()) == mark_of(exchange);
  return follows ? root.join(exchange, exchange.uri()) : root.path_of_uri(exchange);
}

Task<Outcome> TryFilesHandler::run(Exchange& exchange) const {
  for (const TryList::Try& attempt : list_->tries) {
    if (exists(exchange, attempt)) return Outcome::next();
  }
  return give_up(exchange);
}

bool TryFilesHandler::exists(Exchange& exchange, const TryList::Try& attempt) const {
  std::string_view name = attempt.name.eval(exchange);
  const bool strips = root_->kind() == RootPath::Kind::alias && !attempt.name.is_constant() && name.starts_with(root_->name());
  if (strips) name.remove_prefix(root_->name().size());
  const FilePath path = root_->join(exchange, name);
  if (path.refusal != 0) return false;
  const FileLook look = links_.look(exchange, path);
  if (look.error == 0) {
    if (look.is_directory() != attempt.directory) return false;
    choose(exchange, name, attempt.directory);
    return true;
  }
  if (look.error != ENOENT && look.error != ENOTDIR && look.error != ENAMETOOLONG && look.error != ELOOP) {
    char room[128];
    exchange.log_at(LogLevel::crit, "stat() \"", path.text, "\" failed (", look.error, ": ",
                    std::string_view(strerror_r(look.error, room, sizeof room)), ')');
  }
  return false;
}

void TryFilesHandler::choose(Exchange& exchange, std::string_view name, bool directory) const {
  switch (root_->kind()) {
    case RootPath::Kind::root: break;
    case RootPath::Kind::alias: name = exchange.arena().concat(root_->name(), name); break;
    case RootPath::Kind::whole_alias:
      if (directory) return;
      exchange.slot(module_.alias_slot()) = mark_of(exchange);
      break;
  }
  if (!name.empty() && name != exchange.uri()) exchange.set_uri(name);
}

Outcome TryFilesHandler::give_up(Exchange& exchange) const {
  if (list_->code) return Outcome::status(*list_->code);
  const std::string_view target = list_->target.eval(exchange);
  if (target.starts_with('@')) {
    if (exchange.set_named_location(target)) return Outcome::named();
    exchange.log_at(LogLevel::error, "could not find named location \"", target, '"');
    return Outcome::status(500);
  }
  const size_t mark = target.find('?');
  const std::string_view path = target.substr(0, mark);
  if (path.empty()) return Outcome::status(500);
  exchange.set_uri(path);
  exchange.set_args(mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1));
  return Outcome::internal_redirect();
}

}  // namespace sluice
