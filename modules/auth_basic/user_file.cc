#include "user_file.h"

#include <fcntl.h>

#include <cerrno>

#include <sluice/base/clock.h>
#include <sluice/base/hash.h>
#include <sluice/base/strings.h>
#include <sluice/net/digest.h>
#include <sluice/os/file.h>

#include "password.h"

namespace sluice {

namespace {

constexpr size_t kMostFiles = 100;  // a name with variables may lead to many
constexpr uint64_t kLargestFile = 32 * 1024 * 1024;
constexpr size_t kSecretBytes = 32;

}  // namespace

UserFiles::UserFiles() : secret_(kSecretBytes, '\0') { random_bytes(secret_.data(), secret_.size()); }

Result<UserFiles::Verdict> UserFiles::check(std::string_view path, std::string_view user, std::string_view password) {
  TRY_ASSIGN(File* const file, current(path));
  auto found = file->users.find(user);
  if (found == file->users.end()) return Verdict::unknown_user;
  return compare(found->second, password);
}

// current gives the file as it is now. A file that changed a moment ago may change again without a trace in its stamp: it is read each
// time until it has settled.
Result<UserFiles::File*> UserFiles::current(std::string_view path) {
  auto known = files_.find(path);
  const std::string name(path);
  const FileLook look = look_at(name.c_str());
  if (look.error != 0) return path_error("open", path, look.error);
  const int64_t now = static_cast<int64_t>(Clock::of_thread().wall_ms() / 1000);
  if (known != files_.end() && known->second.settled && known->second.stamp == look.stamp) return &known->second;

  const Fd fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return path_error("open", path, errno);
  if (!look.is_regular() || look.stamp.size > kLargestFile) return Error(ErrorKind::io, concat('"', path, "\" is no file of passwords"));
  auto content = read_all(fd.get());
  if (!content) return path_error("read", path, content.error().os_errno);
  if (known == files_.end()) {
    if (files_.size() == kMostFiles) files_.clear();
    known = files_.try_emplace(name).first;
  }
  File& file = known->second;
  file.stamp = look.stamp;
  const FileLook after = look_at(fd.get());
  file.settled = after.error == 0 && after.stamp == look.stamp && settled(look.stamp, now);
  read_users(*content, file);
  return &file;
}

// The first line of a name counts. What was proven stays so for lines that did not change.
void UserFiles::read_users(std::string_view content, File& file) {
  auto before = std::move(file.users);
  file.users.clear();
  for (std::string_view rest = content; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const size_t colon = line.find(':');
    if (line.starts_with('#') || colon == line.npos) continue;
    const std::string_view stored = line.substr(colon + 1, line.find(':', colon + 1) - colon - 1);
    auto [place, added] = file.users.try_emplace(std::string(line.substr(0, colon)), Entry{std::string(stored), {}});
    if (!added) continue;
    auto old = before.find(place->first);
    if (old != before.end() && old->second.stored == stored) place->second.proof = std::move(old->second.proof);
  }
}

UserFiles::Verdict UserFiles::compare(Entry& entry, std::string_view password) const {
  if (!is_expensive(entry.stored)) return password_fits(password, entry.stored) ? Verdict::right : Verdict::wrong_password;
  const std::string proof = sha256(concat(secret_, password));
  if (same_secret(proof, entry.proof)) return Verdict::right;
  if (!password_fits(password, entry.stored)) return Verdict::wrong_password;
  entry.proof = proof;
  return Verdict::right;
}

}  // namespace sluice
