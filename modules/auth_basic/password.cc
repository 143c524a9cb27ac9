#include "password.h"

#include <crypt.h>

#include <memory>
#include <optional>

#include <sluice/base/base64.h>
#include <sluice/base/strings.h>
#include <sluice/net/digest.h>

namespace sluice {

namespace {

constexpr std::string_view kApr1 = "$apr1$";
constexpr std::string_view kPlain = "{PLAIN}";
constexpr std::string_view kSha = "{SHA}";
constexpr std::string_view kSaltedSha = "{SSHA}";
constexpr size_t kSha1Bytes = 20;

std::optional<std::string> decode(std::string_view text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  const auto size = base64_decode(text, kBase64, OtherBytes::refuse, out.data());
  if (!size) return {};
  out.resize(*size);
  return out;
}

// {SHA}: base64 of the digest; {SSHA}: base64 of the digest of password and salt, and the salt.
bool sha_fits(std::string_view password, std::string_view stored) {
  const auto decoded = decode(stored);
  if (!decoded || decoded->size() < kSha1Bytes) return false;
  const std::string_view digest = std::string_view(*decoded).substr(0, kSha1Bytes);
  const std::string_view salt = std::string_view(*decoded).substr(kSha1Bytes);
  return same_secret(sha1(concat(password, salt)), digest);
}

bool crypt_fits(std::string_view password, std::string_view stored) {
  // What has a NUL in it would be compared in part only.
  if (password.find('\0') != password.npos || stored.find('\0') != stored.npos) return false;
  auto data = std::make_unique<crypt_data>();
  const std::string wanted(stored);
  const char* made = ::crypt_r(std::string(password).c_str(), wanted.c_str(), data.get());
  // An unknown form gives null or a text that begins with '*' and is never a stored one.
  return made != nullptr && made[0] != '*' && same_secret(made, wanted);
}

// The digits of crypt's base64, lowest bits first.
void append_digits(std::string& out, unsigned value, int count) {
  constexpr char kDigits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (; count > 0; --count, value >>= 6) out += kDigits[value & 63];
}

}  // namespace

std::string crypt_apr1(std::string_view password, std::string_view salt) {
  salt.remove_prefix(kApr1.size());
  salt = salt.substr(0, std::min(salt.find('$'), size_t{8}));

  const std::string inner = md5(concat(password, salt, password));
  std::string text = concat(password, kApr1, salt);
  for (size_t left = password.size(); left > 0; left -= std::min(left, inner.size())) text += inner.substr(0, left);
  for (size_t bits = password.size(); bits > 0; bits >>= 1) text += (bits & 1) != 0 ? '\0' : password[0];
  std::string final = md5(text);

  constexpr int kRounds = 1000;
  for (int round = 0; round < kRounds; ++round) {
    text.clear();
    text += (round & 1) != 0 ? password : std::string_view(final);
    if (round % 3 != 0) text += salt;
    if (round % 7 != 0) text += password;
    text += (round & 1) != 0 ? std::string_view(final) : password;
    final = md5(text);
  }

  auto byte = [&](size_t at) { return static_cast<unsigned>(static_cast<unsigned char>(final[at])); };
  std::string out = concat(kApr1, salt, '$');
  for (size_t i = 0; i < 5; ++i) append_digits(out, byte(i) << 16 | byte(i + 6) << 8 | byte(i == 4 ? 5 : i + 12), 4);
  append_digits(out, byte(11), 2);
  return out;
}

bool password_fits(std::string_view password, std::string_view stored) {
  if (stored.starts_with(kApr1)) return same_secret(crypt_apr1(password, stored), stored);
  if (stored.starts_with(kPlain)) return same_secret(password, stored.substr(kPlain.size()));
  if (stored.starts_with(kSha)) return sha_fits(password, stored.substr(kSha.size()));
  if (stored.starts_with(kSaltedSha)) return sha_fits(password, stored.substr(kSaltedSha.size()));
  return crypt_fits(password, stored);
}

bool is_expensive(std::string_view stored) { return !stored.starts_with('{'); }

}  // namespace sluice
