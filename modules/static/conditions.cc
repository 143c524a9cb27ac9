#include "conditions.h"

#include <sluice/http/date.h>

namespace sluice {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }

void skip_spaces(std::string_view& list) {
  while (!list.empty() && is_space(list.front())) list.remove_prefix(1);
}

void skip_item(std::string_view& list) {
  while (!list.empty() && list.front() != ',') list.remove_prefix(1);
  while (!list.empty() && (is_space(list.front()) || list.front() == ',')) list.remove_prefix(1);
}

enum class Compare : uint8_t { strong, weak };

bool lists(std::string_view list, std::string_view etag, Compare compare) {
  if (list == "*") return true;
  if (etag.empty()) return false;
  while (!list.empty()) {
    if (compare == Compare::weak && list.starts_with("W/")) list.remove_prefix(2);
    if (list.starts_with(etag)) {
      list.remove_prefix(etag.size());
      skip_spaces(list);
      if (list.empty() || list.front() == ',') return true;
    }
    skip_item(list);
  }
  return false;
}

// Whether any field of that name lists the tag.
bool any_lists(const Headers& request, const Header* field, std::string_view etag, Compare compare) {
  for (; field != nullptr; field = request.next(field)) {
    if (lists(field->value(), etag, compare)) return true;
  }
  return false;
}

// An unreadable date is older than every file, as in nginx.
int64_t date_of(const Header& field) { return parse_http_date(field.value()).value_or(-1); }

bool modified_since(const Header& field, int64_t modified, IfModifiedSince mode) {
  if (mode == IfModifiedSince::off) return true;
  const int64_t since = date_of(field);
  if (since == modified) return false;
  return mode == IfModifiedSince::exact || since < modified;
}

}  // namespace

Verdict check_conditions(const Headers& request, const Validators& file, IfModifiedSince mode) {
  const Header* unmodified = request.find(HeaderId::if_unmodified_since);
  if (unmodified != nullptr && date_of(*unmodified) < file.modified) return Verdict::failed;
  const Header* match = request.find(HeaderId::if_match);
  if (match != nullptr && !any_lists(request, match, file.etag, Compare::strong)) return Verdict::failed;

  const Header* since = request.find(HeaderId::if_modified_since);
  const Header* none_match = request.find(HeaderId::if_none_match);
  if (since == nullptr && none_match == nullptr) return Verdict::send;
  if (since != nullptr && modified_since(*since, file.modified, mode)) return Verdict::send;
  if (none_match != nullptr && !any_lists(request, none_match, file.etag, Compare::weak)) return Verdict::send;
  return Verdict::not_modified;
}

bool range_applies(const Headers& request, const Validators& file) {
  const Header* field = request.find(HeaderId::if_range);
  if (field == nullptr) return true;
  const std::string_view value = field->value();
  if (value.size() >= 2 && value.back() == '"') return value == file.etag;
  return parse_http_date(value) == file.modified;
}

}  // namespace sluice
