#include "server/path_logs.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <sluice/base/strings.h>
#include <sluice/log/log.h>

namespace sluice {

namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool leads_elsewhere(std::string_view path) {
  if (path.empty() || path.ends_with('/') || std::any_of(path.begin(), path.end(), is_control)) return true;
  return path.find("/../") != std::string_view::npos || path.ends_with("/..");
}

}  // namespace

PathLogs& PathLogs::of_thread() {
  thread_local PathLogs logs;
  return logs;
}

LogText* PathLogs::line(std::string_view path, const LogFileCache& cache) {
  if (leads_elsewhere(path)) {
    ++failures_;
    if (complained_ != Clock::of_thread().wall_seconds()) LOG(Logger::process(), error, "access_log: no file \"", path, '"');
    complained_ = Clock::of_thread().wall_seconds();
    return nullptr;
  }
  auto known = by_path_.find(path);
  if (known == by_path_.end()) {
    if (pending_ >= kMostPending) flush();
    files_.emplace_front().path = path;
    known = by_path_.emplace(files_.front().path, files_.begin()).first;
  } else {
    files_.splice(files_.begin(), files_, known->second);
  }
  File& file = *known->second;
  file.cache = cache;
  if (file.text.empty()) {
    ++pending_;
    EventLoop::current().post(static_cast<Posted&>(*this));
  }
  return &file.text;
}

// flush writes what the files at the front have; behind them are those that are only kept, the longest unused last.
void PathLogs::flush() {
  const Tick now = Clock::of_thread().now();
  size_t kept = 0;
  for (auto at = files_.begin(); at != files_.end();) {
    const auto file = at++;
    if (!file->text.empty()) write(*file, now);
    const bool stays = file->cache.max > kept && file->uses > 0 && now - file->used <= static_cast<Tick>(file->cache.inactive.count());
    if (stays && kept < kMostKept) ++kept;
    else forget(file);
  }
  pending_ = 0;
}

void PathLogs::forget(Files::iterator file) {
  by_path_.erase(file->path);
  files_.erase(file);
}

void PathLogs::write(File& file, Tick now) {
  if (file.fd.valid() && now - file.opened > static_cast<Tick>(file.cache.valid.count())) file.fd = Fd();
  if (!file.fd.valid()) {
    file.fd = Fd(::open(file.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644));
    file.opened = now;
  }
  file.used = now;
  ++file.uses;
  std::string_view rest = file.text.view();
  while (file.fd.valid() && !rest.empty()) {
    const ssize_t written = ::write(file.fd.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    rest.remove_prefix(static_cast<size_t>(written));
  }
  if (!rest.empty()) {
    ++failures_;
    if (complained_ != Clock::of_thread().wall_seconds()) LOG(Logger::process(), crit, os_error(concat("open() or write() \"", file.path, '"'), errno).text);
    complained_ = Clock::of_thread().wall_seconds();
  }
  file.text.clear();
  if (file.uses < file.cache.min_uses) file.fd = Fd();
}

void PathLogs::close_all() {
  flush();
  by_path_.clear();
  files_.clear();
}

}  // namespace sluice
