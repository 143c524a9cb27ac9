#include <unistd.h>

#include "process/channel.h"
#include "process/wire.h"

#include "../test.h"

using namespace sluice;

TEST_CASE("a letter brings its bytes and more descriptors than one message can carry") {
  auto ends = Channel::open();
  REQUIRE(ends);
  std::vector<int> fds(600, STDERR_FILENO);
  ends->master.set_non_blocking();
  REQUIRE(ends->master.send(LetterKind::prepare, "hello", fds));
  auto letter = ends->child.receive();
  REQUIRE(letter);
  REQUIRE(letter->has_value());
  CHECK((*letter)->kind == LetterKind::prepare);
  CHECK((*letter)->body == "hello");
  CHECK((*letter)->fds.size() == 600);
}

TEST_CASE("a non-blocking end without letters has none, and an end whose other side went is closed") {
  auto ends = Channel::open();
  REQUIRE(ends);
  ends->master.set_non_blocking();
  auto none = ends->master.receive();
  REQUIRE(none);
  CHECK_FALSE(none->has_value());
  ends->child = Channel();
  auto gone = ends->master.receive();
  REQUIRE_FALSE(gone);
  CHECK(gone.error().kind == ErrorKind::closed);
}

TEST_CASE("values come back as they were written, and missing bytes are noticed") {
  WireWriter writer;
  writer.number(7).text("seven").text("");
  WireReader reader(writer.bytes());
  CHECK(reader.number() == 7);
  CHECK(reader.text() == "seven");
  CHECK(reader.text().empty());
  CHECK(reader.complete());

  WireReader cut(std::string_view(writer.bytes()).substr(0, 18));
  CHECK(cut.number() == 7);
  CHECK(cut.text().empty());
  CHECK_FALSE(cut.complete());
}

TEST_CASE("a count larger than what follows is not believed") {
  WireWriter writer;
  writer.number(1'000'000'000);
  WireReader reader(writer.bytes());
  CHECK(reader.count() == 0);
  CHECK_FALSE(reader.complete());
}
