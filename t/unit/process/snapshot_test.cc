#include <unistd.h>

#include <map>

#include <sluice/os/file.h>

#include "os/memfd.h"
#include "process/snapshot.h"

#include "../test.h"

using namespace sluice;

namespace {

class MemoryFiles final : public FileSource {
 public:
  std::map<std::string, std::string> files;
  Result<std::string> read(const std::string& path) override {
    auto found = files.find(path);
    if (found == files.end()) return path_error("open", path, ENOENT);
    return found->second;
  }
  std::vector<std::string> glob(const std::string&) override { return {"/a.conf", "/b.conf"}; }
  Result<std::vector<std::string>> resolve(const std::string& name, uint16_t) override {
    if (name == "nobody") return Error(ErrorKind::not_found, "host not found in \"nobody\"");
    return std::vector<std::string>{"127.0.0.1:80", "127.0.0.2:80"};
  }
};

// What a worker sees of what the loader read.
FileArchive replay(const RecordingFiles& recorded) {
  auto fd = recorded.archive().to_memory_file();
  REQUIRE(fd);
  auto archive = FileArchive::open(fd->get());
  REQUIRE(archive);
  return std::move(*archive);
}

}  // namespace

TEST_CASE("a snapshot gives the files, failures and globs that were recorded, whatever the disk says later") {
  MemoryFiles disk;
  disk.files["/a.conf"] = std::string("a\0b", 3);
  RecordingFiles recording(disk);
  REQUIRE(recording.read("/a.conf"));
  REQUIRE_FALSE(recording.read("/missing"));
  recording.glob("/*.conf");
  disk.files["/a.conf"] = "changed";

  FileArchive archive = replay(recording);
  CHECK(*archive.read("/a.conf") == std::string("a\0b", 3));
  auto missing = archive.read("/missing");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().text == "open() \"/missing\" failed (2: No such file or directory)");
  CHECK(missing.error().kind == ErrorKind::not_found);
  CHECK((archive.glob("/*.conf") == std::vector<std::string>{"/a.conf", "/b.conf"}));
}

TEST_CASE("a snapshot remembers what names meant") {
  MemoryFiles disk;
  RecordingFiles recording(disk);
  REQUIRE(recording.resolve("peer", 80));
  REQUIRE_FALSE(recording.resolve("nobody", 80));
  FileArchive archive = replay(recording);
  CHECK((*archive.resolve("peer", 80) == std::vector<std::string>{"127.0.0.1:80", "127.0.0.2:80"}));
  CHECK(archive.resolve("nobody", 80).error().text == "host not found in \"nobody\"");
}

TEST_CASE("a file that was never recorded does not exist in a snapshot") {
  MemoryFiles disk;
  RecordingFiles recording(disk);
  auto read = replay(recording).read("/etc/passwd");
  REQUIRE_FALSE(read);
  CHECK(read.error().os_errno == ENOENT);
}

TEST_CASE("an archive that is not sealed or is cut short is refused") {
  auto open = make_memory_file("test");
  REQUIRE(open);
  CHECK_FALSE(FileArchive::open(open->get()));
  auto cut = sealed_memory_file("test", std::string("\x05\0\0\0\0\0\0\0", 8));
  REQUIRE(cut);
  CHECK_FALSE(FileArchive::open(cut->get()));
}

TEST_CASE("a library with known content keeps its descriptor, and a new one under the same path gets another") {
  Libraries libraries(Libraries::Unknown::refuse);
  auto copy = [](std::string id) {
    std::vector<LibraryCopy> copies;
    copies.push_back({"/m.so", std::move(id), Fd(dup(0))});
    return copies;
  };
  libraries.use(copy("one"));
  int first = libraries.open("/m.so")->fd;
  libraries.use(copy("two"));
  int second = libraries.open("/m.so")->fd;
  CHECK(second != first);
  libraries.use(copy("one"));
  CHECK(libraries.open("/m.so")->fd == first);
  CHECK_FALSE(libraries.open("/other.so"));
}
