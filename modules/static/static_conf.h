// StaticConf: the values of this module for a block.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sluice/server/content_encoding.h>
#include <sluice/server/variable.h>

#include "autoindex.h"
#include "conditions.h"
#include "links.h"
#include "mime_types.h"
#include "root_path.h"

namespace sluice {

class BlockScope;

// A line of try_files.
struct TryList {
  struct Try {
    ComplexValue name;
    bool directory = false;  // it ended with a slash, which is cut off
  };
  std::vector<Try> tries;
  std::optional<int> code;  // `=404` at the end
  ComplexValue target;      // or a URI or "@name"
};

enum class GzipStatic : uint8_t { off, on, always };

struct StaticConf {
  std::shared_ptr<const RootPath> root;              // null: the standard one
  std::shared_ptr<const MimeTypes> types;            // null: the built-in ones
  std::shared_ptr<const std::vector<ComplexValue>> index;  // null: index.html
  std::shared_ptr<const TryList> try_files;          // not inherited
  uint64_t max_ranges = std::numeric_limits<uint64_t>::max();
  AutoindexConf autoindex;
  LinkRule links;
  IfModifiedSince if_modified_since = IfModifiedSince::exact;
  GzipStatic gzip_static = GzipStatic::off;
  const ContentEncoding* gzip = nullptr;  // set when gzip_static is not off
  bool etag = true;
  bool log_not_found = true;
  const BlockScope* root_block = nullptr;  // where root or alias stands

  void enter_block() {
    try_files = nullptr;
  }
};

}  // namespace sluice
