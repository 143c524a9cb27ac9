#include <sluice/shm/zone.h>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sluice/base/strings.h>

#include "os/memfd.h"

namespace sluice {

namespace {

constexpr uint64_t kMagic = 0x656e6f7a65636c73ull;  // "slcezone"

enum State : uint32_t { kFresh = 0, kMaking = 1, kReady = 2 };

struct ZoneHeader {
  uint64_t magic;
  uint64_t bytes;
  char layout[64];
  ShmLock making;
  uint32_t state;
};
static_assert(sizeof(ZoneHeader) <= Zone::kHeaderBytes);

Result<char*> map_shared(int fd, size_t bytes) {
  void* start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (start == MAP_FAILED) return os_error("mmap()", errno);
  return static_cast<char*>(start);
}

bool matches(const ZoneHeader& header, const ZoneSpec& spec) {
  return header.magic == kMagic && header.bytes == spec.bytes &&
         std::string_view(header.layout, strnlen(header.layout, sizeof header.layout)) == spec.layout;
}

Error zone_error(const ZoneSpec& spec, std::string_view text, ErrorKind kind) {
  return Error(kind, concat("zone \"", spec.name, "\": ", text));
}

}  // namespace

Result<Fd> Zone::create(const ZoneSpec& spec) {
  if (spec.bytes == 0) return zone_error(spec, "has no bytes", ErrorKind::config);
  if (spec.layout.size() >= sizeof ZoneHeader::layout)
    return zone_error(spec, "its layout has too long a name", ErrorKind::config);
  TRY_ASSIGN(Fd file, make_memory_file(concat("sluice zone ", spec.name)));
  if (ftruncate(file.get(), static_cast<off_t>(kHeaderBytes + spec.bytes)) != 0)
    return os_error("ftruncate()", errno);
  TRY(seal_memory_file_size(file.get()));
  TRY_ASSIGN(char* base, map_shared(file.get(), kHeaderBytes));
  auto* header = reinterpret_cast<ZoneHeader*>(base);
  header->bytes = spec.bytes;
  std::copy(spec.layout.begin(), spec.layout.end(), header->layout);
  header->making.initialise();
  header->magic = kMagic;
  munmap(base, kHeaderBytes);
  return file;
}

Result<std::shared_ptr<Zone>> Zone::map(const ZoneSpec& spec, int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return os_error("fstat()", errno);
  if (static_cast<uint64_t>(status.st_size) != kHeaderBytes + spec.bytes)
    return zone_error(spec, "differs in size", ErrorKind::bad_message);
  TRY_ASSIGN(char* base, map_shared(fd, kHeaderBytes + spec.bytes));
  std::shared_ptr<Zone> zone(new Zone(spec, base));
  if (!matches(*reinterpret_cast<ZoneHeader*>(base), spec))
    return zone_error(spec, "differs in layout", ErrorKind::bad_message);
  return zone;
}

Zone::~Zone() {
  munmap(base_, kHeaderBytes + spec_.bytes);
}

void Zone::initialise_once(void (*make)(Zone&, void*), void* context) {
  auto* header = reinterpret_cast<ZoneHeader*>(base_);
  header->making.lock();
  if (header->state == kMaking) std::memset(data(), 0, size());
  if (header->state != kReady) {
    header->state = kMaking;
    make(*this, context);
    header->state = kReady;
  }
  header->making.unlock();
}

}  // namespace sluice
