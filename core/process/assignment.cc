#include "process/assignment.h"

namespace sluice {

namespace {

void put_logs(WireWriter& writer, std::vector<int>& fds, const std::vector<std::shared_ptr<LogFile>>& logs) {
  writer.number(logs.size());
  for (const auto& log : logs) {
    writer.text(log->path);
    fds.push_back(log->fd.get());
  }
}

// Takes the descriptors of a letter in their order.
class FdTaker {
 public:
  explicit FdTaker(std::vector<Fd> fds) : fds_(std::move(fds)) {}
  Fd take() {
    if (next_ < fds_.size()) return std::move(fds_[next_++]);
    missing_ = true;
    return Fd();
  }
  bool exact() const { return !missing_ && next_ == fds_.size(); }

 private:
  std::vector<Fd> fds_;
  size_t next_ = 0;
  bool missing_ = false;
};

std::vector<LogFile> get_logs(WireReader& reader, FdTaker& fds) {
  std::vector<LogFile> logs;
  for (size_t n = reader.count(); n > 0; --n) {
    std::string path = reader.text();
    logs.push_back({std::move(path), fds.take()});
  }
  return logs;
}

void put_sockets(WireWriter& writer, std::vector<int>& fds, const Configuration& configuration, int worker) {
  std::vector<const ListeningSocket*> mine;
  for (const auto& socket : configuration.sockets)
    if (worker >= 0 && (socket->worker == worker || socket->worker == ListeningSocket::kEveryWorker)) mine.push_back(socket.get());
  writer.number(mine.size());
  for (const ListeningSocket* socket : mine) {
    writer.number(socket->id);
    put(writer, socket->spec);
    fds.push_back(socket->fd.get());
  }
}

}  // namespace

Result<void> send_assignment(Channel& channel, const Configuration& configuration, const AssignmentOptions& options) {
  WireWriter writer;
  std::vector<int> fds{configuration.snapshot->archive.get()};
  writer.number(configuration.generation_id).number(static_cast<uint64_t>(options.role)).number(options.commit_at_once);
  writer.number(configuration.main.worker_connections);
  writer.number(configuration.snapshot->libraries.size());
  for (const LibraryCopy& copy : configuration.snapshot->libraries) {
    writer.text(copy.path).text(copy.id);
    fds.push_back(copy.fd.get());
  }
  put_sockets(writer, fds, configuration, options.worker);
  writer.number(configuration.zones.size());
  for (const auto& zone : configuration.zones) {
    put(writer, zone->spec);
    fds.push_back(zone->fd.get());
  }
  put_logs(writer, fds, configuration.logs);
  return channel.send(LetterKind::prepare, writer.bytes(), fds);
}

Result<Assignment> read_assignment(Letter letter) {
  Assignment assignment;
  WireReader reader(letter.body);
  FdTaker fds(std::move(letter.fds));
  assignment.snapshot.archive = fds.take();
  assignment.generation_id = reader.number();
  assignment.role = static_cast<BuildRole>(reader.number());
  assignment.commit_at_once = reader.number() != 0;
  assignment.worker_connections = reader.number();
  for (size_t n = reader.count(); n > 0; --n) {
    std::string path = reader.text();
    std::string id = reader.text();
    assignment.snapshot.libraries.push_back({std::move(path), std::move(id), fds.take()});
  }
  for (size_t n = reader.count(); n > 0; --n) {
    uint64_t id = reader.number();
    ListenSpec spec = get_listen(reader);
    assignment.sockets.push_back({id, std::move(spec), fds.take()});
  }
  for (size_t n = reader.count(); n > 0; --n) {
    ZoneSpec spec = get_zone(reader);
    assignment.zones.push_back({std::move(spec), fds.take()});
  }
  assignment.logs = get_logs(reader, fds);
  if (!reader.complete() || !fds.exact()) return Error(ErrorKind::bad_message, "the master's assignment is malformed");
  return assignment;
}

Result<void> send_answer(Channel& channel, LetterKind kind, const Answer& answer) {
  return channel.send(kind, WireWriter().number(answer.generation_id).text(answer.text).bytes());
}

Answer read_answer(const Letter& letter) {
  WireReader reader(letter.body);
  Answer answer;
  answer.generation_id = reader.number();
  answer.text = reader.text();
  return answer;
}

Result<void> send_logs(Channel& channel, const std::vector<std::shared_ptr<LogFile>>& logs) {
  WireWriter writer;
  std::vector<int> fds;
  put_logs(writer, fds, logs);
  return channel.send(LetterKind::reopen, writer.bytes(), fds);
}

Result<std::vector<LogFile>> read_logs(Letter letter) {
  WireReader reader(letter.body);
  FdTaker fds(std::move(letter.fds));
  std::vector<LogFile> logs = get_logs(reader, fds);
  if (!reader.complete() || !fds.exact()) return Error(ErrorKind::bad_message, "the master's list of logs is malformed");
  return logs;
}

}  // namespace sluice
