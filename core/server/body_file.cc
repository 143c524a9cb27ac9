// A request's body that is collected whole: in memory as far as client_body_buffer_size goes, else in a temporary file. Writing to it
// goes to the page cache and does not wait for the disk.

#include <unistd.h>

#include <cerrno>
#include <string>

#include "os/temp_file.h"
#include "server/client_connection.h"
#include "server/exchange_runtime.h"

namespace sluice {

BodyFile::~BodyFile() {
  if (remove) ::unlink(path.c_str());
}

Task<Result<void>> Exchange::store_body() {
  if (body_state_ == BodyState::none || body_is_whole()) return Result<void>();
  if (body_state_ != BodyState::unread) return Result<void>(Error(ErrorKind::internal, "the request body was read before"));
  auto& self = ExchangeRuntime::of(*this);
  const bool in_file = location_->core.client_body_files != BodyFiles::without_name;
  // What has come with the head waits for nothing.
  const bool at_hand = request_.framing == BodyFraming::length && self.input_.view().size() >= self.body_left_;
  if (at_hand && !in_file) {
    take_body_at_hand();
    return Result<void>();
  }
  const bool fits = request_.framing == BodyFraming::length && self.body_left_ <= location_->core.client_body_buffer_size;
  return fits && !in_file ? self.collect_body() : self.collect_or_store();
}

// collect_or_store: nobody knows whether it fits, or it does not.
Task<Result<void>> ExchangeRuntime::collect_or_store() {
  begin_collecting();
  const CoreConf& core = location_->core;
  const bool known = request_.framing == BodyFraming::length;
  const bool at_once = core.client_body_files != BodyFiles::without_name || (known && body_left_ > core.client_body_buffer_size);
  if (at_once) {
    auto opened = open_body_file();
    if (!opened) co_return opened;
  }
  std::string head;
  for (;;) {
    auto piece = co_await next_body_piece();
    if (!piece) co_return std::move(piece.error());
    if (piece->empty()) break;
    if (body_file_ == nullptr && head.size() + piece->size() <= core.client_body_buffer_size) {
      head += *piece;
      continue;
    }
    Result<void> written;
    if (body_file_ == nullptr) written = open_body_file();
    if (written && !head.empty()) written = append_to_file(head);
    head.clear();
    if (written) written = append_to_file(*piece);
    if (!written) co_return written;
  }
  request_.framing = BodyFraming::length;
  if (body_file_ == nullptr) {
    body_ = arena_.copy(head);
    body_state_ = BodyState::buffered;
    request_.content_length = body_.size();
    co_return Result<void>();
  }
  body_state_ = BodyState::stored;
  request_.content_length = body_file_->bytes;
  co_return Result<void>();
}

Result<void> ExchangeRuntime::open_body_file() {
  const CoreConf& core = location_->core;
  std::string path;
  const bool named = core.client_body_files != BodyFiles::without_name;
  auto file = named ? open_named_temp_file(core.client_body_temp_path, path) : open_temp_file(core.client_body_temp_path);
  if (!file) {
    log_at(LogLevel::crit, file.error().text, " while reading client request body");
    return std::move(file.error());
  }
  body_file_ = arena_.make<BodyFile>();
  body_file_->file = std::move(*file);
  body_file_->path = named ? path : concat("/proc/", ::getpid(), "/fd/", body_file_->file.get());
  body_file_->remove = core.client_body_files == BodyFiles::removed;
  return {};
}

Result<void> ExchangeRuntime::append_to_file(std::string_view piece) {
  if (auto written = write_at(body_file_->file.get(), piece, body_file_->bytes); !written) {
    log_at(LogLevel::crit, written.error().text, " while reading client request body");
    return written;
  }
  body_file_->bytes += piece.size();
  return {};
}

// load_body brings a stored body into memory, for who wants to look at it.
Result<void> ExchangeRuntime::load_body() {
  char* const to = arena_.allocate_chars(body_file_->bytes);
  for (uint64_t at = 0; at < body_file_->bytes;) {
    const ssize_t n = ::pread(body_file_->file.get(), to + at, body_file_->bytes - at, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return os_error("pread()", n < 0 ? errno : EIO);
    at += static_cast<uint64_t>(n);
  }
  body_ = {to, body_file_->bytes};
  body_state_ = BodyState::buffered;
  return {};
}

}  // namespace sluice
