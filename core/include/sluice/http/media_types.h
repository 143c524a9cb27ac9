// MediaTypes: the set that gzip_types and its like name: which responses a filter works on, by their Content-Type.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/api.h>

namespace sluice {

class SLUICE_API MediaTypes {
 public:
  // add takes one type in any case, "*" for all; false when it is there already.
  bool add(std::string_view type);
  // matches compares what stands before the parameters of a Content-Type; an empty one matches nothing, not even "*".
  bool matches(std::string_view content_type) const;

 private:
  std::vector<std::string> types_{"text/html"};  // a handful: a search is quicker than a hash
  bool all_ = false;
};

}  // namespace sluice
