// Zone: a named piece of memory that every process of sluice maps and that lives across reloads and worker deaths.
//
// The master makes the memfd and hands it to every process; addresses differ per process, so contents use offsets only. The first
// page is the header below. A zone whose layout tag or size differs from the running one is made afresh.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <sluice/base/api.h>
#include <sluice/base/error.h>
#include <sluice/os/fd.h>

namespace sluice {

// What a configuration asks for; zones are matched across reloads by name, layout and size.
struct ZoneSpec {
  std::string name;      // unique, e.g. "lua_shared_dict sandboxes"
  std::string layout;    // tag of the content's layout and version, e.g. "dict-1"
  size_t bytes = 0;
};

class SLUICE_API Zone {
 public:
  static constexpr size_t kHeaderBytes = 4096;

  // create makes a fresh zone filled with zeros; its memory is taken as it is touched. Errors: config (no bytes, layout over 63 bytes), io.
  static Result<Fd> create(const ZoneSpec& spec);
  // map maps an existing one; the descriptor may be closed afterwards. Error bad_message when magic, layout or size differ.
  // Shared ownership, because what works on a zone (dictionaries, metrics, upstreams of two generations) outlives the table of zones.
  static Result<std::shared_ptr<Zone>> map(const ZoneSpec& spec, int fd);

  ~Zone();
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

  const ZoneSpec& spec() const { return spec_; }
  // The content, page aligned, spec().bytes long, zero when fresh.
  char* data() const { return base_ + kHeaderBytes; }
  size_t size() const { return spec_.bytes; }

  // initialise_once runs `make(context)` in exactly one process for the life of the zone; others wait for it to end.
  // A process that dies in it leaves the zone uninitialised: the next one zeroes the content and makes it again.
  void initialise_once(void (*make)(Zone&, void*), void* context);

 private:
  Zone(ZoneSpec spec, char* base) : spec_(std::move(spec)), base_(base) {}
  ZoneSpec spec_;
  char* base_;
};

// ShmLock: a robust lock in shared memory. A process that dies holding it does not block the others: the next owner learns it
// (`recovered`) and must validate or clear what the lock protects.
class SLUICE_API ShmLock {
 public:
  void initialise();  // once, before any use
  enum class Acquired { clean, recovered };
  // lock tries for a moment before it sleeps. After `recovered` a death before unlock() is reported to the next owner again.
  Acquired lock();
  void unlock();

 private:
  alignas(8) std::byte mutex_[48];  // pthread_mutex_t, which has 40 or 48 bytes
};

}  // namespace sluice
