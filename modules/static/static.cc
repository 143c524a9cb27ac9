// static: files below a root: `root`, `alias`, `index`, `try_files`, `types`, conditions and ranges. Semantics are those of nginx's
// ngx_http_core_module, ngx_http_static_module and ngx_http_index_module.
#include "static_module.h"

#include <algorithm>
#include <climits>
#include <cstdlib>

#include "file_handler.h"
#include "static_conf.h"
#include "try_files.h"

namespace sluice {

namespace {

constexpr uint32_t kEverywhere = kHttp | kServer | kLocation;

Result<void> set_root(DirectiveUse& use) {
  auto& conf = use.conf_as<StaticConf>();
  if (conf.root_block == &use.block) {
    const std::string_view earlier = conf.root->kind() == RootPath::Kind::root ? "root" : "alias";
    if (earlier == use.row.name) return use.directive_error("is duplicate");
    return use.directive_error(concat("is duplicate, \"", earlier, "\" directive was specified earlier"));
  }
  TRY_ASSIGN(RootPath root, RootPath::from_directive(use));
  conf.root = std::make_shared<const RootPath>(std::move(root));
  conf.root_block = &use.block;
  return {};
}

Result<void> add_index(DirectiveUse& use) {
  auto& conf = use.conf_as<StaticConf>();
  auto files = conf.index == nullptr || use.first_in_block ? std::make_shared<std::vector<ComplexValue>>()
                                                           : std::make_shared<std::vector<ComplexValue>>(*conf.index);
  for (size_t i = 0; i < use.count(); ++i) {
    if (use.arg(i).empty()) return use.error(concat("index \"", use.arg(i), "\" in \"index\" directive is invalid"));
    if (use.arg(i).starts_with('/') && i + 1 != use.count()) {
      use.block.builder().warn(use.node.place, "only the last index in \"index\" directive should be absolute");
    }
    TRY_ASSIGN(ComplexValue value, use.block.builder().compile(use.node.place, use.arg(i)));
    files->push_back(std::move(value));
  }
  conf.index = std::move(files);
  return {};
}

Result<void> add_types(DirectiveUse& use) {
  auto& conf = use.conf_as<StaticConf>();
  auto types = conf.types == nullptr || use.first_in_block ? std::make_shared<MimeTypes>() : std::make_shared<MimeTypes>(*conf.types);
  for (const auto& line : use.node.children) {
    if (line->has_block) return config_error(line->place, "unexpected \"{\"");
    for (const std::string& extension : line->args) {
      const std::string before = types->set(extension, line->name);
      if (before.empty()) continue;
      use.block.builder().warn(line->place, concat("duplicate extension \"", extension, "\", content type: \"", line->name,
                                                   "\", previous content type: \"", before, '"'));
    }
  }
  conf.types = std::move(types);
  return {};
}

Result<void> set_if_modified_since(DirectiveUse& use) {
  auto& mode = use.conf_as<StaticConf>().if_modified_since;
  if (use.arg(0) == "off") mode = IfModifiedSince::off;
  else if (use.arg(0) == "exact") mode = IfModifiedSince::exact;
  else if (use.arg(0) == "before") mode = IfModifiedSince::before;
  else return use.invalid_value(use.arg(0));
  return {};
}

Result<void> set_gzip_static(DirectiveUse& use) {
  auto& mode = use.conf_as<StaticConf>().gzip_static;
  if (use.arg(0) == "off") mode = GzipStatic::off;
  else if (use.arg(0) == "on") mode = GzipStatic::on;
  else if (use.arg(0) == "always") mode = GzipStatic::always;
  else return use.invalid_value(use.arg(0));
  return {};
}

Result<void> set_cache(DirectiveUse& use) {
  auto& bytes = use.module_as<StaticModule>().cache_bytes;
  if (use.arg(0) == "off") {
    bytes = 0;
    return {};
  }
  TRY_ASSIGN(bytes, rows::size_value(use));
  return {};
}

Result<void> set_list_format(DirectiveUse& use) {
  constexpr std::string_view kNames[] = {"html", "xml", "json", "jsonp"};
  const auto* found = std::find(std::begin(kNames), std::end(kNames), use.arg(0));
  if (found == std::end(kNames)) return use.invalid_value(use.arg(0));
  use.conf_as<StaticConf>().autoindex.format = static_cast<ListFormat>(found - kNames);
  return {};
}

// The flags of autoindex lie one level deeper than rows::flag reaches.
template <bool AutoindexConf::* Member>
Result<void> set_list_flag(DirectiveUse& use) {
  TRY_ASSIGN(use.conf_as<StaticConf>().autoindex.*Member, rows::flag_value(use));
  return {};
}

Result<void> set_links(DirectiveUse& use) {
  auto& links = use.conf_as<StaticConf>().links;
  if (use.arg(0) == "off") {
    if (use.count() > 1) return use.error(concat("invalid parameter \"", use.arg(1), '"'));
    links = LinkRule();
    return {};
  }
  if (use.arg(0) != "on" && use.arg(0) != "if_not_owner") return use.error(concat("invalid parameter \"", use.arg(0), '"'));
  ComplexValue from;
  if (use.count() > 1) {
    if (!use.arg(1).starts_with("from=")) return use.error(concat("invalid parameter \"", use.arg(1), '"'));
    TRY_ASSIGN(from, use.block.builder().compile(use.node.place, use.arg(1).substr(5)));
  }
  links = LinkRule(use.arg(0) == "on" ? LinkRule::Kind::refuse : LinkRule::Kind::refuse_others, std::move(from));
  return {};
}

Result<void> accept(DirectiveUse&) { return {}; }

constexpr Directive accepted(std::string_view name, int min, int max, std::string_view default_text, std::string_view help) {
  return {name, kEverywhere, min, max, BlockShape::none, Repeat::once, accept, nullptr, default_text, help};
}

constexpr std::string_view kNoOpenFileCache =
    "Accepted; without effect: small files are served from static_cache, whose copies are checked at every request.";

constexpr Directive kRows[] = {
    {"root", kEverywhere | kLocationIf, 1, 1, BlockShape::none, Repeat::any, set_root, nullptr, "html",
     "Where the files of a location lie: the whole URI follows. May contain variables; behind the first one no \"..\" segment is followed."},
    {"alias", kLocation, 1, 1, BlockShape::none, Repeat::any, set_root, nullptr, "",
     "Where the files of a location lie: it takes the place of the location's name. In a location with a pattern it is the whole path "
     "and may contain captures."},
    {"index", kEverywhere, 1, -1, BlockShape::none, Repeat::any, add_index, nullptr, "index.html",
     "What a URI that ends with a slash means: the first of these files that exists, by an internal redirect. The last one may be an "
     "absolute URI. May contain variables."},
    {"try_files", kServer | kLocation, 2, -1, BlockShape::none, Repeat::once, read_try_files, nullptr, "",
     "Serves the first of these names that exists below the root (with a slash behind it: a directory). The last argument is what "
     "happens otherwise: `=CODE`, a URI with arguments, or a named location."},
    {"types", kEverywhere, 0, 0, BlockShape::block, Repeat::any, add_types, nullptr, "text/html html; image/gif gif; image/jpeg jpg;",
     "Content-Type by the extension of a file's name: lines of `type extension...;`. `include mime.types;` has the usual ones."},
    rows::number<&StaticConf::max_ranges>("max_ranges", kEverywhere, "",
                                          "How many ranges a request may ask for; more: the whole is sent. 0: none. Default: any number."),
    rows::flag<&StaticConf::etag>("etag", kEverywhere, "on", "Whether files have an ETag, made of time and size."),
    {"if_modified_since", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_if_modified_since, nullptr, "exact",
     "How If-Modified-Since is compared with a file's time: `exact` equality, `before` (not younger), or `off`."},
    rows::flag<&StaticConf::log_not_found>("log_not_found", kEverywhere, "on", "Whether the error log tells of files that are not there."),
    {"gzip_static", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_gzip_static, nullptr, "off",
     "Whether a file NAME.gz beside the one asked for is sent in its place: `on`: to clients that accept gzip, by the rules of "
     "gzip_http_version, gzip_proxied and gzip_disable; `always`: to all. Such a response has no ranges."},
    {"static_cache", kHttp, 1, 1, BlockShape::none, Repeat::once, set_cache, nullptr, "16m",
     "How much memory of each worker holds copies of small files (64k at most). A copy serves only while the file's time, size and "
     "inode are what they were, which every request checks. `off`: none."},
    {"autoindex", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_list_flag<&AutoindexConf::on>, nullptr, "off",
     "Whether a directory without an index file is listed."},
    {"autoindex_format", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_list_format, nullptr, "html",
     "The form of such a list: `html`, `xml`, `json`, or `jsonp` with the argument `callback`."},
    {"autoindex_exact_size", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_list_flag<&AutoindexConf::exact_size>, nullptr, "on",
     "Sizes in bytes, or rounded to K, M and G, in HTML."},
    {"autoindex_localtime", kEverywhere, 1, 1, BlockShape::none, Repeat::once, set_list_flag<&AutoindexConf::local_time>, nullptr, "off",
     "Times of the local zone instead of UTC, in HTML and XML."},
    {"disable_symlinks", kEverywhere, 1, 2, BlockShape::none, Repeat::once, set_links, nullptr, "off",
     "`on`: a path with a symbolic link in it is not served (403). `if_not_owner`: unless the link and what it leads to belong to one user. "
     "`from=PART`: links in that beginning of the path (`from=$document_root`) are followed."},
    accepted("open_file_cache", 1, 2, "off", kNoOpenFileCache),
    accepted("open_file_cache_valid", 1, 1, "60s", kNoOpenFileCache),
    accepted("open_file_cache_min_uses", 1, 1, "1", kNoOpenFileCache),
    accepted("open_file_cache_errors", 1, 1, "off", kNoOpenFileCache),
    accepted("types_hash_max_size", 1, 1, "1024", "Accepted; without effect: the table has the size it needs."),
    accepted("types_hash_bucket_size", 1, 1, "64", "Accepted; without effect: the table has the size it needs."),
};

// --- variables

const StaticModule& module_of(const Exchange& exchange) {
  return *static_cast<const StaticModule*>(exchange.generation().module("static"));
}

const RootPath& root_of(const Exchange& exchange) {
  const StaticModule& module = module_of(exchange);
  const auto* conf = static_cast<const StaticConf*>(exchange.location().module_conf(module.conf_slot()));
  return conf->root != nullptr ? *conf->root : module.standard_root();
}

VariableValue document_root(Exchange& exchange, const Variable&) { return root_of(exchange).directory(exchange); }

VariableValue realpath_root(Exchange& exchange, const Variable&) {
  const std::string path(root_of(exchange).directory(exchange));
  char real[PATH_MAX];
  if (::realpath(path.c_str(), real) != nullptr) return exchange.arena().copy(real);
  exchange.log_at(LogLevel::crit, os_error(concat("realpath() \"", path, '"'), errno).text);
  return {};
}

VariableValue request_filename(Exchange& exchange, const Variable&) {
  const FilePath path = path_of_request(module_of(exchange), root_of(exchange), exchange);
  return path.refusal == 0 ? VariableValue(path.text) : VariableValue();
}

constexpr VariableRow kVariables[] = {
    {"document_root", document_root, nullptr, "What root or alias say for the request."},
    {"realpath_root", realpath_root, nullptr, "The same, with symbolic links resolved."},
    {"request_filename", request_filename, nullptr, "The file of the request: root or alias, and the URI."},
};

std::shared_ptr<const std::vector<ComplexValue>> standard_index() {
  return std::make_shared<const std::vector<ComplexValue>>(1, ComplexValue("index.html"));
}

}  // namespace

void StaticModule::declare(ModuleDeclarations& declarations) {
  conf_slot_ = declarations.location_conf<StaticConf>();
  alias_slot_ = declarations.exchange_slot();
  declarations.directives(kRows);
  declarations.variables(kVariables);
}

Result<void> StaticModule::finish_location(BlockScope& scope, const void* conf) {
  if (standard_root_ == nullptr) {
    standard_root_ = std::make_shared<const RootPath>(RootPath::standard(scope.builder()));
    standard_types_ = std::make_shared<const MimeTypes>(MimeTypes::built_in());
    standard_index_ = standard_index();
  }
  StaticConf complete = *static_cast<const StaticConf*>(conf);
  if (complete.root == nullptr) complete.root = standard_root_;
  if (complete.types == nullptr) complete.types = standard_types_;
  if (complete.index == nullptr) complete.index = standard_index_;
  if (complete.gzip_static != GzipStatic::off) {
    complete.gzip = static_cast<const ContentEncoding*>(scope.builder().provider("content_encoding", "gzip"));
    if (complete.gzip == nullptr) return Error(ErrorKind::config, "\"gzip_static\" needs the module gzip, which is not there");
  }
  if (complete.try_files != nullptr) {
    scope.add_handler(Phase::precontent, HandlerOrder::normal, std::make_shared<TryFilesHandler>(*this, complete));
  }
  // Where another handler makes the content it takes this one's place.
  scope.add_handler(Phase::content, HandlerOrder::normal, std::make_shared<FileHandler>(*this, std::move(complete)));
  return {};
}

Result<void> StaticModule::start(ProcessContext& process, const Generation&) {
  cache_ = std::make_unique<FileCache>(cache_bytes);
  metrics_ = process.metrics;
  if (metrics_ == nullptr) return {};
  TRY_ASSIGN(hits_, metrics_->counter("sluice_static_cache_hits_total", "Files that were served from memory."));
  TRY_ASSIGN(misses_, metrics_->counter("sluice_static_cache_misses_total", "Small files that were read into memory."));
  TRY_ASSIGN(evictions_, metrics_->counter("sluice_static_cache_evictions_total", "Copies that gave way to others."));
  return {};
}

void StaticModule::count_miss() const {
  if (metrics_ == nullptr) return;
  metrics_->add(misses_);
  metrics_->add(evictions_, cache_->evicted() - evictions_counted_);
  evictions_counted_ = cache_->evicted();
}

}  // namespace sluice

SLUICE_MODULE(sluice::StaticModule, "static", "Files: root, alias, index, try_files, types, conditions and ranges.")
