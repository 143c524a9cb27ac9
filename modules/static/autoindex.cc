#include "autoindex.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <memory>

#include <sluice/base/arena.h>
#include <sluice/base/strings.h>
#include <sluice/http/date.h>
#include <sluice/http/uri.h>
#include <sluice/os/file_look.h>

namespace sluice {

namespace {

using Type = DirectoryEntry::Type;

// --- texts

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string json_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += {'\\', c};
    else if (static_cast<unsigned char>(c) >= 0x20) out += c;
    else out += {'\\', 'u', '0', '0', "0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]};
  }
  return out;
}

std::string time_text(const char* form, int64_t seconds, bool local) {
  const time_t at = static_cast<time_t>(seconds);
  struct tm parts;
  if (local) ::localtime_r(&at, &parts);
  else ::gmtime_r(&at, &parts);
  char out[64];
  return std::string(out, std::strftime(out, sizeof out, form, &parts));
}

// short_size: "9999", "10K", "14M", "3G", rounded to the nearest.
std::string short_size(uint64_t bytes) {
  constexpr uint64_t kK = 1024, kM = kK * kK, kG = kM * kK;
  const auto in = [bytes](uint64_t unit, char letter) { return std::to_string((bytes + unit / 2) / unit) + letter; };
  if (bytes >= kG) return in(kG, 'G');
  if (bytes >= kM) return in(kM, 'M');
  return bytes > 9999 ? in(kK, 'K') : std::to_string(bytes);
}

// is_callback: a name that may be called in a script: letters, digits, _ $ . [ ]
bool is_callback(std::string_view text) {
  constexpr size_t kLongest = 128;
  return !text.empty() && text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '$' || c == '.' || c == '[' || c == ']';
  });
}

// --- forms

// columns of a name: longer ones are cut. Continuation bytes of UTF-8 have no width.
constexpr size_t kNameColumns = 50;

size_t columns(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string cut_to_columns(std::string_view text, size_t most) {
  size_t bytes = 0, seen = 0;
  while (bytes < text.size()) {
    if ((text[bytes] & 0xC0) != 0x80 && seen++ == most) break;
    ++bytes;
  }
  return std::string(text.substr(0, bytes));
}

std::string html_line(const AutoindexConf& conf, const DirectoryEntry& entry) {
  Arena arena;
  const std::string shown = entry.type == Type::directory ? entry.name + "/" : entry.name;
  const bool fits = columns(shown) <= kNameColumns;
  std::string line = concat("<a href=\"", html_text(escape_uri(entry.name, EscapeKind::component, arena)),
                            entry.type == Type::directory ? "/" : "", "\">");
  line += fits ? html_text(shown) : concat(html_text(cut_to_columns(shown, kNameColumns - 3)), "..&gt;");
  line += "</a>";
  line.append(fits ? kNameColumns - columns(shown) + 1 : 1, ' ');
  line += time_text("%d-%b-%Y %H:%M", entry.modified, conf.local_time);
  const std::string size = entry.type == Type::directory ? "-" : conf.exact_size ? std::to_string(entry.size) : short_size(entry.size);
  const size_t width = conf.exact_size ? 20 : 8;
  line.append(size.size() < width ? width - size.size() : 1, ' ');
  return line + size + "\r\n";
}

std::string html(const AutoindexConf& conf, std::string_view uri, const std::vector<DirectoryEntry>& entries) {
  const std::string title = concat("Index of ", html_text(uri));
  std::string out = concat("<html>\r\n<head><title>", title, "</title></head>\r\n<body>\r\n<h1>", title,
                           "</h1><hr><pre><a href=\"../\">../</a>\r\n");
  for (const DirectoryEntry& entry : entries) out += html_line(conf, entry);
  return out + "</pre><hr></body>\r\n</html>\r\n";
}

std::string_view type_name(Type type) {
  return type == Type::directory ? "directory" : type == Type::file ? "file" : "other";
}

std::string xml(const AutoindexConf& conf, const std::vector<DirectoryEntry>& entries) {
  std::string out = "<?xml version=\"1.0\"?>\r\n<list>\r\n";
  for (const DirectoryEntry& entry : entries) {
    out += concat('<', type_name(entry.type), " mtime=\"", time_text("%Y-%m-%dT%H:%M:%SZ", entry.modified, conf.local_time), '"');
    if (entry.type == Type::file) out += concat(" size=\"", std::to_string(entry.size), '"');
    out += concat('>', html_text(entry.name), "</", type_name(entry.type), ">\r\n");
  }
  return out + "</list>\r\n";
}

std::string json(const std::vector<DirectoryEntry>& entries) {
  std::string out = "[";
  for (const DirectoryEntry& entry : entries) {
    char date[kHttpDateBytes];
    format_http_date(entry.modified, date);
    out += concat(&entry == entries.data() ? "" : ",", "\r\n{ \"name\":\"", json_text(entry.name), "\", \"type\":\"", type_name(entry.type),
                  "\", \"mtime\":\"", std::string_view(date, kHttpDateBytes), '"');
    if (entry.type == Type::file) out += concat(", \"size\":", std::to_string(entry.size));
    out += " }";
  }
  return out + "\r\n]";
}

}  // namespace

Listing read_directory(Fd opened) {
  Listing listing;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(opened.get()), ::closedir);
  if (directory == nullptr) return {errno, {}};
  opened.release();
  errno = 0;
  while (const dirent* found = ::readdir(directory.get())) {
    if (found->d_name[0] == '.') continue;
    const FileLook look = look_at(::dirfd(directory.get()), found->d_name);
    errno = 0;
    if (look.error != 0) continue;
    listing.entries.push_back({found->d_name, look.is_directory() ? Type::directory : look.is_regular() ? Type::file : Type::other,
                               look.stamp.modified, look.stamp.size});
  }
  listing.error = errno;
  std::sort(listing.entries.begin(), listing.entries.end(), [](const DirectoryEntry& a, const DirectoryEntry& b) {
    const bool first = a.type == Type::directory, second = b.type == Type::directory;
    return first != second ? first : a.name < b.name;
  });
  return listing;
}

std::string_view content_type(ListFormat format) {
  switch (format) {
    case ListFormat::html: return "text/html";
    case ListFormat::xml: return "text/xml; charset=utf-8";
    case ListFormat::json: return "application/json";
    case ListFormat::jsonp: break;
  }
  return "application/javascript";
}

std::string render(const AutoindexConf& conf, std::string_view uri, const std::vector<DirectoryEntry>& entries, std::string_view callback) {
  if (conf.format == ListFormat::html) return html(conf, uri, entries);
  if (conf.format == ListFormat::xml) return xml(conf, entries);
  return conf.format == ListFormat::jsonp && is_callback(callback) ? concat("/* callback */\r\n", callback, '(', json(entries), ");") : json(entries);
}

}  // namespace sluice
