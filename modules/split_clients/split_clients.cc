// split_clients: a variable whose value is chosen by the hash of a text, in given shares, as nginx's ngx_http_split_clients_module does:
// the same text gives the same value in every process, and as nginx gives it.
#include <algorithm>
#include <memory>
#include <vector>

#include <sluice/sluice.h>

namespace sluice {
namespace {

// MurmurHash2, 32 bits, seed 0.
uint32_t murmur_hash2(std::string_view text) {
  constexpr uint32_t kFactor = 0x5bd1e995;
  auto byte = [&](size_t at) { return static_cast<uint32_t>(static_cast<unsigned char>(text[at])); };
  auto hash = static_cast<uint32_t>(text.size());
  while (text.size() >= 4) {
    uint32_t word = byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
    word *= kFactor;
    word ^= word >> 24;
    word *= kFactor;
    hash *= kFactor;
    hash ^= word;
    text.remove_prefix(4);
  }
  for (size_t i = text.size(); i > 0; --i) hash ^= byte(i - 1) << 8 * (i - 1);
  if (!text.empty()) hash *= kFactor;
  hash ^= hash >> 13;
  hash *= kFactor;
  return hash ^ hash >> 15;
}

constexpr uint32_t kWhole = 10'000;  // hundredths of a percent

// parse_share reads "12.34%"; nothing when it is no share above zero.
std::optional<uint32_t> parse_share(std::string_view text) {
  if (!text.ends_with('%')) return {};
  text.remove_suffix(1);
  const size_t point = text.find('.');
  std::string digits(text.substr(0, point));
  std::string fraction(point == text.npos ? std::string_view() : text.substr(point + 1));
  constexpr size_t kFraction = 2;
  if (digits.empty() || fraction.size() > kFraction) return {};
  fraction.resize(kFraction, '0');
  auto share = parse_uint(digits + fraction);
  if (!share || *share == 0 || *share > kWhole) return {};
  return static_cast<uint32_t>(*share);
}

// Split is one block: the parts in their order, each with the hash that it ends before.
struct Split final : ComputedValue {
  struct Part {
    uint64_t end;
    std::string value;
  };
  ComplexValue source;
  std::vector<Part> parts;

  // compute finds nothing for a hash behind the last part.
  VariableValue compute(Exchange& exchange) const override {
    const uint32_t hash = murmur_hash2(source.eval(exchange));
    for (const Part& part : parts) {
      if (hash < part.end) return std::string_view(part.value);
    }
    return {};
  }
};

Result<std::unique_ptr<Split>> read_split(DirectiveUse& use) {
  auto split = std::make_unique<Split>();
  TRY_ASSIGN(split->source, use.block.builder().compile(use.node.place, use.arg(0)));
  uint32_t total = 0;
  uint64_t end = 0;
  for (const auto& line : use.node.children) {
    if (line->has_block) return config_error(line->place, "unexpected \"{\"");
    if (line->args.size() != 1) return config_error(line->place, "invalid number of parameters in \"split_clients\" directive");
    constexpr uint64_t kBeyond = uint64_t{1} << 32;
    if (line->name == "*") {
      total = kWhole;
      end = kBeyond;
    } else {
      const auto share = parse_share(line->name);
      if (!share) return config_error(line->place, concat("invalid percent value \"", line->name, '"'));
      total += *share;
      end += *share * uint64_t{0xffffffff} / kWhole;
    }
    if (total > kWhole) return config_error(line->place, "percent total is greater than 100%");
    split->parts.push_back({end, line->args[0]});
  }
  return split;
}

class SplitClientsModule final : public Module {
 public:
  void declare(ModuleDeclarations& declarations) override;

  const Split& keep(std::unique_ptr<Split> split) {
    splits_.push_back(std::move(split));
    return *splits_.back();
  }

 private:
  std::vector<std::unique_ptr<Split>> splits_;
};

Result<void> add_split(DirectiveUse& use) {
  TRY_ASSIGN(auto split, read_split(use));
  return use.block.builder().define_computed(use.node.place, use.arg(1), use.module_as<SplitClientsModule>().keep(std::move(split)));
}

constexpr Directive kRows[] = {
    {"split_clients", kHttp, 2, 2, BlockShape::block, Repeat::any, add_split, nullptr, "",
     "Makes a variable whose value is chosen by the hash of a text: `split_clients \"$remote_addr\" $variant { 0.5% one; 20% two; "
     "* other; }`. The same text has the same value always."},
};

void SplitClientsModule::declare(ModuleDeclarations& declarations) { declarations.directives(kRows); }

}  // namespace
}  // namespace sluice

SLUICE_MODULE(sluice::SplitClientsModule, "split_clients", "Variables whose values are chosen by a hash, in shares.")
