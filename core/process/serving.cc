#include "process/serving.h"

#include <sluice/log/log.h>

#include "server/access_log.h"

namespace sluice {

Serving::Serving(ProcessKind kind, int id, int workers, std::unique_ptr<Metrics> metrics)
    : metrics_(std::move(metrics)), context_(loop_, kind, id, workers), builder_(loop_) {
  context_.metrics = metrics_.get();
  if (context_.serves()) service_.emplace(context_);
}

Serving::~Serving() {
  dismantler_.finish();
  flush_access_logs();
}

void Serving::build(BuildInput input, BuildThread::Done done) {
  input.dispose = [this](std::unique_ptr<Generation> generation) { dismantler_.take(std::move(generation)); };
  builder_.start(std::move(input), std::move(done));
}

Result<void> Serving::swap_in(BuildOutput output, const std::vector<int>& sockets) {
  if (context_.kind != ProcessKind::single) context_.worker_count = output.main.worker_processes;
  if (auto started = start_generation(*output.generation, context_); !started) {
    retire_generation(*output.generation);
    return started;
  }
  if (service_) {
    std::vector<Service::Listening> listening;
    for (size_t i = 0; i < output.listeners.size(); ++i)
      listening.push_back({output.listeners[i].listen, output.listeners[i].hosts, sockets.at(i)});
    service_->adopt(output.generation, std::move(listening), output.main.worker_connections);
  }
  std::shared_ptr<Generation> old = std::exchange(generation_, std::move(output.generation));
  if (old != nullptr) retire_generation(*old);
  return {};
}

void Serving::quit(Milliseconds patience) {
  if (context_.exiting) return;
  context_.exiting = true;
  LOG(Logger::process(), notice, "gracefully shutting down");
  if (generation_ != nullptr) retire_generation(*generation_);
  if (!service_) return loop_.stop();
  if (patience.count() > 0) patience_.arm_after(patience);
  service_->set_on_drained([this] { loop_.stop(); });
  service_->drain();
}

void Serving::stop() {
  context_.exiting = true;
  LOG(Logger::process(), notice, "exiting");
  loop_.stop();
}

void Serving::Patience::on_timer() {
  LOG(Logger::process(), notice, "worker_shutdown_timeout: closing ", serving_.service_->connections(), " connections");
  serving_.service_->close_all();
  serving_.loop_.stop();
}

}  // namespace sluice
