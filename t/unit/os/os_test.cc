#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <sluice/os/file.h>

#include "../test.h"

#include "os/memfd.h"
#include "os/message.h"
#include "os/privileges.h"
#include "os/process.h"
#include "os/process_title.h"
#include "os/signals.h"

using namespace sluice;

namespace {

struct Folder {
  Folder() { REQUIRE(mkdtemp(path) != nullptr); }
  ~Folder() { rmdir(path); }
  std::string file(const char* name) const { return std::string(path) + "/" + name; }
  char path[32] = "/tmp/sluice-os-XXXXXX";
};

// Runs `body` in a child and gives its exit status.
template <class Body>
int in_child(Body body) {
  pid_t pid = fork();
  if (pid == 0) _exit(body());
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("a missing file is reported in nginx's words") {
  auto content = read_file("/nonexistent/proxy.conf");
  REQUIRE_FALSE(content.ok());
  CHECK(content.error().text == "open() \"/nonexistent/proxy.conf\" failed (2: No such file or directory)");
  CHECK(content.error().kind == ErrorKind::not_found);
}

TEST_CASE("a directory is not a file") {
  auto content = read_file("/tmp");
  REQUIRE_FALSE(content.ok());
  CHECK(content.error().text == "read() \"/tmp\" failed (21: Is a directory)");
}

TEST_CASE("a file is replaced whole and appended to at its end") {
  Folder folder;
  std::string path = folder.file("pid");
  REQUIRE(write_file_atomic(path, "first").ok());
  REQUIRE(write_file_atomic(path, "second").ok());
  {
    auto log = open_append(path);
    REQUIRE(log.ok());
    CHECK((fcntl(log->get(), F_GETFD) & FD_CLOEXEC) != 0);
    REQUIRE(write_all(log->get(), "+third").ok());
  }
  auto content = read_file(path);
  REQUIRE(content.ok());
  CHECK(*content == "second+third");
  unlink(path.c_str());
  CHECK_FALSE(write_file_atomic(folder.file("no/such"), "x").ok());
}

TEST_CASE("a sealed memory file keeps its bytes for ever") {
  std::string bytes(100000, 'b');
  auto file = sealed_memory_file("test", bytes);
  REQUIRE(file.ok());
  CHECK(is_sealed(file->get()));
  CHECK(write(file->get(), "x", 1) == -1);
  CHECK(ftruncate(file->get(), 0) == -1);
  auto mapping = ReadOnlyMapping::map(file->get());
  REQUIRE(mapping.ok());
  file->reset();
  CHECK(mapping->bytes() == bytes);
}

TEST_CASE("an empty memory file maps as nothing, and an unsealed one says so") {
  auto file = make_memory_file("test", MemoryFileUse::code);
  REQUIRE(file.ok());
  CHECK_FALSE(is_sealed(file->get()));
  auto mapping = ReadOnlyMapping::map(file->get());
  REQUIRE(mapping.ok());
  CHECK(mapping->bytes().empty());
}

TEST_CASE("signals are read from a descriptor with their sender") {
  CHECK(in_child([] {
          auto signals = Signals::open({SIGHUP, SIGUSR1});
          if (!signals || signals->next()) return 1;
          kill(getpid(), SIGHUP);
          pollfd poller{signals->fd(), POLLIN, 0};
          if (poll(&poller, 1, 5000) != 1) return 2;
          auto info = signals->next();
          if (!info || info->ssi_signo != SIGHUP || info->ssi_pid != static_cast<uint32_t>(getpid()))
            return 3;
          return signals->next() ? 4 : 0;
        }) == 0);
}

TEST_CASE("blocked signals stay pending until they are reset") {
  CHECK(in_child([] {
          block_all_signals();
          kill(getpid(), SIGTERM);
          reset_signals();
          return 0;
        }) == 128 + SIGTERM);
}

TEST_CASE("a message carries bytes and descriptors") {
  auto pair = message_pair();
  REQUIRE(pair.ok());
  std::vector<int> fds(kMaxMessageFds, STDIN_FILENO);
  for (size_t size : {size_t(0), size_t(5), kMaxInlineBytes, kMaxInlineBytes + 1, size_t(3'000'000)}) {
    std::string bytes(size, 'm');
    REQUIRE(send_message(pair->first.get(), bytes, fds).ok());
    auto message = receive_message(pair->second.get());
    REQUIRE(message.ok());
    CHECK(message->bytes == bytes);
    REQUIRE(message->fds.size() == fds.size());
    CHECK((fcntl(message->fds.back().get(), F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("too many descriptors are refused") {
  auto pair = message_pair();
  REQUIRE(pair.ok());
  auto sent = send_message(pair->first.get(), "x", std::vector<int>(kMaxMessageFds + 1, STDIN_FILENO));
  REQUIRE_FALSE(sent.ok());
  CHECK(sent.error().kind == ErrorKind::too_large);
}

TEST_CASE("an empty socket, a closed one and a malformed packet have three errors") {
  auto pair = message_pair();
  REQUIRE(pair.ok());
  fcntl(pair->second.get(), F_SETFL, O_NONBLOCK);
  auto none = receive_message(pair->second.get());
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().kind == ErrorKind::unavailable);
  CHECK(none.error().retryable);
  uint64_t lie[2] = {1000, 0};
  for (size_t size : {size_t(3), sizeof lie}) {
    REQUIRE(write(pair->first.get(), lie, size) == static_cast<ssize_t>(size));
    auto malformed = receive_message(pair->second.get());
    REQUIRE_FALSE(malformed.ok());
    CHECK(malformed.error().kind == ErrorKind::bad_message);
  }
  pair->first.reset();
  auto closed = receive_message(pair->second.get());
  REQUIRE_FALSE(closed.ok());
  CHECK(closed.error().kind == ErrorKind::closed);
  auto unsent = send_message(pair->second.get(), "x");
  REQUIRE_FALSE(unsent.ok());
  CHECK(unsent.error().kind == ErrorKind::closed);
}

TEST_CASE("a pidfd signals its process and tells its end") {
  pid_t pid = fork();
  if (pid == 0) {
    for (;;) pause();
  }
  auto fd = open_pidfd(pid);
  REQUIRE(fd.ok());
  REQUIRE(send_signal_to(fd->get(), SIGKILL).ok());
  pollfd poller{fd->get(), POLLIN, 0};
  CHECK(poll(&poller, 1, 5000) == 1);
  waitpid(pid, nullptr, 0);
  CHECK_FALSE(send_signal_to(fd->get(), SIGTERM).ok());
}

TEST_CASE("the title replaces the command line and keeps the environment") {
  CHECK(in_child([] {
          char block[] = "sluice\0-c\0proxy.conf\0HOME=/root";
          char* argv[] = {block, block + 7, block + 10, nullptr};
          char* variables[] = {block + 21, nullptr};
          environ = variables;
          ProcessTitle title(3, argv);
          title.set("worker process");
          if (std::string(block) != "sluice: worker process" || title.arguments() != "sluice -c proxy.conf")
            return 1;
          title.set(std::string(1000, 'x'));
          if (std::string(block).size() != sizeof block - 1) return 2;
          return std::string(getenv("HOME")) == "/root" ? 0 : 3;
        }) == 0);
}

TEST_CASE("users and groups are found by name") {
  auto root = find_user("root", "");
  REQUIRE(root.ok());
  CHECK(root->uid == 0);
  CHECK(find_user("nobody", "root")->gid == 0);
  auto nobody = find_user("no-such-user", "");
  REQUIRE_FALSE(nobody.ok());
  CHECK(nobody.error().text.starts_with("getpwnam(\"no-such-user\") failed"));
}

TEST_CASE("dropped privileges are gone") {
  auto ids = find_user("nobody", "");
  REQUIRE(ids.ok());
  CHECK(in_child([&] {
          bool was_root = geteuid() == 0;
          if (!drop_privileges(*ids)) return 1;
          return was_root && (geteuid() != ids->uid || getegid() != ids->gid || setuid(0) == 0) ? 2 : 0;
        }) == 0);
}

TEST_CASE("standard descriptors point at /dev/null and the limit of open files is set") {
  CHECK(in_child([] {
          if (!redirect_stdio_to_null(StandardError::null) || !start_session()) return 1;
          struct stat null, out;
          if (stat("/dev/null", &null) != 0 || fstat(STDOUT_FILENO, &out) != 0 || null.st_rdev != out.st_rdev)
            return 2;
          return set_open_files_limit(100) && open_files_limit() == 100 ? 0 : 3;
        }) == 0);
}
