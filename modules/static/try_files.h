// TryFilesHandler: `try_files`: the first name that exists becomes the URI; when none does, a status or an internal redirect.
#pragma once

#include <memory>

#include <sluice/conf/directive.h>
#include <sluice/server/phase.h>

#include "static_conf.h"

namespace sluice {

class StaticModule;

// read_try_files reads the line. Errors: nginx's.
Result<void> read_try_files(DirectiveUse& use);

// path_of_request is where the file of the exchange lies: RootPath::path_of_uri, but when try_files has chosen a name below the alias of a
// location with a pattern the URI is that name, and follows the alias.
FilePath path_of_request(const StaticModule& module, const RootPath& root, Exchange& exchange);

class TryFilesHandler final : public PhaseHandler {
 public:
  // REQUIRES: root and try_files of `conf` are set.
  TryFilesHandler(const StaticModule& module, const StaticConf& conf) : module_(module), root_(conf.root), list_(conf.try_files), links_(conf.links) {}

  Task<Outcome> run(Exchange& exchange) const override;
  std::string_view name() const override { return "try_files"; }

 private:
  // exists looks for one name and makes it the URI.
  bool exists(Exchange& exchange, const TryList::Try& attempt) const;
  void choose(Exchange& exchange, std::string_view name, bool directory) const;
  Outcome give_up(Exchange& exchange) const;

  const StaticModule& module_;
  std::shared_ptr<const RootPath> root_;
  std::shared_ptr<const TryList> list_;
  LinkRule links_;
};

}  // namespace sluice
