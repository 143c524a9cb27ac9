#include <sluice/server/process_context.h>

namespace sluice {

ProcessContext::~ProcessContext() {
  objects_.clear();
  while (!order_.empty()) order_.pop_back();
}

}  // namespace sluice
