#include "links.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>

namespace sluice {

namespace {

using Kind = LinkRule::Kind;

Fd open_below(int directory, const char* name, int flags) { return Fd(::openat(directory, name, flags | O_CLOEXEC)); }

// owners_agree: the link and what it leads to belong to one user.
bool owners_agree(int directory, const char* name, int target) {
  struct stat link, led_to;
  return ::fstatat(directory, name, &link, AT_SYMLINK_NOFOLLOW) == 0 && ::fstat(target, &led_to) == 0 && link.st_uid == led_to.st_uid;
}

bool is_link(int directory, const char* name) {
  struct stat found;
  return ::fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(found.st_mode);
}

// open_component opens one name; errno is ELOOP when it is a link that the rule refuses. A link that takes the name's place meanwhile is
// not followed.
Fd open_component(Kind kind, int directory, const char* name, int flags) {
  if (!is_link(directory, name)) return open_below(directory, name, flags | O_NOFOLLOW);
  if (kind == Kind::refuse_others) {
    Fd led_to = open_below(directory, name, flags);
    if (!led_to.valid() || owners_agree(directory, name, led_to.get())) return led_to;
  }
  errno = ELOOP;
  return {};
}

// open_path walks from `trusted` bytes of the path on. The rest has no ".." (RootPath).
Fd open_path(Kind kind, std::string_view path, size_t trusted, int flags) {
  const std::string start = trusted == 0 ? "/" : std::string(path.substr(0, trusted));
  if (trusted == path.size()) return open_below(AT_FDCWD, start.c_str(), flags);
  Fd at = open_below(AT_FDCWD, start.c_str(), O_PATH | O_DIRECTORY);
  std::string_view rest = path.substr(trusted);
  while (at.valid()) {
    rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
    const size_t end = std::min(rest.find('/'), rest.size());
    const std::string name(rest.substr(0, end));
    rest.remove_prefix(end);
    const bool is_last = rest.find_first_not_of('/') == std::string_view::npos;
    // A slash at the end asks for a directory, as it does in open().
    if (is_last) return open_component(kind, at.get(), name.empty() ? "." : name.c_str(), rest.empty() ? flags : flags | O_DIRECTORY);
    at = open_component(kind, at.get(), name.c_str(), O_PATH | O_DIRECTORY);
  }
  return at;
}

size_t trusted_bytes(std::string_view path, std::string_view from) {
  if (from.empty() || !path.starts_with(from)) return 0;
  return path.size() == from.size() || from.ends_with('/') || path[from.size()] == '/' ? from.size() : 0;
}

}  // namespace

Fd LinkRule::open(Exchange& exchange, const FilePath& path, int flags, int& error) const {
  Fd opened = kind_ == Kind::follow ? Fd(::open(path.c_str(), flags | O_CLOEXEC))
                                    : open_path(kind_, path.text, trusted_bytes(path.text, from_.eval(exchange)), flags);
  error = opened.valid() ? 0 : errno;
  return opened;
}

FileLook LinkRule::look(Exchange& exchange, const FilePath& path) const {
  if (kind_ == Kind::follow) return look_at(path.c_str());
  FileLook look;
  const Fd found = open(exchange, path, O_PATH, look.error);
  return found.valid() ? look_at(found.get()) : look;
}

}  // namespace sluice
