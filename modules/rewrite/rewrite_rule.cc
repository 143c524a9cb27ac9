#include "rewrite_rule.h"

#include <memory>

#include <sluice/sluice.h>

#include "redirect_answer.h"
#include "replacement.h"
#include "script_regex.h"

namespace sluice {

namespace {

// What comes after a match.
enum class Then : uint8_t {
  go_on,  // the scripts that follow see the new URI; then the location is looked for again
  last,   // no more scripts; the location is looked for again
  stay,   // no more scripts; the location stays (`break`)
};

enum class OldArgs : uint8_t { kept, dropped };

// find_climb gives the position of a ".." segment, or npos.
size_t find_climb(std::string_view uri) {
  for (size_t at = uri.find(".."); at != std::string_view::npos; at = uri.find("..", at + 1)) {
    const bool starts = at == 0 || uri[at - 1] == '/';
    const bool ends = at + 2 == uri.size() || uri[at + 2] == '/';
    if (starts && ends) return at;
  }
  return std::string_view::npos;
}

class RewriteHandler final : public PhaseHandler {
 public:
  RewriteHandler(ScriptRegex regex, Replacement path, std::optional<Replacement> args, OldArgs old_args, Then then)
      : regex_(std::move(regex)), path_(std::move(path)), args_(std::move(args)), old_args_(old_args), then_(then) {}

  Task<Outcome> run(Exchange& exchange) const override {
    if (!regex_.match(exchange.uri(), exchange)) return Outcome::next();
    const std::string_view uri = path_.eval(exchange);
    if (const int refusal = refuse(exchange, uri); refusal != 0) return Outcome::status(refusal);
    const std::string_view args = new_args(exchange);
    exchange.set_uri(uri);
    exchange.set_args(args);
    if (regex_.logs(exchange)) exchange.log_at(LogLevel::notice, "rewritten data: \"", uri, "\", args: \"", args, '"');
    if (then_ == Then::stay) {
      exchange.keep_location();
    } else {
      exchange.seek_location();
    }
    if (then_ != Then::go_on) exchange.end_scripts();
    return Outcome::next();
  }
  std::string_view name() const override { return "rewrite"; }

 private:
  std::string_view new_args(Exchange& exchange) const {
    const std::string_view old = old_args_ == OldArgs::kept ? exchange.args() : std::string_view();
    if (!args_) return old;
    const std::string_view args = args_->eval(exchange);
    return old.empty() ? args : exchange.arena().concat(args, "&", old);
  }

  // nginx takes whatever the text comes to. A URI that begins without a slash or climbs names nothing that a location could have meant.
  static int refuse(Exchange& exchange, std::string_view uri) {
    if (uri.empty()) {
      exchange.log_at(LogLevel::error, "the rewritten URI has a zero length");
      return 500;
    }
    if (!uri.starts_with('/')) {
      exchange.log_at(LogLevel::error, "the rewritten URI \"", uri, "\" does not begin with \"/\"");
      return 500;
    }
    if (find_climb(uri) == std::string_view::npos) return 0;
    exchange.log_at(LogLevel::error, "the rewritten URI \"", uri, "\" has a \"..\" segment");
    return 400;
  }

  ScriptRegex regex_;
  Replacement path_;
  std::optional<Replacement> args_;  // when the replacement has a "?"
  OldArgs old_args_;
  Then then_;
};

class RedirectHandler final : public PhaseHandler {
 public:
  RedirectHandler(ScriptRegex regex, Replacement target, std::string_view joint, int status)
      : regex_(std::move(regex)), target_(std::move(target)), joint_(joint), status_(status) {}

  Task<Outcome> run(Exchange& exchange) const override {
    if (!regex_.match(exchange.uri(), exchange)) return Outcome::next();
    std::string_view target = unescape_redirect(target_.eval(exchange), exchange.arena());
    if (!joint_.empty() && !exchange.args().empty()) target = exchange.arena().concat(target, joint_, exchange.args());
    if (regex_.logs(exchange)) exchange.log_at(LogLevel::notice, "rewritten redirect: \"", target, '"');
    return redirect_answer(exchange, status_, target);
  }
  std::string_view name() const override { return "rewrite"; }

 private:
  ScriptRegex regex_;
  Replacement target_;
  std::string_view joint_;  // "?" or "&" before the request's arguments; empty: they are dropped
  int status_;
};

struct Written {
  std::string_view text;           // of the replacement, without the "?" at its end
  OldArgs old_args = OldArgs::kept;
  Then then = Then::go_on;
  int redirect = 0;                // or its status
};

Result<Written> parse_rewrite(const DirectiveUse& use) {
  Written written{use.arg(1)};
  if (written.text.empty()) return use.error("empty replacement");
  if (is_url(written.text)) written.redirect = 302;
  if (written.text.ends_with('?')) {
    written.text.remove_suffix(1);
    written.old_args = OldArgs::dropped;
  }
  if (use.count() == 2) return written;
  const std::string_view flag = use.arg(2);
  if (flag == "last") written.then = Then::last;
  else if (flag == "break") written.then = Then::stay;
  else if (flag == "redirect") written.redirect = 302;
  else if (flag == "permanent") written.redirect = 301;
  else return use.error(concat("invalid parameter \"", flag, '"'));
  return written;
}

Result<void> add_redirect(DirectiveUse& use, const Written& written, ScriptRegex regex) {
  TRY_ASSIGN(Replacement target,
             Replacement::compile(use.block.builder(), use.node.place, written.text, Replacement::Groups::encoded));
  std::string_view joint = written.text.find('?') == std::string_view::npos ? "?" : "&";
  if (written.old_args == OldArgs::dropped) joint = {};
  use.block.add_script(std::make_unique<RedirectHandler>(std::move(regex), std::move(target), joint, written.redirect));
  return {};
}

}  // namespace

Result<void> add_rewrite(DirectiveUse& use, RewriteConfSlot conf) {
  ConfigBuilder& builder = use.block.builder();
  const ConfigPlace& place = use.node.place;
  TRY_ASSIGN(NamedRegex named, NamedRegex::compile(builder, place, use.arg(0), Regex::Case::sensitive));
  ScriptRegex regex(std::move(named), conf);
  TRY_ASSIGN(Written written, parse_rewrite(use));
  if (written.redirect != 0) return add_redirect(use, written, std::move(regex));
  const size_t mark = written.text.find('?');
  TRY_ASSIGN(Replacement path, Replacement::compile(builder, place, written.text.substr(0, mark), Replacement::Groups::as_they_are));
  std::optional<Replacement> args;
  if (mark != std::string_view::npos) {
    TRY_ASSIGN(args, Replacement::compile(builder, place, written.text.substr(mark + 1), Replacement::Groups::encoded));
  }
  auto handler = std::make_unique<RewriteHandler>(std::move(regex), std::move(path), std::move(args), written.old_args, written.then);
  use.block.add_script(std::move(handler), written.then == Then::stay ? ScriptEffect::plain : ScriptEffect::changes_uri);
  return {};
}

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::string_view unescape_redirect(std::string_view target, Arena& arena) {
  if (target.find('%') == std::string_view::npos) return target;
  char* out = arena.allocate_chars(target.size());
  size_t size = 0;
  size_t at = 0;
  while (at < target.size()) {
    const char c = target[at];
    const int high = c == '%' && at + 2 < target.size() ? hex_digit(target[at + 1]) : -1;
    const int low = high >= 0 ? hex_digit(target[at + 2]) : -1;
    const int decoded = low >= 0 ? high * 16 + low : -1;
    const bool plain = decoded > '%' && decoded < 0x7f;
    if (c == '?' || decoded == '?') break;
    out[size++] = plain ? static_cast<char>(decoded) : c;
    at += plain ? 3 : 1;
  }
  if (target.substr(at).starts_with('%')) {  // an encoded "?" ends the path, too
    out[size++] = '?';
    at += 3;
  }
  const std::string_view rest = target.substr(at);
  rest.copy(out + size, rest.size());
  return {out, size + rest.size()};
}

}  // namespace sluice
