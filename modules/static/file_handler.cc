#include "file_handler.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include <sluice/http/uri.h>
#include <sluice/server/redirect.h>

#include "static_module.h"
#include "try_files.h"

namespace sluice {

namespace {

bool may_read(Method method) { return method == Method::get || method == Method::head || method == Method::post; }

// What is not there is 404, what may not be read is 403.
int status_of_open_error(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG: return 404;
    case EACCES:
    case ELOOP: return 403;
    default: return 500;
  }
}

std::string_view reason_of(int error, char* out, size_t room) { return strerror_r(error, out, room); }

std::string failed_text(std::string_view call, std::string_view path, int error) {
  char room[128];
  return concat(call, " \"", path, "\" failed (", error, ": ", reason_of(error, room, sizeof room), ')');
}

}  // namespace

Task<Outcome> FileHandler::run(Exchange& exchange) const {
  if (!may_read(exchange.request().method)) return Outcome::status(405);
  if (exchange.uri().ends_with('/')) return serve_directory(exchange);
  return serve_file(exchange);
}

// --- files

Task<Outcome> FileHandler::serve_file(Exchange& exchange) const {
  FilePath path = path_of_request(module_, *conf_.root, exchange);
  if (path.refusal != 0) return Outcome::status(path.refusal);
  if (conf_.gzip != nullptr) path = packed_path(exchange, path);
  const FileLook look = conf_.links.look(exchange, path);
  if (look.error != 0) return open_failed(exchange, path, "open()", look.error);
  const Outcome kind = check_kind(exchange, path, look);
  if (kind.kind != Outcome::Kind::next) return kind;
  if (const auto* copy = module_.cache().find(path.text, look.stamp)) {
    module_.count_hit();
    return send_copy(exchange, *copy);
  }
  Opened file = open_file(exchange, path);
  if (file.refusal != 0) return Outcome::status(file.refusal);
  const Outcome opened_kind = check_kind(exchange, path, file.look);
  if (opened_kind.kind != Outcome::Kind::next) return opened_kind;
  const FileStamp& stamp = file.look.stamp;
  if (module_.cache().fits(stamp.size) && settled(stamp, Clock::of_thread().wall_seconds())) {
    const auto copy = module_.cache().read(path.text, file.fd.get(), stamp);
    module_.count_miss();
    if (copy != nullptr) return send_copy(exchange, copy);
  }
  return send_opened(exchange, std::move(file), path);
}

FilePath FileHandler::packed_path(Exchange& exchange, const FilePath& path) const {
  if (exchange.request().method == Method::post) return path;
  FilePath packed = path;
  packed.text = exchange.arena().concat(path.text, std::string_view(".gz", 4));
  packed.text.remove_suffix(1);  // the NUL
  const FileLook look = conf_.links.look(exchange, packed);
  if (look.error != 0 || !look.is_regular()) return path;
  Headers& headers = exchange.response().headers;
  if (conf_.gzip_static == GzipStatic::on) {
    conf_.gzip->vary(exchange);
    if (!conf_.gzip->accepted(exchange)) return path;
  }
  headers.set(HeaderId::content_encoding, "gzip");
  return packed;
}

// O_NONBLOCK: between the look and the open the file may have become a pipe, and opening one waits for its writer.
FileHandler::Opened FileHandler::open_file(Exchange& exchange, const FilePath& path) const {
  Opened file;
  int error = 0;
  file.fd = conf_.links.open(exchange, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, error);
  if (!file.fd.valid()) {
    file.refusal = open_failed(exchange, path, "open()", error).code;
    return file;
  }
  file.look = look_at(file.fd.get());
  if (file.look.error != 0) file.refusal = open_failed(exchange, path, "fstat()", file.look.error).code;
  return file;
}

Outcome FileHandler::check_kind(Exchange& exchange, const FilePath& path, const FileLook& look) const {
  if (look.is_directory()) return redirect_into_directory(exchange);
  if (!look.is_regular()) {
    exchange.log_at(LogLevel::crit, '"', path.text, "\" is not a regular file");
    return Outcome::status(404);
  }
  return exchange.request().method == Method::post ? Outcome::status(405) : Outcome::next();
}

Outcome FileHandler::redirect_into_directory(Exchange& exchange) const {
  Arena& arena = exchange.arena();
  const std::string_view uri = escape_uri(exchange.uri(), EscapeKind::uri, arena);
  const std::string_view target = exchange.args().empty() ? arena.concat(uri, "/") : arena.concat(uri, "/?", exchange.args());
  exchange.response().headers.set(HeaderId::location, absolute_location(exchange, target));
  return Outcome::status(301);
}

Outcome FileHandler::open_failed(Exchange& exchange, const FilePath& path, std::string_view call, int error) const {
  const int status = status_of_open_error(error);
  if (status != 404 || conf_.log_not_found) {
    exchange.log_at(status == 500 ? LogLevel::crit : LogLevel::error, failed_text(call, path.text, error));
  }
  return Outcome::status(status);
}

// --- directories

Task<Outcome> FileHandler::serve_directory(Exchange& exchange) const {
  const FilePath directory = path_of_request(module_, *conf_.root, exchange);
  if (directory.refusal != 0) return Outcome::status(directory.refusal);
  bool directory_checked = false;
  for (const ComplexValue& index : *conf_.index) {
    const std::string_view name = index.eval(exchange);
    if (name.starts_with('/')) return go_to(exchange, name);
    if (name.find('\0') != std::string_view::npos) continue;
    const FilePath path = conf_.root->join(exchange, exchange.arena().concat(directory.below_root(), name));
    if (path.refusal != 0) return Outcome::status(path.refusal);
    const FileLook look = conf_.links.look(exchange, path);
    if (look.error == 0) return go_to(exchange, exchange.arena().concat(exchange.uri(), name));
    if (look.error == ENOTDIR || look.error == ENAMETOOLONG || look.error == EACCES || look.error == ELOOP) {
      return index_missing(exchange, path, look.error);
    }
    if (look.error != ENOENT) {
      exchange.log_at(LogLevel::crit, failed_text("stat()", path.text, look.error));
      return Outcome::status(500);
    }
    if (directory_checked) continue;
    const Outcome checked = check_directory(exchange, directory);
    if (checked.kind != Outcome::Kind::next) return checked.code == 404 ? index_missing(exchange, path, ENOENT) : checked;
    directory_checked = true;
  }
  if (conf_.autoindex.on && exchange.request().method != Method::post) return list_directory(exchange, directory);
  exchange.log_at(LogLevel::error, "directory index of \"", directory.text, "\" is forbidden");
  return Outcome::status(403);
}

Task<Outcome> FileHandler::list_directory(Exchange& exchange, FilePath directory) const {
  Listing listing;
  Fd opened = conf_.links.open(exchange, directory, O_RDONLY | O_DIRECTORY, listing.error);
  if (opened.valid()) listing = read_directory(std::move(opened));
  if (listing.error != 0) co_return open_failed(exchange, directory, "opendir()", listing.error);
  const std::string_view callback = query_arg(exchange.args(), "callback").value_or(std::string_view());
  const std::string text = render(conf_.autoindex, exchange.uri(), listing.entries, callback);
  co_return co_await exchange.respond(200, content_type(conf_.autoindex.format), text);
}

Outcome FileHandler::go_to(Exchange& exchange, std::string_view index) const {
  exchange.set_uri(index);
  return Outcome::internal_redirect();
}

Outcome FileHandler::index_missing(Exchange& exchange, const FilePath& path, int error) const {
  const bool forbidden = error == EACCES || error == ELOOP;
  if (forbidden || conf_.log_not_found) {
    char room[128];
    exchange.log_at(LogLevel::error, '"', path.text, forbidden ? "\" is forbidden (" : "\" is not found (", error, ": ",
                    reason_of(error, room, sizeof room), ')');
  }
  return Outcome::status(forbidden ? 403 : 404);
}

Outcome FileHandler::check_directory(Exchange& exchange, const FilePath& path) const {
  const FileLook look = conf_.links.look(exchange, path);
  if (look.error == ENOENT) return Outcome::status(404);
  // The index file was looked for and not forbidden: the folder may be searched, if not seen.
  if (look.error == EACCES || (look.error == 0 && look.is_directory())) return Outcome::next();
  if (look.error != 0) exchange.log_at(LogLevel::crit, failed_text("stat()", path.text, look.error));
  else exchange.log_at(LogLevel::alert, '"', path.text, "\" is not a directory");
  return Outcome::status(500);
}

// --- sending

namespace {

// begin puts the head in line; false when that was refused (a header filter wants another response).
bool begin(Exchange& exchange, const FileResponse& plan) {
  exchange.response().status = plan.status;
  return exchange.send_head(plan.has_body() ? static_cast<int64_t>(plan.length) : -1).ok();
}

bool is_refusal(const FileResponse& plan) { return plan.status == 412 || plan.status == 416; }

}  // namespace

Task<Outcome> FileHandler::send_copy(Exchange& exchange, const std::shared_ptr<const FileCopy>& copy) const {
  const FileResponse plan = plan_response(exchange, conf_, copy->stamp, copy->texts);
  if (is_refusal(plan)) return Outcome::status(plan.status);
  if (!begin(exchange, plan)) return Outcome::abort();
  if (plan.parts.size() > 1) return send_copied_parts(exchange, copy, plan);
  std::string_view body;
  if (!plan.parts.empty()) body = std::string_view(copy->content).substr(plan.parts[0].start, plan.length);
  Task<Result<void>> sent = exchange.send({body, true, false});
  if (sent.ready()) return sent.take() ? Outcome::finished() : Outcome::abort();
  return await_sent(std::move(sent), copy);
}

// `copy` is only kept alive.
Task<Outcome> FileHandler::await_sent(Task<Result<void>> sent, [[maybe_unused]] std::shared_ptr<const FileCopy> copy) {
  auto result = co_await std::move(sent);
  co_return result ? Outcome::finished() : Outcome::abort();
}

Task<Outcome> FileHandler::send_copied_parts(Exchange& exchange, std::shared_ptr<const FileCopy> copy, FileResponse plan) {
  for (const BodyPart& part : plan.parts) {
    auto text = co_await exchange.send({part.text, false, false});
    if (!text) co_return Outcome::abort();
    auto bytes = co_await exchange.send({std::string_view(copy->content).substr(part.start, part.end - part.start), false, false});
    if (!bytes) co_return Outcome::abort();
  }
  auto end = co_await exchange.finish();
  co_return end ? Outcome::finished() : Outcome::abort();
}

namespace {

// FileReader reads an open file in pieces, into one buffer.
class FileReader {
 public:
  static constexpr size_t kPieceBytes = 32 * 1024;

  FileReader(Exchange& exchange, int fd, uint64_t largest)
      : exchange_(exchange), fd_(fd), room_(std::min<uint64_t>(largest, kPieceBytes)),
        buffer_(room_ == 0 ? nullptr : exchange.arena().allocate_chars(room_)) {}

  // next reads what follows `start`; empty when that fails or the file has shrunk, which was logged.
  std::string_view next(uint64_t start, uint64_t end, std::string_view path) {
    const size_t wanted = std::min<uint64_t>(end - start, room_);
    ssize_t n;
    do n = ::pread(fd_, buffer_, wanted, static_cast<off_t>(start));
    while (n < 0 && errno == EINTR);
    if (n > 0) return {buffer_, static_cast<size_t>(n)};
    if (n < 0) exchange_.log_at(LogLevel::crit, failed_text("pread()", path, errno));
    else exchange_.log_at(LogLevel::alert, "pread() read only ", start, " of ", end, " from \"", path, '"');
    return {};
  }

 private:
  Exchange& exchange_;
  int fd_;
  size_t room_;
  char* buffer_;
};

}  // namespace

Task<Outcome> FileHandler::send_opened(Exchange& exchange, Opened file, FilePath path) const {
  const FileResponse plan = plan_response(exchange, conf_, file.look.stamp, FileTexts(file.look.stamp));
  if (is_refusal(plan)) co_return Outcome::status(plan.status);
  if (!begin(exchange, plan)) co_return Outcome::abort();
  const bool wants_body = exchange.request().method != Method::head;
  constexpr uint64_t kTurnBytes = 1024 * 1024;  // others have their turn after so much
  uint64_t since_turn = 0;
  const bool sends_file = exchange.location().core.sendfile && exchange.can_send_file();
  FileReader reader(exchange, file.fd.get(), wants_body && !sends_file ? plan.length : 0);
  for (const BodyPart& part : plan.parts) {
    if (!wants_body) break;
    if (!part.text.empty()) {
      auto text = co_await exchange.send({part.text, false, false});
      if (!text) co_return Outcome::abort();
    }
    if (sends_file) {
      auto sent = co_await exchange.send_file(file.fd.get(), part.start, part.end - part.start);
      if (sent) continue;
      if (sent.error().kind == ErrorKind::io) {
        exchange.log_at(LogLevel::alert, sent.error().text, " while sending bytes ", part.start, " to ", part.end, " of \"", path.text, '"');
      }
      co_return Outcome::abort();
    }
    for (uint64_t at = part.start; at < part.end;) {
      const std::string_view piece = reader.next(at, part.end, path.text);
      if (piece.empty()) co_return Outcome::abort();
      auto sent = co_await exchange.send({piece, false, false});
      if (!sent) co_return Outcome::abort();
      at += piece.size();
      since_turn += piece.size();
      if (since_turn < kTurnBytes) continue;
      since_turn = 0;
      co_await sleep_for(Milliseconds{0});
    }
  }
  auto end = co_await exchange.finish();
  co_return end ? Outcome::finished() : Outcome::abort();
}

}  // namespace sluice
