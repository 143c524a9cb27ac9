#include "server/service.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <sluice/net/listener.h>

#include "server/access_log.h"
#include "server/active_listener.h"
#include "server/client_connection.h"

namespace sluice {

const Exchange* running_exchange_of_thread();

struct Service::Impl final : private ClientConnection::Owner {
  // One listening socket and what it serves.
  struct Port final : AcceptSink {
    Port(Impl& its_service, std::shared_ptr<ActiveListener> its_active, int fd)
        : service(its_service), active(std::move(its_active)), listener(its_service.process.loop, fd, *this) {}
    void on_accept(Fd socket, const Address& peer) override { service.accept(std::move(socket), peer, active); }
    void on_accept_error(int errno_value) override {
      LOG(Logger::process(), crit, os_error("accept4()", errno_value).text, ", accepting again in 500 ms");
    }
    Impl& service;
    std::shared_ptr<ActiveListener> active;
    Listener listener;
  };

  explicit Impl(ProcessContext& its_process) : process(its_process), server_metrics(its_process.metrics) {}

  void accept(Fd socket, const Address& peer, const std::shared_ptr<ActiveListener>& active);
  bool asks_at_once(ClientConnection& connection);
  void pause_or_resume();
  void drain_connections();
  void close_every();

  void connection_ended(ClientConnection& connection) override;
  ServerMetrics& metrics() override { return server_metrics; }
  bool draining() const override { return is_draining; }

  ProcessContext& process;
  ServerMetrics server_metrics;
  std::vector<std::unique_ptr<Port>> ports;
  std::shared_ptr<const Generation> generation;
  ClientConnection* first = nullptr;
  size_t count = 0;
  uint64_t limit = 0;            // worker_connections; 0 = none
  uint64_t next_number = 1;
  ClientConnection* beginning = nullptr;
  bool early_requests = false;   // the last new connection that was asked at once had one
  bool is_draining = false;
  bool paused = false;
  std::function<void()> on_drained;
};

void Service::Impl::accept(Fd socket, const Address& peer, const std::shared_ptr<ActiveListener>& active) {
  auto* connection = new ClientConnection(*this, process.loop, socket.release(), peer, active, next_number++);
  connection->next = first;
  if (first != nullptr) first->previous = connection;
  first = connection;
  ++count;
  server_metrics.connection_begins();
  pause_or_resume();
  // Clients with a request each mostly have sent it by now. Whether they still do, every sixteenth tells: a wrong guess costs a recv.
  constexpr uint64_t kGuessEvery = 16;
  const bool at_once = !is_draining && (early_requests || connection->number() % kGuessEvery == 0);
  if (at_once) early_requests = asks_at_once(*connection);
  else connection->begin(false);
}

bool Service::Impl::asks_at_once(ClientConnection& connection) {
  beginning = &connection;
  connection.begin(true);
  const bool ended = std::exchange(beginning, nullptr) == nullptr;
  return ended || connection.requests() > 0 || !connection.idle();
}

void Service::Impl::connection_ended(ClientConnection& connection) {
  (connection.previous == nullptr ? first : connection.previous->next) = connection.next;
  if (connection.next != nullptr) connection.next->previous = connection.previous;
  --count;
  if (beginning == &connection) beginning = nullptr;
  server_metrics.connection_ends();
  delete &connection;
  pause_or_resume();
  if (is_draining && count == 0 && on_drained) on_drained();
}

// At worker_connections the kernel's queue holds new clients until one leaves.
void Service::Impl::pause_or_resume() {
  const bool full = limit != 0 && count >= limit;
  if (full == paused) return;
  paused = full;
  if (full) {
    server_metrics.limit_hit(ServerMetrics::Limit::worker_connections);
    LOG(Logger::process(), alert, limit, " worker_connections are not enough");
  }
  for (auto& port : ports) {
    if (full) port->listener.pause();
    else port->listener.resume();
  }
}

void Service::Impl::drain_connections() {
  for (ClientConnection* c = first; c != nullptr;) {
    ClientConnection* following = c->next;
    c->drain();
    c = following;
  }
}

void Service::Impl::close_every() {
  while (first != nullptr) first->close_now();
}

Service::Service(ProcessContext& process) : impl_(std::make_unique<Impl>(process)) {}

Service::~Service() {
  impl_->on_drained = nullptr;
  impl_->ports.clear();
  impl_->close_every();
  flush_access_logs();
}

void Service::adopt(std::shared_ptr<const Generation> generation, std::vector<Listening> listeners, uint64_t worker_connections) {
  Impl& impl = *impl_;
  impl.generation = generation;
  impl.limit = worker_connections;
  std::vector<std::unique_ptr<Impl::Port>> ports;
  for (Listening& wanted : listeners) {
    auto same = std::find_if(impl.ports.begin(), impl.ports.end(),
                             [&](const auto& port) { return port != nullptr && port->active->listen == wanted.listen; });
    if (same != impl.ports.end()) {
      // The socket and the connections it accepted stay; only what their next request means changes.
      ActiveListener& active = *(*same)->active;
      active.listen = wanted.listen;
      active.hosts = wanted.hosts;
      active.generation = generation;
      ports.push_back(std::move(*same));
      continue;
    }
    auto active = std::make_shared<ActiveListener>(ActiveListener{wanted.listen, generation, wanted.hosts, false});
    ports.push_back(std::make_unique<Impl::Port>(impl, std::move(active), wanted.fd));
  }
  std::vector<std::unique_ptr<Impl::Port>> before = std::exchange(impl.ports, std::move(ports));
  for (auto& gone : before) {
    if (gone == nullptr) continue;
    gone->listener.accept_rest();
    gone->active->removed = true;
  }
  if (impl.paused) {
    for (auto& port : impl.ports) port->listener.pause();
  }
  impl.pause_or_resume();
}

void Service::drain() {
  Impl& impl = *impl_;
  if (impl.is_draining) return;
  impl.is_draining = true;
  for (auto& port : impl.ports) port->listener.accept_rest();
  impl.ports.clear();
  impl.drain_connections();
  if (impl.count == 0 && impl.on_drained) impl.on_drained();
}

bool Service::drained() const { return impl_->is_draining && impl_->count == 0; }
void Service::set_on_drained(std::function<void()> callback) { impl_->on_drained = std::move(callback); }
void Service::close_all() { impl_->close_every(); }
size_t Service::connections() const { return impl_->count; }

// Runs in a signal handler: reads plain memory of the thread that is stuck, calls nothing that allocates or locks.
void Service::describe_running(char* out, size_t bytes) {
  if (bytes == 0) return;
  size_t used = 0;
  auto add = [&](std::string_view text) {
    const size_t n = std::min(text.size(), bytes - 1 - used);
    std::memcpy(out + used, text.data(), n);
    used += n;
  };
  if (const Exchange* exchange = running_exchange_of_thread(); exchange != nullptr) {
    add("in ");
    add(exchange->running_handler());
    add(" for request \"");
    add(exchange->request().line);
    add("\"");
  }
  out[used] = '\0';
}

}  // namespace sluice
