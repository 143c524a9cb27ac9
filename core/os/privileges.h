// Users and rights: who the workers run as, and giving up what they do not need.
#pragma once

#include <sys/types.h>

#include <string>

#include <sluice/base/error.h>

namespace sluice {

struct UserIds {
  std::string user;
  uid_t uid = 0;
  gid_t gid = 0;
};

// find_user looks names up (getpwnam, getgrnam; blocking). An empty group means the user's own. Errors: `getpwnam("x") failed`.
Result<UserIds> find_user(const std::string& user, const std::string& group);

// started_as_root: the program was started with root's rights, whatever a child of it has by now.
bool started_as_root();

// drop_privileges makes the process run as `ids` for good when it runs as root (setgid, initgroups, setuid; checked), and in any case
// forbids gaining rights by exec (PR_SET_NO_NEW_PRIVS) and keeps core dumps possible (PR_SET_DUMPABLE).
Result<void> drop_privileges(const UserIds& ids);

}  // namespace sluice
