#include <sluice/http/content_coding.h>

#include <sluice/base/strings.h>

namespace sluice {

namespace {

// next_element takes the next element of a comma-separated list, without the spaces around it.
std::string_view next_element(std::string_view& list) {
  const size_t comma = list.find(',');
  const std::string_view element = trim(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  return element;
}

// weight_of reads the q parameter behind a coding, in thousandths; one that is malformed counts as zero.
int weight_of(std::string_view parameters) {
  while (!parameters.empty()) {
    const size_t end = parameters.find(';');
    const std::string_view one = trim(parameters.substr(0, end));
    parameters = end == std::string_view::npos ? std::string_view() : parameters.substr(end + 1);
    if (one.size() < 2 || (one[0] != 'q' && one[0] != 'Q') || one[1] != '=') continue;
    const std::string_view value = one.substr(2);
    if (value.empty() || value.size() > 5 || (value[0] != '0' && value[0] != '1') || (value.size() > 1 && value[1] != '.')) return 0;
    int thousandths = (value[0] - '0') * 1000;
    int unit = 100;
    for (size_t i = 2; i < value.size(); ++i, unit /= 10) {
      if (value[i] < '0' || value[i] > '9') return 0;
      thousandths += (value[i] - '0') * unit;
    }
    return thousandths <= 1000 ? thousandths : 0;
  }
  return 1000;
}

}  // namespace

bool accepts_gzip(const Headers& request) {
  int gzip = 0;
  int identity = 0;
  for (const Header* field = request.find(HeaderId::accept_encoding); field != nullptr; field = request.next(field)) {
    for (std::string_view list = field->value(); !list.empty();) {
      const std::string_view element = next_element(list);
      const size_t end = element.find(';');
      const std::string_view coding = trim(element.substr(0, end));
      const std::string_view parameters = end == std::string_view::npos ? std::string_view() : element.substr(end + 1);
      if (iequals(coding, "gzip") || iequals(coding, "x-gzip")) gzip = weight_of(parameters);
      if (iequals(coding, "identity")) identity = weight_of(parameters);
    }
  }
  return gzip > 0 && gzip >= identity;
}

bool lists_token(const Headers& headers, HeaderId id, std::string_view token) {
  for (const Header* field = headers.find(id); field != nullptr; field = headers.next(field)) {
    for (std::string_view list = field->value(); !list.empty();) {
      const std::string_view element = next_element(list);
      if (iequals(trim(element.substr(0, element.find_first_of("=;"))), token)) return true;
    }
  }
  return false;
}

void content_recoded(Headers& response, Arena& arena) {
  response.remove(HeaderId::content_length);
  response.remove(HeaderId::accept_ranges);
  const std::string_view etag = response.value(HeaderId::etag);
  if (etag.starts_with("W/") || etag.empty()) return;
  if (etag.starts_with('"')) response.set(HeaderId::etag, arena.concat("W/", etag));
  else response.remove(HeaderId::etag);
}

void add_vary_encoding(Headers& response) {
  if (lists_token(response, HeaderId::vary, "Accept-Encoding") || lists_token(response, HeaderId::vary, "*")) return;
  response.add(HeaderId::vary, "Accept-Encoding");
}

}  // namespace sluice
