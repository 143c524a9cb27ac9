// SetCookie: the value of a Set-Cookie field, taken apart to change its attributes. Bytes in, bytes out.
//
// It is as lenient as nginx: what stands between semicolons is an attribute, whatever it is. Views refer to the text it was made of.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <sluice/base/arena.h>

namespace sluice {

// What proxy_cookie_flags does to an attribute.
struct CookieFlagChanges {
  enum class Change : uint8_t { leave, add, remove };
  Change secure = Change::leave;
  Change http_only = Change::leave;
  Change same_site = Change::leave;
  std::string_view same_site_value;  // "Strict", "Lax", "None": static text

  // take adds one flag by its name in the configuration ("secure", "samesite=lax", "nohttponly"), in any case; false: there is none.
  bool take(std::string_view flag);
};

class SetCookie {
 public:
  static constexpr size_t kMaxAttributes = 32;  // the cookie itself among them; one with more is left alone

  struct Attribute {
    std::string_view name;
    std::optional<std::string_view> value;
  };

  // parse fails (nothing) when there is no cookie in front, or there are too many attributes.
  static std::optional<SetCookie> parse(std::string_view text);

  std::string_view name() const { return all_[0].name; }
  // attributes are those behind the cookie itself.
  std::span<Attribute> attributes() { return {all_.data() + 1, count_ - 1}; }
  void change(const CookieFlagChanges& changes);
  // text joins everything with "; ".
  std::string_view text(Arena& arena) const;

 private:
  SetCookie() = default;
  void change(std::string_view name, CookieFlagChanges::Change change, std::optional<std::string_view> value);
  bool replace(const Attribute& with);
  void remove(std::string_view name);

  std::array<Attribute, kMaxAttributes> all_;  // the first is the cookie itself
  size_t count_ = 0;
};

}  // namespace sluice
