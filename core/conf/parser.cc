#include "conf/parser.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sluice/base/strings.h>

#include "conf/excerpt.h"
#include "conf/lexer.h"
#include "conf/lua_block.h"

namespace sluice {

namespace {

// What a sequence of directives ends with: a file with its end, a block with its brace, -g with its end and
// no blocks.
enum class BodyKind { file, block, command_line };

// One text being parsed.
struct Input {
  Lexer lexer;
  const std::string* file;  // name in messages
  BodyKind outermost;
};

const std::string& command_line_name() {
  static const std::string name(kCommandLineFile);
  return name;
}

bool is_pattern(std::string_view path) {
  return path.find_first_of("*?[") != std::string_view::npos;
}

// The folder as part of a pattern: its own characters are no wildcards.
std::string escape_pattern(std::string_view folder) {
  std::string out;
  for (char c : folder) {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

bool has_name(const ConfigNode& node) {
  return node.place.start_line != 0;
}

class Parser {
 public:
  Parser(FileSource& source, const ParseOptions& options, std::string_view folder, std::string* excerpt)
      : source_(source), options_(options), folder_(folder), excerpt_(excerpt) {
    config_.root = std::make_unique<ConfigNode>();
    config_.root->has_block = true;
  }

  Result<ParsedConfig> parse(const std::string& main_path) {
    if (!options_.command_line.empty()) {
      Input input{Lexer(options_.command_line), &command_line_name(), BodyKind::command_line};
      TRY(parse_body(input, BodyKind::command_line, *config_.root));
    }
    auto file = load(main_path);
    if (!file) return config_error({}, file.error().text);
    TRY(parse_file(**file, *config_.root));
    return std::move(config_);
  }

 private:
  Result<void> parse_file(const ConfigFile& file, ConfigNode& parent) {
    open_.push_back(&file);
    Input input{Lexer(file.text), &file.path, BodyKind::file};
    TRY(parse_body(input, BodyKind::file, parent));
    open_.pop_back();
    return {};
  }

  // Parses directives into `parent` up to the end of a body of this kind.
  Result<void> parse_body(Input& input, BodyKind kind, ConfigNode& parent) {
    for (;;) {
      auto node = std::make_unique<ConfigNode>();
      node->position = ++position_;
      TRY_ASSIGN(Token last, read_directive(input, *node));
      switch (last.kind) {
        case Token::Kind::block_end:
          if (kind != BodyKind::block) return unexpected(input, last);
          return {};
        case Token::Kind::end:
          if (kind == BodyKind::block) return unclosed_block(input, parent);
          return {};
        default:
          TRY(accept(input, std::move(node), last, parent));
      }
    }
  }

  // Reads one directive up to its `;` or `{`; without a directive, the `}` or end of text found instead.
  Result<Token> read_directive(Input& input, ConfigNode& node) {
    node.place.file = input.file;
    for (;;) {
      Token token = input.lexer.next();
      switch (token.kind) {
        case Token::Kind::word:
          add_word(node, std::move(token));
          continue;
        case Token::Kind::unexpected:
          return unexpected(input, token);
        case Token::Kind::unterminated:
          return unfinished_directive(input, token.line, token.column);
        case Token::Kind::end:
          if (has_name(node)) return unfinished_directive(input, node.place.start_line, node.place.column);
          return token;
        case Token::Kind::block_end:
          if (has_name(node)) return unexpected(input, token);
          return token;
        case Token::Kind::semicolon:
        case Token::Kind::block_start:
          if (!has_name(node)) return unexpected(input, token);
          node.place.line = token.line;
          return token;
      }
    }
  }

  static void add_word(ConfigNode& node, Token word) {
    if (has_name(node)) {
      node.args.push_back(std::move(word.text));
      node.quoted.push_back(word.quoted);
      return;
    }
    node.name = std::move(word.text);
    node.place.start_line = word.line;
    node.place.column = word.column;
  }

  // Takes a directive whose `;` or `{` was read: an include is replaced by what it names, the rest joins the
  // tree.
  Result<void> accept(Input& input, std::unique_ptr<ConfigNode> node, const Token& last, ConfigNode& parent) {
    bool opens_block = last.kind == Token::Kind::block_start;
    if (opens_block && input.outermost == BodyKind::command_line) {
      return fail(input, node->place, "block directives are not supported in -g option");
    }
    if (node->name == "include") return include(input, *node, opens_block, parent);
    if (opens_block) TRY(parse_block(input, *node, last));
    parent.children.push_back(std::move(node));
    return {};
  }

  Result<void> parse_block(Input& input, ConfigNode& node, const Token& brace) {
    node.has_block = true;
    if (takes_raw_block(node.name)) return parse_raw_block(input, node, brace);
    if (depth_ == kMaxBlockDepth) {
      return fail(input, node.place, concat("too many nested blocks, the limit is ", kMaxBlockDepth));
    }
    ++depth_;
    TRY(parse_body(input, BodyKind::block, node));
    --depth_;
    return {};
  }

  bool takes_raw_block(std::string_view name) const {
    return name.ends_with("_by_lua_block") || (options_.is_raw_block && options_.is_raw_block(name));
  }

  Result<void> parse_raw_block(Input& input, ConfigNode& node, const Token& brace) {
    std::string_view text = input.lexer.rest();
    LuaBlockScan scan = scan_lua_block(text);
    if (scan.outcome != LuaBlockScan::Outcome::closed) return unclosed_lua(input, brace, scan);
    node.raw = true;
    node.text = text.substr(0, scan.length);
    node.text_line = brace.line;
    input.lexer.skip(scan.length + 1);
    return {};
  }

  Result<void> include(Input& input, const ConfigNode& node, bool opens_block, ConfigNode& parent) {
    if (opens_block) return fail(input, node.place, R"(directive "include" is not terminated by ";")");
    if (node.args.size() != 1)
      return fail(input, node.place, R"(invalid number of arguments in "include" directive)");
    const std::string& path = node.args[0];
    bool absolute = path.starts_with('/');
    if (!is_pattern(path)) {
      return include_file(input, node, absolute ? path : concat(folder_, path), parent);
    }
    for (const auto& match : source_.glob(absolute ? path : concat(escape_pattern(folder_), path))) {
      TRY(include_file(input, node, match, parent));
    }
    return {};
  }

  Result<void> include_file(Input& input, const ConfigNode& node, const std::string& path,
                            ConfigNode& parent) {
    TRY(refuse_endless_include(input, node, path));
    auto file = load(path);
    if (!file) return fail(input, node.place, file.error().text);
    return parse_file(**file, parent);
  }

  Result<void> refuse_endless_include(const Input& input, const ConfigNode& node, const std::string& path) {
    auto again =
        std::find_if(open_.begin(), open_.end(), [&](const ConfigFile* file) { return file->path == path; });
    if (again != open_.end()) {
      return fail(input, node.place,
                  concat("\"include\" directive makes a cycle: ", chain_from(again), path));
    }
    if (open_.size() > kMaxIncludeDepth) {
      return fail(input, node.place,
                  concat("too many nested \"include\" directives, the limit is ", kMaxIncludeDepth));
    }
    return {};
  }

  std::string chain_from(std::vector<const ConfigFile*>::const_iterator first) const {
    std::string chain;
    for (; first != open_.end(); ++first) chain.append((*first)->path).append(" -> ");
    return chain;
  }

  // Reads a file, or finds what was read of it before.
  Result<const ConfigFile*> load(const std::string& path) {
    if (auto known = by_path_.find(path); known != by_path_.end()) return known->second;
    TRY_ASSIGN(std::string text, source_.read(path));
    const ConfigFile* file = &config_.files.emplace_back(ConfigFile{path, std::move(text)});
    by_path_.emplace(file->path, file);
    return file;
  }

  Error unexpected(const Input& input, const Token& token) {
    return fail(input, {input.file, token.line, token.line, token.column},
                concat("unexpected \"", token.text, "\""));
  }

  // Reported, as nginx does, on the last line; the caret shows the word or directive that was cut off.
  Error unfinished_directive(Input& input, uint32_t line, uint32_t column) {
    return fail(input, {input.file, last_line(input), line, column},
                input.outermost == BodyKind::command_line
                    ? R"(unexpected end of parameter, expecting ";")"
                    : R"(unexpected end of file, expecting ";" or "}")");
  }

  Error unclosed_block(Input& input, const ConfigNode& block) {
    return fail(input, {input.file, last_line(input), block.place.start_line, block.place.column},
                R"(unexpected end of file, expecting "}")");
  }

  Error unclosed_lua(Input& input, const Token& brace, const LuaBlockScan& scan) {
    ConfigPlace place{input.file, brace.line, brace.line, brace.column};
    if (!scan.at_block_brace) {
      input.lexer.skip(scan.offset);
      place = {input.file, input.lexer.line(), input.lexer.line(), input.lexer.column()};
    }
    if (scan.outcome == LuaBlockScan::Outcome::open_brace) {
      return fail(input, place,
                  "unexpected end of file, expecting terminating characters for lua code block");
    }
    return fail(input, place,
                concat("Lua code block missing the closing long bracket \"", scan.missing,
                       "\", the inlined Lua code may be too long"));
  }

  static uint32_t last_line(Input& input) {
    input.lexer.skip(input.lexer.rest().size());
    return input.lexer.line();
  }

  Error fail(const Input& input, const ConfigPlace& place, std::string_view text) {
    if (excerpt_ != nullptr) *excerpt_ = source_excerpt(place, input.lexer.text());
    return config_error(place, text);
  }

  FileSource& source_;
  const ParseOptions& options_;
  std::string_view folder_;
  std::string* excerpt_;
  ParsedConfig config_;
  std::unordered_map<std::string_view, const ConfigFile*> by_path_;
  std::vector<const ConfigFile*> open_;  // the files being parsed, outermost first
  size_t depth_ = 0;
  uint32_t position_ = 0;
};

}  // namespace

std::string_view config_directory(std::string_view main_path) {
  size_t slash = main_path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : main_path.substr(0, slash + 1);
}

Result<ParsedConfig> parse_config(FileSource& files, std::string_view main_path, const ParseOptions& options,
                                  std::string* excerpt) {
  return Parser(files, options, config_directory(main_path), excerpt).parse(std::string(main_path));
}

std::string config_dump(const ParsedConfig& config) {
  std::string out;
  for (const auto& file : config.files)
    out += concat("# configuration file ", file.path, ":\n", file.text, "\n");
  return out;
}

}  // namespace sluice
