#include "upstream/set_cookie.h"

#include <algorithm>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

std::string_view without_blanks(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

bool CookieFlagChanges::take(std::string_view flag) {
  struct Row {
    std::string_view flag;
    Change CookieFlagChanges::*member;
    Change change;
    std::string_view value;
  };
  static constexpr Row kRows[] = {
      {"secure", &CookieFlagChanges::secure, Change::add, {}},
      {"nosecure", &CookieFlagChanges::secure, Change::remove, {}},
      {"httponly", &CookieFlagChanges::http_only, Change::add, {}},
      {"nohttponly", &CookieFlagChanges::http_only, Change::remove, {}},
      {"samesite=strict", &CookieFlagChanges::same_site, Change::add, "Strict"},
      {"samesite=lax", &CookieFlagChanges::same_site, Change::add, "Lax"},
      {"samesite=none", &CookieFlagChanges::same_site, Change::add, "None"},
      {"nosamesite", &CookieFlagChanges::same_site, Change::remove, {}},
  };
  for (const Row& row : kRows) {
    if (!iequals(row.flag, flag)) continue;
    this->*row.member = row.change;
    if (!row.value.empty()) same_site_value = row.value;
    return true;
  }
  return false;
}

std::optional<SetCookie> SetCookie::parse(std::string_view text) {
  SetCookie cookie;
  for (;;) {
    const size_t end = text.find(';');
    const std::string_view part = text.substr(0, end);
    const size_t equals = part.find('=');
    Attribute attribute{without_blanks(part.substr(0, equals)), std::nullopt};
    if (equals != std::string_view::npos) attribute.value = without_blanks(part.substr(equals + 1));
    if (cookie.count_ == kMaxAttributes) return std::nullopt;
    if (cookie.count_ == 0 && attribute.name.empty() && !attribute.value) return std::nullopt;  // no cookie: clients ignore it
    cookie.all_[cookie.count_++] = attribute;
    if (end == std::string_view::npos) return cookie;
    text.remove_prefix(end + 1);
  }
}

void SetCookie::change(const CookieFlagChanges& changes) {
  change("Secure", changes.secure, std::nullopt);
  change("HttpOnly", changes.http_only, std::nullopt);
  change("SameSite", changes.same_site, changes.same_site_value);
}

void SetCookie::change(std::string_view name, CookieFlagChanges::Change change, std::optional<std::string_view> value) {
  if (change == CookieFlagChanges::Change::leave) return;
  if (change == CookieFlagChanges::Change::remove) return remove(name);
  const Attribute attribute{name, value};
  if (!replace(attribute) && count_ < kMaxAttributes) all_[count_++] = attribute;
}

// replace gives every attribute of that name the value, if it has one; false when there is none.
bool SetCookie::replace(const Attribute& with) {
  bool found = false;
  for (Attribute& attribute : attributes()) {
    if (!iequals(attribute.name, with.name)) continue;
    if (with.value) attribute = with;
    found = true;
  }
  return found;
}

void SetCookie::remove(std::string_view name) {
  Attribute* const end = all_.data() + count_;
  Attribute* const kept = std::remove_if(all_.data() + 1, end, [name](const Attribute& one) { return iequals(one.name, name); });
  count_ -= static_cast<size_t>(end - kept);
}

std::string_view SetCookie::text(Arena& arena) const {
  std::string_view out;
  for (size_t i = 0; i < count_; ++i) {
    const Attribute& attribute = all_[i];
    out = arena.concat(out, out.empty() ? "" : "; ", attribute.name, attribute.value ? "=" : "", attribute.value.value_or(""));
  }
  return out;
}

}  // namespace sluice
