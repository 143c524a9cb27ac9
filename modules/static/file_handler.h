// FileHandler: the content of a location that nobody else makes: files below its root, as nginx's static and index modules.
#pragma once

#include <sluice/os/fd.h>
#include <sluice/server/phase.h>

#include "file_cache.h"
#include "file_response.h"
#include "static_conf.h"

namespace sluice {

class StaticModule;

class FileHandler final : public PhaseHandler {
 public:
  // REQUIRES: root, types and index of `conf` are set.
  FileHandler(const StaticModule& module, StaticConf conf) : module_(module), conf_(std::move(conf)) {}

  Task<Outcome> run(Exchange& exchange) const override;
  std::string_view name() const override { return "static"; }

 private:
  struct Opened {
    Fd fd;
    FileLook look;
    int refusal = 0;
  };

  Task<Outcome> serve_file(Exchange& exchange) const;
  // packed_path is the path of the compressed copy to send; the file's own when there is none or the client is not to have it.
  FilePath packed_path(Exchange& exchange, const FilePath& path) const;
  Opened open_file(Exchange& exchange, const FilePath& path) const;
  // check_kind: what is not a regular file is answered otherwise.
  Outcome check_kind(Exchange& exchange, const FilePath& path, const FileLook& look) const;
  Outcome redirect_into_directory(Exchange& exchange) const;
  Outcome open_failed(Exchange& exchange, const FilePath& path, std::string_view call, int error) const;

  // Directories: the first index file that exists.
  Task<Outcome> serve_directory(Exchange& exchange) const;
  Task<Outcome> list_directory(Exchange& exchange, FilePath directory) const;
  Outcome go_to(Exchange& exchange, std::string_view index) const;
  Outcome index_missing(Exchange& exchange, const FilePath& path, int error) const;
  // check_directory: next() when the folder is there (or can't be looked into), else the status.
  Outcome check_directory(Exchange& exchange, const FilePath& path) const;

  Task<Outcome> send_copy(Exchange& exchange, const std::shared_ptr<const FileCopy>& copy) const;
  static Task<Outcome> await_sent(Task<Result<void>> sent, std::shared_ptr<const FileCopy> copy);
  static Task<Outcome> send_copied_parts(Exchange& exchange, std::shared_ptr<const FileCopy> copy, FileResponse plan);
  Task<Outcome> send_opened(Exchange& exchange, Opened file, FilePath path) const;

  const StaticModule& module_;
  StaticConf conf_;
};

}  // namespace sluice
