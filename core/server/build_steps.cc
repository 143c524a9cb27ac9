#include "server/build_steps.h"

#include "server/generation_builder.h"

namespace sluice {

void default_access_log(GenerationBuilder& builder, BlockScope::State& http) {
  if (http.seen.contains("access_log")) return;
  ConfigPlace nowhere;
  auto fd = builder.open_log(nowhere, "logs/access.log");
  auto log = std::make_shared<AccessLog>();
  log->format = builder.log_formats().use(builder.built().variables, nowhere, "combined");
  log->fd = fd ? *fd : -1;
  auto* core = static_cast<CoreConf*>(builder.conf_of(http, kCoreConfSlot));
  core->access_logs.assign(1, std::move(log));
}

void finish_server(VirtualServer& server, const ServerConf& conf) {
  server.large_client_header_bytes = conf.large_header_bytes;
  server.client_header_bytes = conf.large_header_bytes * conf.large_header_count;
  server.max_headers = static_cast<uint32_t>(conf.max_headers);
  server.client_header_timeout = conf.client_header_timeout;
  server.keepalive_timeout = server.root.core.keepalive_timeout;
  server.underscores_in_headers = conf.underscores_in_headers;
  server.ignore_invalid_headers = conf.ignore_invalid_headers;
}

void finish_main(GenerationBuilder& builder) {
  MainConf& main = builder.main();
  main.pid = builder.full_path(main.pid);
  if (!main.error_logs.empty()) return;
  std::string path = builder.error_log_override();
  if (path.empty()) path = "logs/error.log";
  if (path != "stderr") path = builder.full_path(path);
  (void)builder.open_log({}, path);
  main.error_logs.push_back({path, static_cast<int>(LogLevel::error)});
}

}  // namespace sluice
