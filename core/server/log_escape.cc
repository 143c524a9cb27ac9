#include "server/log_escape.h"

namespace sluice {

namespace {

constexpr char kUpperHex[] = "0123456789ABCDEF";

void append_hex(std::string& out, std::string_view prefix, unsigned char byte) {
  out += prefix;
  out.push_back(kUpperHex[byte >> 4]);
  out.push_back(kUpperHex[byte & 15]);
}

void append_standard(std::string& out, std::string_view value) {
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\' || byte < 0x20 || byte > 0x7e) {
      append_hex(out, "\\x", byte);
    } else {
      out.push_back(c);
    }
  }
}

void append_json(std::string& out, std::string_view value) {
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        if (byte < 0x20) {
          append_hex(out, "\\u00", byte);
        } else {
          out.push_back(c);
        }
    }
  }
}

}  // namespace

void append_escaped(std::string& out, std::string_view value, LogEscape escape) {
  switch (escape) {
    case LogEscape::standard: return append_standard(out, value);
    case LogEscape::json: return append_json(out, value);
    case LogEscape::none: out += value;
  }
}

}  // namespace sluice
