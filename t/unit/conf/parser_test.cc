#include "conf/parser.h"

#include <catch2/catch.hpp>

#include "memory_files.h"

using namespace sluice;

namespace {

constexpr const char* kMain = "/etc/sluice/proxy.conf";

Result<ParsedConfig> parse(std::map<std::string, std::string> texts, const ParseOptions& options = {},
                           std::string* excerpt = nullptr) {
  MemoryFiles files(std::move(texts));
  return parse_config(files, kMain, options, excerpt);
}

// The tree in one line: name(arg,"quoted arg"), then [children] or <raw text>.
std::string shape(const ConfigNode& node) {
  std::string out = node.name;
  for (size_t i = 0; i < node.args.size(); ++i)
    out += node.quoted[i] ? " '" + node.args[i] + "'" : " " + node.args[i];
  if (node.raw) return out + " <" + node.text + ">";
  if (!node.has_block) return out + ";";
  out += "[";
  for (const auto& child : node.children) out += shape(*child);
  return out + "]";
}

std::string shape_of(std::map<std::string, std::string> texts, const ParseOptions& options = {}) {
  auto config = parse(std::move(texts), options);
  return config ? shape(*config->root) : "error: " + config.error().text;
}

std::string error_of(std::map<std::string, std::string> texts, const ParseOptions& options = {}) {
  auto config = parse(std::move(texts), options);
  return config ? "no error" : config.error().text;
}

}  // namespace

TEST_CASE("text becomes a tree of directives and blocks") {
  CHECK(shape_of({{kMain, ""}}) == "[]");
  CHECK(shape_of({{kMain, "user a b;\n# x\nhttp { server { listen 80; } }\n"}}) ==
        "[user a b;http[server[listen 80;]]]");
  CHECK(shape_of({{kMain, "log_format main '$a \"$b\"' \"\" c;"}}) == "[log_format main '$a \"$b\"' '' c;]");
  CHECK(shape_of({{kMain, "events{}"}}) == "[events[]]");
  CHECK(shape_of({{kMain, "map $a $b { default 0; ~^x\\.y 1; \"k k\" 2; }"}}) ==
        "[map $a $b[default 0;~^x\\.y 1;k k 2;]]");
  CHECK(shape_of({{kMain, "\xef\xbb\xbfuser a;"}}) == "[user a;]");
  CHECK(shape_of({{kMain, "\"\" a;"}}) == "[ a;]");
}

TEST_CASE("a node knows where its name and its terminator stand") {
  auto config = parse({{kMain, "a;\n  server_name\n    x\n    y ;\n  location\n /\n {\n}"}});
  REQUIRE(config.ok());
  const auto& name = *config->root->children[1];
  CHECK(*name.place.file == kMain);
  CHECK(name.place.start_line == 2);
  CHECK(name.place.column == 3);
  CHECK(name.place.line == 4);
  CHECK(config->root->children[2]->place.start_line == 5);
  CHECK(config->root->children[2]->place.line == 7);
}

TEST_CASE("places stay valid when the result moves") {
  auto config = parse({{kMain, "a;"}});
  REQUIRE(config.ok());
  ParsedConfig moved = std::move(config).value();
  CHECK(place_suffix(moved.root->children[0]->place) == " in /etc/sluice/proxy.conf:1");
}

TEST_CASE("syntax errors have nginx's texts and lines") {
  struct {
    const char* text;
    const char* error;
  } cases[] = {
      {";", "unexpected \";\" in /etc/sluice/proxy.conf:1"},
      {"a;\n;", "unexpected \";\" in /etc/sluice/proxy.conf:2"},
      {"\n{", "unexpected \"{\" in /etc/sluice/proxy.conf:2"},
      {"a {}\n}", "unexpected \"}\" in /etc/sluice/proxy.conf:2"},
      {"http {\n listen 80\n}", "unexpected \"}\" in /etc/sluice/proxy.conf:3"},
      {"a {} }\n", "unexpected \"}\" in /etc/sluice/proxy.conf:1"},
      {"http {\n  root \"a\"\"b\";\n}", "unexpected \"\"\" in /etc/sluice/proxy.conf:2"},
      {"a \"b\"c;", "unexpected \"c\" in /etc/sluice/proxy.conf:1"},
      {"a \"b\"};", "unexpected \"}\" in /etc/sluice/proxy.conf:1"},
      {"a \"b\"#;", "unexpected \"#\" in /etc/sluice/proxy.conf:1"},
      {"http {\n", "unexpected end of file, expecting \"}\" in /etc/sluice/proxy.conf:2"},
      {"http { a; # }\n\n", "unexpected end of file, expecting \"}\" in /etc/sluice/proxy.conf:3"},
      {"a;\nuser x\n", "unexpected end of file, expecting \";\" or \"}\" in /etc/sluice/proxy.conf:3"},
      {"a", "unexpected end of file, expecting \";\" or \"}\" in /etc/sluice/proxy.conf:1"},
      {"a \\", "unexpected end of file, expecting \";\" or \"}\" in /etc/sluice/proxy.conf:1"},
      {"\\", "unexpected end of file, expecting \";\" or \"}\" in /etc/sluice/proxy.conf:1"},
      {"a \"b\"", "unexpected end of file, expecting \";\" or \"}\" in /etc/sluice/proxy.conf:1"},
      {"a \"b\n\nc\n", "unexpected end of file, expecting \";\" or \"}\" in /etc/sluice/proxy.conf:4"},
      {"http { a \"b", "unexpected end of file, expecting \";\" or \"}\" in /etc/sluice/proxy.conf:1"},
      {"'", "unexpected end of file, expecting \";\" or \"}\" in /etc/sluice/proxy.conf:1"},
  };
  for (const auto& c : cases) {
    INFO(c.text);
    CHECK(error_of({{kMain, c.text}}) == c.error);
  }
}

TEST_CASE("an error comes with an excerpt that shows where it began") {
  struct {
    const char* text;
    const char* excerpt;
  } cases[] = {
      {"http {\n  root \"a\"b;\n}", "  2 |   root \"a\"b;\n    |           ^\n"},
      {"http {\n listen 80\n}", "  3 | }\n    | ^\n"},
      {"http {\n server {\n a;\n }\n\n", "  1 | http {\n    | ^\n"},
      {"a;\n  user x\n\n", "  2 |   user x\n    |   ^\n"},
      {"a;\n  user \"x;\nb;\n", "  2 |   user \"x;\n    |        ^\n"},
      {"a;\n include nope;", "  2 |  include nope;\n    |  ^\n"},
      {"x_by_lua_block {\n a = {\n", "  2 |  a = {\n    |      ^\n"},
  };
  for (const auto& c : cases) {
    INFO(c.text);
    std::string excerpt;
    CHECK_FALSE(parse({{kMain, c.text}}, {}, &excerpt).ok());
    CHECK(excerpt == c.excerpt);
  }
}

TEST_CASE("a missing main file is an error without a place") {
  CHECK(error_of({}) == "open() \"/etc/sluice/proxy.conf\" failed (2: No such file or directory)");
}

TEST_CASE("blocks may nest to the limit and no deeper") {
  auto nested = [](size_t depth) {
    std::string text;
    for (size_t i = 0; i < depth; ++i) text += "a {";
    return text + std::string(depth, '}');
  };
  CHECK(parse({{kMain, nested(kMaxBlockDepth)}}).ok());
  CHECK(error_of({{kMain, nested(kMaxBlockDepth + 1)}}) ==
        "too many nested blocks, the limit is 256 in /etc/sluice/proxy.conf:1");
}

TEST_CASE("the text of a Lua block is kept verbatim") {
  CHECK(
      shape_of({{kMain, "location / {\n content_by_lua_block {\n  ngx.say('}', \"$x\") -- }\n }\n}\nb;"}}) ==
      "[location /[content_by_lua_block <\n  ngx.say('}', \"$x\") -- }\n >]b;]");
  CHECK(shape_of({{kMain, "set_by_lua_block $v { return [[}]] } a;"}}) ==
        "[set_by_lua_block $v < return [[}]] >a;]");
  CHECK(shape_of({{kMain, "init_by_lua_block{}"}}) == "[init_by_lua_block <>]");
  CHECK(shape_of({{kMain, "content_by_lua 'ngx.say(\"a\\\\nb\")';"}}) ==
        "[content_by_lua 'ngx.say(\"a\\nb\")';]");
  CHECK(shape_of({{kMain, "content_by_lua_block;"}}) == "[content_by_lua_block;]");
}

TEST_CASE("a Lua block knows its line and leaves the next directive its own") {
  auto config = parse({{kMain, "\ninit_by_lua_block\n{\n a = {\n }\n}\nb;"}});
  REQUIRE(config.ok());
  const auto& lua = *config->root->children[0];
  CHECK(lua.raw);
  CHECK(lua.text_line == 3);
  CHECK(lua.place.start_line == 2);
  CHECK(lua.place.line == 3);
  CHECK(config->root->children[1]->place.line == 7);
}

TEST_CASE("a Lua block that does not end is told by the line of what is open") {
  constexpr const char* kUnclosed =
      "unexpected end of file, expecting terminating characters for lua code block in "
      "/etc/sluice/proxy.conf:";
  struct {
    const char* text;
    std::string error;
  } cases[] = {
      {"http {\n a_by_lua_block {\n x = 1\n", kUnclosed + std::string("2")},
      {"a_by_lua_block {\n if x then y({\n z()\n", kUnclosed + std::string("2")},
      {"a_by_lua_block {\n x = {\n }\n", kUnclosed + std::string("1")},
      {"a_by_lua_block {\n x = [[ {\n }\n",
       "Lua code block missing the closing long bracket \"]]\", the inlined Lua code may be too long in "
       "/etc/sluice/proxy.conf:2"},
      {"a_by_lua_block {\n\n --[==[ {\n }\n",
       "Lua code block missing the closing long bracket \"]==]\", the inlined Lua code may be too long in "
       "/etc/sluice/proxy.conf:3"},
      {"a_by_lua_block {\n x = 1 }\n}\n", "unexpected \"}\" in /etc/sluice/proxy.conf:3"},
  };
  for (const auto& c : cases) {
    INFO(c.text);
    CHECK(error_of({{kMain, c.text}}) == c.error);
  }
}

TEST_CASE("a caller may name more raw blocks") {
  ParseOptions options;
  options.is_raw_block = [](std::string_view name) { return name == "policy"; };
  CHECK(shape_of({{kMain, "policy x { a } b_by_lua_block { c } d { e; }"}}, options) ==
        "[policy x < a >b_by_lua_block < c >d[e;]]");
}

TEST_CASE("an include is replaced by what its file holds") {
  CHECK(shape_of({{kMain, "a; http { include mime.types; b; } c;"},
                  {"/etc/sluice/mime.types", "types { text/html html; }"}}) ==
        "[a;http[types[text/html html;]b;]c;]");
  CHECK(shape_of({{kMain, "include /other/x.conf; include 'sub/y.conf';"},
                  {"/other/x.conf", "x;"},
                  {"/etc/sluice/sub/y.conf", "y;"}}) == "[x;y;]");
  CHECK(shape_of({{kMain, "map $a $b { include list; }"}, {"/etc/sluice/list", "k v;"}}) ==
        "[map $a $b[k v;]]");
}

TEST_CASE("nested includes count from the folder of the main file") {
  CHECK(shape_of({{kMain, "include sub/a;"}, {"/etc/sluice/sub/a", "include b;"}, {"/etc/sluice/b", "b;"}}) ==
        "[b;]");
}

TEST_CASE("a pattern includes what it matches in order and may match nothing") {
  CHECK(shape_of({{kMain, "include conf.d/*.conf; include none/*;"},
                  {"/etc/sluice/conf.d/b.conf", "b;"},
                  {"/etc/sluice/conf.d/a.conf", "a;"},
                  {"/etc/sluice/conf.d/.c.conf", "hidden;"},
                  {"/etc/sluice/conf.d/d.txt", "d;"},
                  {"/etc/sluice/conf.d/e/f.conf", "f;"}}) == "[a;b;]");
  CHECK(shape_of({{kMain, "include x?; include x[3-9];"},
                  {"/etc/sluice/x1", "one;"},
                  {"/etc/sluice/x5", "five;"}}) == "[one;five;five;]");
}

TEST_CASE("wildcards in the folder of the main file are no pattern") {
  MemoryFiles files({{"/a[1]/main", "include *.conf; include x;"},
                     {"/a[1]/b.conf", "b;"},
                     {"/a[1]/x", "x;"},
                     {"/a1/c.conf", "c;"}});
  auto config = parse_config(files, "/a[1]/main", {});
  REQUIRE(config.ok());
  CHECK(shape(*config->root) == "[b;x;]");
}

TEST_CASE("include errors name the place of the include or of the mistake in the file") {
  std::string main = "a;\nhttp {\n include x;\n}";
  struct {
    const char* main;
    const char* included;
    const char* error;
  } cases[] = {
      {"a;\ninclude nope.conf;", "",
       "open() \"/etc/sluice/nope.conf\" failed (2: No such file or directory) in /etc/sluice/proxy.conf:2"},
      {"a;\ninclude /nope;", "",
       "open() \"/nope\" failed (2: No such file or directory) in /etc/sluice/proxy.conf:2"},
      {"include;", "", "invalid number of arguments in \"include\" directive in /etc/sluice/proxy.conf:1"},
      {"include a\n b;", "",
       "invalid number of arguments in \"include\" directive in /etc/sluice/proxy.conf:2"},
      {"include x {}", "", "directive \"include\" is not terminated by \";\" in /etc/sluice/proxy.conf:1"},
      {"http { include x; }", "a;\n}", "unexpected \"}\" in /etc/sluice/x:2"},
      {"http { include x; }", "a {\n", "unexpected end of file, expecting \"}\" in /etc/sluice/x:2"},
      {"http { include x; ; }", "a", "unexpected end of file, expecting \";\" or \"}\" in /etc/sluice/x:1"},
      {"include x;", "\ninclude y;",
       "open() \"/etc/sluice/y\" failed (2: No such file or directory) in /etc/sluice/x:2"},
  };
  for (const auto& c : cases) {
    INFO(c.main);
    CHECK(error_of({{kMain, c.main}, {"/etc/sluice/x", c.included}}) == c.error);
  }
}

TEST_CASE("a file that includes itself is refused with the chain") {
  CHECK(error_of({{kMain, "a;\ninclude proxy.conf;"}}) ==
        "\"include\" directive makes a cycle: /etc/sluice/proxy.conf -> /etc/sluice/proxy.conf in "
        "/etc/sluice/proxy.conf:2");
  CHECK(error_of(
            {{kMain, "include a;"}, {"/etc/sluice/a", "include b;"}, {"/etc/sluice/b", "\n\ninclude *;"}}) ==
        "\"include\" directive makes a cycle: /etc/sluice/a -> /etc/sluice/b -> /etc/sluice/a in "
        "/etc/sluice/b:3");
}

TEST_CASE("includes may nest to the limit and no deeper") {
  auto chain = [](size_t depth) {
    std::map<std::string, std::string> files{{kMain, "include 1;"}};
    for (size_t i = 1; i < depth; ++i) files[concat("/etc/sluice/", i)] = concat("include ", i + 1, ";");
    files[concat("/etc/sluice/", depth)] = "end;";
    return files;
  };
  CHECK(shape_of(chain(kMaxIncludeDepth)) == "[end;]");
  CHECK(error_of(chain(kMaxIncludeDepth + 1)) ==
        "too many nested \"include\" directives, the limit is 32 in /etc/sluice/32:1");
}

TEST_CASE("files are listed once with their raw text in the order of opening") {
  auto config = parse({{kMain, "include b;include a;\ninclude b; # end"},
                       {"/etc/sluice/a", "a;\n"},
                       {"/etc/sluice/b", "x_by_lua_block { }\n"}});
  REQUIRE(config.ok());
  CHECK(shape(*config->root) == "[x_by_lua_block < >a;x_by_lua_block < >]");
  CHECK(config_dump(*config) ==
        "# configuration file /etc/sluice/proxy.conf:\ninclude b;include a;\ninclude b; # end\n"
        "# configuration file /etc/sluice/b:\nx_by_lua_block { }\n\n"
        "# configuration file /etc/sluice/a:\na;\n\n");
}

TEST_CASE("the command line comes first and holds simple directives only") {
  ParseOptions options;
  options.command_line = "daemon off; pid '/a b';";
  auto config = parse({{kMain, "user x;"}}, options);
  REQUIRE(config.ok());
  CHECK(shape(*config->root) == "[daemon off;pid '/a b';user x;]");
  CHECK(place_suffix(config->root->children[0]->place) == " in command line");
  CHECK(config->files.size() == 1);

  options.command_line = "include x;";
  CHECK(shape_of({{kMain, "a;"}, {"/etc/sluice/x", "b { }"}}, options) == "[b[]a;]");
}

TEST_CASE("command line errors have nginx's texts") {
  struct {
    const char* text;
    const char* error;
  } cases[] = {
      {"foo", "unexpected end of parameter, expecting \";\" in command line"},
      {"daemon off; user ", "unexpected end of parameter, expecting \";\" in command line"},
      {"daemon \"off", "unexpected end of parameter, expecting \";\" in command line"},
      {"events {}", "block directives are not supported in -g option in command line"},
      {"include {", "block directives are not supported in -g option in command line"},
      {"}", "unexpected \"}\" in command line"},
      {";", "unexpected \";\" in command line"},
      {"a\n\"b\"c;", "unexpected \"c\" in command line"},
      {"include foo;", "open() \"/etc/sluice/foo\" failed (2: No such file or directory) in command line"},
  };
  for (const auto& c : cases) {
    INFO(c.text);
    ParseOptions options;
    options.command_line = c.text;
    CHECK(error_of({{kMain, ""}}, options) == c.error);
  }
}

TEST_CASE("the folder of the main file ends with its slash") {
  CHECK(config_directory("/etc/sluice/proxy.conf") == "/etc/sluice/");
  CHECK(config_directory("/proxy.conf") == "/");
  CHECK(config_directory("proxy.conf") == "");
}
