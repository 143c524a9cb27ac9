// ProcessTitle: what ps shows: "sluice: master process ./sluice -c proxy.conf", "sluice: worker process", ...
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// The title is written over the memory of argv and of the environment, whose strings move to memory of this object first.
// REQUIRES: one object per process, made in main before any thread; it outlives every use of argv, and the environment is empty once
// it is destroyed. A forked child keeps using its copy.
class ProcessTitle {
 public:
  ProcessTitle(int argc, char** argv);
  ~ProcessTitle();
  ProcessTitle(const ProcessTitle&) = delete;
  ProcessTitle& operator=(const ProcessTitle&) = delete;

  // set shows "sluice: " + title, cut to the room there is.
  void set(std::string_view title);
  // arguments is the original command line, joined by spaces.
  const std::string& arguments() const { return arguments_; }

 private:
  char* start_ = nullptr;
  size_t room_ = 0;
  std::string arguments_;
  std::vector<std::string> environment_;
};

}  // namespace sluice
