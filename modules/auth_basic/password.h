// What a password file may hold behind a user's name, as nginx's ngx_crypt knows it.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// password_fits compares a password with a stored form: `$apr1$`, `{SHA}`, `{SSHA}`, `{PLAIN}`, or whatever crypt(3) knows (bcrypt,
// yescrypt, SHA-512). Blocks for as long as the form's author made it expensive.
bool password_fits(std::string_view password, std::string_view stored);

// is_expensive: comparing takes so long that it is worth remembering a success.
bool is_expensive(std::string_view stored);

// crypt_apr1 is Apache's variant of MD5-crypt; `salt` is the stored form, or as much of it as the salt needs.
std::string crypt_apr1(std::string_view password, std::string_view salt);

}  // namespace sluice
