#include "os/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

const bool kStartedAsRoot = geteuid() == 0;

// getpwnam tells "no such name" by a null pointer and an errno of zero.
Error lookup_error(std::string_view call, const std::string& name) {
  std::string what = concat(call, "(\"", name, "\")");
  if (errno != 0) return os_error(what, errno, ErrorKind::config);
  return Error(ErrorKind::config, what + " failed", ErrorSource::config);
}

Result<void> become(const UserIds& ids) {
  if (setgid(ids.gid) != 0) return os_error(concat("setgid(", ids.gid, ')'), errno);
  if (initgroups(ids.user.c_str(), ids.gid) != 0)
    return os_error(concat("initgroups(", ids.user, ", ", ids.gid, ')'), errno);
  if (setuid(ids.uid) != 0) return os_error(concat("setuid(", ids.uid, ')'), errno);
  if (ids.uid != 0 && setuid(0) == 0)
    return Error(ErrorKind::internal, "root rights could be regained after setuid()");
  return {};
}

}  // namespace

bool started_as_root() { return kStartedAsRoot; }

Result<UserIds> find_user(const std::string& user, const std::string& group) {
  errno = 0;
  const passwd* found = getpwnam(user.c_str());
  if (found == nullptr) return lookup_error("getpwnam", user);
  UserIds ids{user, found->pw_uid, found->pw_gid};
  if (group.empty()) return ids;
  errno = 0;
  const struct group* named = getgrnam(group.c_str());
  if (named == nullptr) return lookup_error("getgrnam", group);
  ids.gid = named->gr_gid;
  return ids;
}

Result<void> drop_privileges(const UserIds& ids) {
  if (geteuid() == 0) TRY(become(ids));
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return os_error("prctl(PR_SET_NO_NEW_PRIVS)", errno);
  if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return os_error("prctl(PR_SET_DUMPABLE)", errno);
  return {};
}

}  // namespace sluice
