#include <sluice/server/resolvers.h>

#include <algorithm>
#include <vector>

namespace sluice {

namespace {

struct Resolvers {
  explicit Resolvers(ProcessContext&) {}
  std::vector<std::weak_ptr<Resolver>> list;
};

}  // namespace

ResolverOptions resolver_options(const CoreConf& conf) {
  ResolverOptions options = conf.resolver != nullptr ? *conf.resolver : ResolverOptions{};
  options.timeout = conf.resolver_timeout;
  return options;
}

std::shared_ptr<Resolver> shared_resolver(ProcessContext& process, const ResolverOptions& options) {
  auto& known = process.shared<Resolvers>("resolvers").list;
  std::erase_if(known, [](const auto& one) { return one.expired(); });
  for (const auto& one : known) {
    if (auto resolver = one.lock(); resolver->options() == options) return resolver;
  }
  auto made = std::make_shared<Resolver>(process.loop, options, process.metrics);
  known.push_back(made);
  return made;
}

}  // namespace sluice
