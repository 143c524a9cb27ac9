// ProxyHandler: the content handler behind proxy_pass.
//
//   resolve the target -> render the head once -> [pick a peer -> attempt -> retry?]... -> relay the response
//
//   proxy_handler.cc   the flow of one request over its attempts
//   proxy_target.cc    where it goes
//   upstream_head.cc   the head that goes to the peer, and what of the peer's head goes to the client
//   diversion.cc       what takes the place of a response
//   attempt.{h,cc}     one try at one peer
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/http/message.h>
#include <sluice/server/phase.h>

#include "upstream/proxy_conf.h"
#include "upstream/response_rules.h"

namespace sluice {

class UpstreamModule;
class UpstreamRequest;
class UpstreamGroup;
class PeerPool;
struct ListedNames;
struct OutgoingRequest;

// log_body_error tells why a request's body did not come, and keeps it as the exchange's error.
void log_body_error(Exchange& exchange, const Error& error);

using HeaderSet = std::bitset<static_cast<size_t>(HeaderId::count)>;

// Where one request goes: the group, and for an address made of variables the pool of that address.
struct ResolvedTarget {
  const UpstreamGroup* group = nullptr;
  PeerPool* address_pool = nullptr;   // dynamic targets that are an address
  std::string_view address_text;
  std::string_view name;              // dynamic targets that are neither: a name to resolve, its addresses once they are known
  Resolver::Answer answer;
  uint32_t turn = 0;                  // which of them comes first
  uint16_t port = 0;
  std::string_view uri;               // what to ask the peer for
  std::string_view via;               // the name for our entry in Via; empty: there is none
};

class ProxyHandler final : public PhaseHandler {
 public:
  // `conf` lives as long as the handler (it belongs to the same location).
  ProxyHandler(UpstreamModule& module, const ProxyConf& conf);

  Task<Outcome> run(Exchange& exchange) const override { return proxy(exchange); }
  std::string_view name() const override { return "proxy_pass"; }

  const ProxyConf& conf() const { return conf_; }
  UpstreamModule& module() const { return module_; }

  // render_head makes the request head for the peer, in the exchange's arena. `own_body` is what proxy_set_body gives.
  Result<std::string_view> render_head(Exchange& exchange, const ResolvedTarget& target, bool upgrade, std::string_view own_body) const;
  // copy_response puts the peer's status and fields into the exchange's response, without what is hop-by-hop or hidden.
  void copy_response(Exchange& exchange, const ResponseHead& from) const;

 private:
  Task<Outcome> proxy(Exchange& exchange) const;
  // divert sets the pace that X-Accel-Limit-Rate wants, and decides whether something else takes the place of the peer's response: an error_page (proxy_intercept_errors) or another
  // location (X-Accel-Redirect). next(): nothing does.
  Outcome divert(Exchange& exchange, const ResponseHead& response) const;
  Outcome accelerate(Exchange& exchange, const ResponseHead& response) const;
  PeerPool* bound_pool(Exchange& exchange, PeerPool& pool) const;
  Outcome not_picked(Exchange& exchange, const UpstreamRequest& request, const Error& error) const;
  bool wants_whole_body(const Exchange& exchange) const;
  Outcome choose_target(Exchange& exchange, ResolvedTarget& target) const;
  Outcome prepare(Exchange& exchange, ResolvedTarget& target, OutgoingRequest& outgoing) const;
  Result<void> resolve(Exchange& exchange, ResolvedTarget& resolved) const;
  bool leads_here(const ResolvedTarget& target) const;
  bool goes_in_circles(Exchange& exchange, ResolvedTarget& target) const;
  Result<void> resolve_dynamic(Exchange& exchange, ResolvedTarget& resolved) const;
  std::string_view request_uri(Exchange& exchange) const;
  // look_up resolves the target's name; an outcome other than next() ends the request.
  Task<Outcome> look_up(Exchange& exchange, ResolvedTarget& target) const;
  PeerPool& address_of_name(Exchange& exchange, const ResolvedTarget& target, UpstreamRequest& request) const;
  // What every request's head has between the target and the client's fields: text that never changes, then fields whose values do,
  // each with the unchanging text behind it.
  struct HeadField {
    std::string_view name;
    const ComplexValue* value = nullptr;   // null: $proxy_host
    std::string text_behind;
  };
  struct HeadPlan {
    std::string text;
    std::vector<HeadField> fields;
    size_t bytes = 0;                      // of all of it but the values
  };
  void plan_response();
  HeadPlan plan_head(bool upgrade) const;
  // field_values gives the values of the plan's fields; empty where the field is not sent. `bytes` grows by their sizes.
  Result<const std::string_view*> field_values(Exchange& exchange, const HeadPlan& plan, size_t& bytes) const;
  Result<void> copy_fields(const RequestHead& request, char*& to) const;
  size_t via_bytes(const RequestHead& request, std::string_view name) const;
  void add_via(const RequestHead& request, std::string_view name, char*& to) const;
  bool passes_to_peer(const Header& header, const ListedNames& listed) const;
  bool replaced(std::string_view name) const;
  bool hidden(std::string_view name) const;

  UpstreamModule& module_;
  const ProxyConf& conf_;
  HeaderSet dropped_from_request_;    // hop-by-hop and replaced by proxy_set_header
  HeaderSet dropped_from_response_;   // the rewritten ones, too
  HeaderSet rewritten_in_response_;
  ResponseRules rules_;
  std::vector<std::string_view> replaced_names_;  // by proxy_set_header, of names that are not well known
  HeadPlan head_;
  HeadPlan upgrade_head_;
  bool sets_host_ = false;
};

}  // namespace sluice
