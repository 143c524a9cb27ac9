// UserFiles: password files (`name:password[:comment]` lines), read again when they change.
//
// Every request asks the kernel for the file's stamp (one statx) and reads the file only when that is not the one it was read with. A
// name whose password was right once has the proof kept with it, a salted digest, so that an expensive form (bcrypt) is computed once
// per user and file, not once per request.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <sluice/base/error.h>
#include <sluice/os/file_look.h>

namespace sluice {

class UserFiles {
 public:
  enum class Verdict : uint8_t { unknown_user, wrong_password, right };

  UserFiles();

  // check compares with what the file at `path` says. Errors: the file cannot be read (not_found, io; the text is nginx's).
  Result<Verdict> check(std::string_view path, std::string_view user, std::string_view password);

 private:
  struct Entry {
    std::string stored;
    std::string proof;  // of the password that was right; empty: none was yet
  };
  struct File {
    FileStamp stamp;
    bool settled = false;
    std::map<std::string, Entry, std::less<>> users;
  };

  Result<File*> current(std::string_view path);
  static void read_users(std::string_view content, File& file);
  Verdict compare(Entry& entry, std::string_view password) const;

  std::map<std::string, File, std::less<>> files_;
  std::string secret_;  // of this worker, for the proofs
};

}  // namespace sluice
