#include "conf/disk_file_source.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace sluice;

namespace {

// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-conf-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << text;
    return path_ + "/" + name;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("a file on disk is read whole, zero bytes included") {
  TemporaryFolder folder;
  std::string text(200'000, 'x');
  text[5] = '\0';
  DiskFileSource disk;
  auto read = disk.read(folder.write("big", text));
  REQUIRE(read.ok());
  CHECK(*read == text);
  auto empty = disk.read(folder.write("empty", ""));
  REQUIRE(empty.ok());
  CHECK(empty->empty());
}

TEST_CASE("a file that can't be read says why in nginx's words") {
  TemporaryFolder folder;
  DiskFileSource disk;
  auto missing = disk.read(folder.path() + "/none");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().text ==
        "open() \"" + folder.path() + "/none\" failed (2: No such file or directory)");
  CHECK(missing.error().os_errno == 2);
  auto directory = disk.read(folder.path());
  REQUIRE_FALSE(directory.ok());
  CHECK(directory.error().text == "read() \"" + folder.path() + "\" failed (21: Is a directory)");
}

TEST_CASE("a pattern on disk gives sorted paths and no hidden files") {
  TemporaryFolder folder;
  DiskFileSource disk;
  for (const char* name : {"b.conf", "a.conf", "B.conf", ".h.conf", "c.txt"}) folder.write(name, "");
  CHECK(disk.glob(folder.path() + "/*.conf") == std::vector<std::string>{folder.path() + "/B.conf",
                                                                         folder.path() + "/a.conf",
                                                                         folder.path() + "/b.conf"});
  CHECK(disk.glob(folder.path() + "/*.none").empty());
}
