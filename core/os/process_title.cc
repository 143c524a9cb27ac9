#include "os/process_title.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace sluice {

ProcessTitle::ProcessTitle(int argc, char** argv) {
  if (argc <= 0 || argv[0] == nullptr) return;
  start_ = argv[0];
  char* end = start_;
  auto extend = [&end](const char* text) {
    if (text == end) end += std::strlen(text) + 1;
  };
  for (int i = 0; i < argc; ++i) {
    extend(argv[i]);
    arguments_.append(i > 0 ? " " : "").append(argv[i]);
  }
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    extend(*variable);
    environment_.emplace_back(*variable);
  }
  for (size_t i = 0; i < environment_.size(); ++i) environ[i] = environment_[i].data();
  room_ = static_cast<size_t>(end - start_);
}

ProcessTitle::~ProcessTitle() {
  if (start_ != nullptr) clearenv();
}

void ProcessTitle::set(std::string_view title) {
  if (room_ == 0) return;
  std::string text = "sluice: ";
  text += title;
  size_t length = std::min(text.size(), room_ - 1);
  std::memcpy(start_, text.data(), length);
  std::memset(start_ + length, 0, room_ - length);
}

}  // namespace sluice
