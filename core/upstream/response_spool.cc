#include "upstream/response_spool.h"

#include <unistd.h>

#include "os/temp_file.h"

namespace sluice {

void ResponseSpool::add(std::string_view bytes) {
  if (file_left() == 0 && (memory_.size() < limits_.memory_bytes || limits_.file_bytes == 0 || trouble_)) {
    memory_ += bytes;
    return;
  }
  auto written = trouble_ ? Result<void>() : write(bytes);
  if (!trouble_ && written) return;
  if (!written) trouble_text_ = written.error().text;
  trouble_ = true;
  (file_left() == 0 ? memory_ : tail_) += bytes;
}

Result<void> ResponseSpool::write(std::string_view bytes) {
  if (!file_.valid()) {
    TRY_ASSIGN(file_, open_temp_file(*limits_.directory));
  }
  TRY(write_at(file_.get(), bytes, written_));
  written_ += bytes.size();
  return {};
}

void ResponseSpool::take_file(uint64_t bytes) {
  taken_ += bytes;
  if (taken_ < written_) return;
  memory_ += std::exchange(tail_, {});
  // From the beginning again: the pages go back at once. A file that stays as long as it was is no harm.
  if (::ftruncate(file_.get(), 0) == 0) written_ = taken_ = 0;
}

}  // namespace sluice
