#include "backend_bodies.h"

#include <algorithm>

namespace sluice::bench {

namespace {

constexpr size_t kBlockBytes = size_t(1) << 20;

iovec piece(std::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

}  // namespace

std::string make_head(int status, uint64_t length) {
  return "HTTP/1.1 " + std::to_string(status) + (status == 200 ? " OK" : " Length Required") +
         "\r\nServer: bench\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

void Response::next(iovec (&pieces)[2]) const {
  const std::string_view rest = block.substr(block.empty() ? 0 : size_t(sent % block.size()));
  pieces[0] = piece(head);
  pieces[1] = piece(rest.substr(0, size_t(std::min<uint64_t>(rest.size(), length - sent))));
}

void Response::skip(size_t bytes) {
  const size_t of_head = std::min(bytes, head.size());
  head.remove_prefix(of_head);
  sent += bytes - of_head;
}

Bodies::Bodies() : text_(kBlockBytes, '\0') {
  for (size_t i = 0; i < text_.size(); ++i) text_[i] = char('a' + i % 23);
  for (Entry& entry : entries_) entry.head = make_head(200, entry.bytes);
}

Response Bodies::find(std::string_view path) const {
  for (const Entry& entry : entries_)
    if (entry.path == path) return {entry.head, text_, entry.bytes};
  return find("/128");
}

}  // namespace sluice::bench
