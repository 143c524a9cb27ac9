#include "access_rules.h"

namespace sluice {

void AccessRules::add(Verdict verdict, const IpBlock& block) { lines_.push_back({block, verdict}); }

void AccessRules::add_unix(Verdict verdict) {
  if (unix_ == Verdict::none) unix_ = verdict;
}

void AccessRules::add_all(Verdict verdict) {
  add(verdict, IpBlock::every_v4());
  add(verdict, IpBlock::every_v6());
  add_unix(verdict);
}

// The map shows what was painted last, so the first line comes last.
void AccessRules::seal() {
  if (lines_.empty()) return;
  for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) map_.paint(line->block, static_cast<uint32_t>(line->verdict));
  map_.seal();
  lines_ = {};
}

AccessRules::Verdict AccessRules::verdict_on(const Address& client) const {
  if (client.is_unix()) return unix_;
  const uint32_t found = map_.find(client);
  return found == AddressMap::kNone ? Verdict::none : static_cast<Verdict>(found);
}

}  // namespace sluice
