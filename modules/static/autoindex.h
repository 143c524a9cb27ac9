// Autoindex: the list of a directory, as nginx's ngx_http_autoindex_module makes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/os/fd.h>

namespace sluice {

enum class ListFormat : uint8_t { html, xml, json, jsonp };

struct AutoindexConf {
  bool on = false;
  bool exact_size = true;
  bool local_time = false;
  ListFormat format = ListFormat::html;
};

struct DirectoryEntry {
  enum class Type : uint8_t { directory, file, other };

  std::string name;
  Type type = Type::other;
  int64_t modified = 0;  // seconds since the Unix epoch
  uint64_t size = 0;     // of a file
};

struct Listing {
  int error = 0;  // errno; 0: entries is whole
  std::vector<DirectoryEntry> entries;
};

// read_directory: directories first, then the rest, each by name; hidden entries and what cannot be looked at are left out. The
// worker waits for the disk meanwhile.
Listing read_directory(Fd directory);

// content_type of a list; render makes its text. `uri` is the path as the client sees it, unescaped; `callback` of jsonp; what cannot
// be the name of a function gives plain JSON.
std::string_view content_type(ListFormat format);
std::string render(const AutoindexConf& conf, std::string_view uri, const std::vector<DirectoryEntry>& entries, std::string_view callback);

}  // namespace sluice
