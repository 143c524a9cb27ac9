// LinkRule: which symbolic links on the way to a file are followed (disable_symlinks).
#pragma once

#include <cstdint>

#include <sluice/os/fd.h>
#include <sluice/os/file_look.h>
#include <sluice/server/exchange.h>
#include <sluice/server/variable.h>

#include "root_path.h"

namespace sluice {

class LinkRule {
 public:
  enum class Kind : uint8_t {
    follow,         // all (off)
    refuse,         // none (on)
    refuse_others,  // those whose owner is the owner of what they lead to (if_not_owner)
  };

  LinkRule() = default;
  // `from`: the beginning of a path that is trusted; links in it are followed. Empty, or not the beginning of a path: none of it is.
  LinkRule(Kind kind, ComplexValue from) : kind_(kind), from_(std::move(from)) {}

  // look and open: as look_at and ::open, with ELOOP where a link is refused. Each component of the path is opened below the one before
  // it, so that no link can take a checked one's place.
  FileLook look(Exchange& exchange, const FilePath& path) const;
  // open: invalid, with errno in `error`, when it fails.
  Fd open(Exchange& exchange, const FilePath& path, int flags, int& error) const;

 private:
  Kind kind_ = Kind::follow;
  ComplexValue from_;
};

}  // namespace sluice
