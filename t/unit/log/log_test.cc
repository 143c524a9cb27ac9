#include <fcntl.h>
#include <unistd.h>

#include <string>
#include "../test.h"

#include <sluice/base/clock.h>
#include <sluice/log/log.h>
#include <sluice/os/fd.h>

using namespace sluice;

namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    read = Fd(ends[0]);
    write = Fd(ends[1]);
    fcntl(read.get(), F_SETFL, O_NONBLOCK);
  }
  std::string take() {
    std::string out;
    char buffer[4096];
    for (ssize_t n; (n = ::read(read.get(), buffer, sizeof buffer)) > 0;)
      out.append(buffer, static_cast<size_t>(n));
    return out;
  }
  Fd read, write;
};

struct TestContext final : LogContext {
  explicit TestContext(std::string t, uint64_t c = 7) : text(std::move(t)), connection(c) {}
  uint64_t log_connection() const override { return connection; }
  void append_log_context(std::string& line) const override { line += text; }
  std::string text;
  uint64_t connection;
};

std::string prefix(const char* level) {
  return concat(Clock::of_thread().log_time(), " [", level, "] ", getpid(), '#', gettid(), ": ");
}

}  // namespace

TEST_CASE("a line has nginx's form") {
  Pipe pipe;
  Logger logger;
  logger.add({pipe.write.get(), LogLevel::error});
  logger.write(LogLevel::error, "message", nullptr);
  CHECK(pipe.take() == prefix("error") + "message\n");
  TestContext context(", client: 127.0.0.1, server: x");
  logger.write(LogLevel::crit, "message", &context);
  CHECK(pipe.take() == prefix("crit") + "*7 message, client: 127.0.0.1, server: x\n");
  TestContext unnumbered(", client: ::1", 0);
  logger.write(LogLevel::stderr_, "message", &unnumbered);
  CHECK(pipe.take() == prefix("") + "message, client: ::1\n");
}

TEST_CASE("every destination has its own level") {
  Pipe errors, all;
  Logger logger;
  CHECK_FALSE(logger.enabled(LogLevel::emerg));
  logger.add({errors.write.get(), LogLevel::error});
  CHECK_FALSE(logger.enabled(LogLevel::info));
  logger.add({all.write.get(), LogLevel::info});
  CHECK(logger.enabled(LogLevel::info));
  CHECK_FALSE(logger.enabled(LogLevel::debug));
  LOG(logger, info, "only ", 1, ' ', "of them");
  CHECK(errors.take().empty());
  CHECK(all.take() == prefix("info") + "only 1 of them\n");
  logger.clear();
  CHECK_FALSE(logger.enabled(LogLevel::emerg));
}

TEST_CASE("control bytes are escaped, but line feeds and tabs of the message are kept") {
  Pipe pipe;
  Logger logger;
  logger.add({pipe.write.get(), LogLevel::error});
  TestContext context(", request: \"GET /\n\t\x1b\x80\x7f\"");
  LOG_WITH(logger, error, context, "a\n\tb\x1b[0m\r\x7f\xc3\xa9");
  CHECK(pipe.take() ==
        prefix("error") +
            "*7 a\n\tb\\x1b[0m\\x0d\\x7f\xc3\xa9, request: \"GET /\\x0a\\x09\\x1b\\x80\\x7f\"\n");
}

TEST_CASE("a line is capped at 64 KB and a long one passes through a pipe whole") {
  Pipe pipe;
  fcntl(pipe.write.get(), F_SETPIPE_SZ, 1 << 20);
  Logger logger;
  logger.add({pipe.write.get(), LogLevel::error});
  logger.write(LogLevel::error, std::string(20000, 'x'));
  CHECK(pipe.take() == prefix("error") + std::string(20000, 'x') + "\n");
  logger.write(LogLevel::error, std::string(100000, 'x'));
  std::string line = pipe.take();
  CHECK(line.size() == 65536);
  CHECK(line.back() == '\n');
  CHECK(logger.dropped() == 0);
}

TEST_CASE("a destination that is full or broken loses lines, counts them and does not wait") {
  Pipe full, good;
  Logger logger;
  logger.add({full.write.get(), LogLevel::error});
  logger.add({-1, LogLevel::error});
  logger.add({good.write.get(), LogLevel::error});
  std::string filler(4096, 'x');
  int capacity = fcntl(full.write.get(), F_GETPIPE_SZ);
  for (int i = 0; i < capacity / 4096; ++i) REQUIRE(::write(full.write.get(), filler.data(), 4096) == 4096);
  logger.write(LogLevel::error, "lost");
  CHECK(good.take() == prefix("error") + "lost\n");
  CHECK(logger.dropped() == 2);
  full.take();
  logger.write(LogLevel::error, "kept");
  CHECK(full.take() == prefix("error") + "kept\n");
  logger.clear();
  CHECK(logger.dropped() == 3);
}

TEST_CASE("level names are nginx's") {
  LogLevel level = LogLevel::stderr_;
  CHECK(log_level_from("warn", level));
  CHECK(level == LogLevel::warn);
  CHECK(log_level_name(LogLevel::emerg) == "emerg");
  CHECK_FALSE(log_level_from("", level));
  CHECK_FALSE(log_level_from("warning", level));
  CHECK(level == LogLevel::warn);
}

TEST_CASE("the console form names the program and the level") {
  Pipe pipe;
  Fd saved(dup(STDERR_FILENO));
  dup2(pipe.write.get(), STDERR_FILENO);
  print_console(LogLevel::emerg, "unknown directive \"lisen\" in proxy.conf:12");
  print_console(LogLevel::stderr_, "configuration file proxy.conf test failed");
  dup2(saved.get(), STDERR_FILENO);
  CHECK(pipe.take() ==
        "sluice: [emerg] unknown directive \"lisen\" in proxy.conf:12\n"
        "sluice: configuration file proxy.conf test failed\n");
}
