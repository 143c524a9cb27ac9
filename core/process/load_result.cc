#include "process/load_result.h"

namespace sluice {

namespace {

void put(WireWriter& writer, const std::vector<std::string>& texts) {
  writer.number(texts.size());
  for (const std::string& text : texts) writer.text(text);
}

std::vector<std::string> get_texts(WireReader& reader) {
  std::vector<std::string> texts;
  for (size_t n = reader.count(); n > 0; --n) texts.push_back(reader.text());
  return texts;
}

void put(WireWriter& writer, const MainConf& main) {
  writer.number(main.daemon).number(main.master_process).text(main.pid).text(main.user).text(main.group);
  writer.number(static_cast<uint64_t>(main.worker_processes)).number(main.worker_connections).number(main.worker_rlimit_nofile);
  writer.number(main.worker_rlimit_core).number(main.has_rlimit_core).number(static_cast<uint64_t>(main.worker_priority));
  writer.number(main.worker_cpu_affinity.automatic);
  put(writer, main.worker_cpu_affinity.masks);
  for (Milliseconds time : {main.worker_shutdown_timeout, main.worker_watchdog, main.reload_timeout})
    writer.number(static_cast<uint64_t>(time.count()));
  writer.number(main.error_logs.size());
  for (const MainConf::ErrorLog& log : main.error_logs) writer.text(log.path).number(static_cast<uint64_t>(log.level));
  writer.text(main.working_directory);
  put(writer, main.environment);
}

MainConf get_main(WireReader& reader) {
  MainConf main;
  main.daemon = reader.number() != 0;
  main.master_process = reader.number() != 0;
  main.pid = reader.text();
  main.user = reader.text();
  main.group = reader.text();
  main.worker_processes = static_cast<int>(reader.number());
  main.worker_connections = reader.number();
  main.worker_rlimit_nofile = reader.number();
  main.worker_rlimit_core = reader.number();
  main.has_rlimit_core = reader.number() != 0;
  main.worker_priority = static_cast<int>(reader.number());
  main.worker_cpu_affinity.automatic = reader.number() != 0;
  main.worker_cpu_affinity.masks = get_texts(reader);
  for (Milliseconds* time : {&main.worker_shutdown_timeout, &main.worker_watchdog, &main.reload_timeout})
    *time = Milliseconds(reader.number());
  for (size_t n = reader.count(); n > 0; --n) {
    std::string path = reader.text();
    main.error_logs.push_back({std::move(path), static_cast<int>(reader.number())});
  }
  main.working_directory = reader.text();
  main.environment = get_texts(reader);
  return main;
}

void get_libraries(WireReader& reader, std::vector<Fd>& fds, Snapshot& snapshot) {
  size_t next = 1;
  for (size_t n = reader.count(); n > 0; --n) {
    LibraryCopy copy;
    copy.path = reader.text();
    copy.id = reader.text();
    if (next < fds.size()) copy.fd = std::move(fds[next++]);
    snapshot.libraries.push_back(std::move(copy));
  }
}

}  // namespace

void put(WireWriter& writer, const ListenSpec& listen) {
  writer.text({reinterpret_cast<const char*>(listen.address.data()), listen.address.size()});
  writer.text(listen.text).number(static_cast<uint64_t>(listen.backlog)).number(listen.ipv6only);
}

ListenSpec get_listen(WireReader& reader) {
  ListenSpec listen;
  std::string address = reader.text();
  sockaddr_storage storage = {};
  std::memcpy(&storage, address.data(), std::min(address.size(), sizeof storage));
  listen.address = Address::from(reinterpret_cast<const sockaddr*>(&storage), static_cast<socklen_t>(address.size()));
  listen.text = reader.text();
  listen.backlog = static_cast<int>(reader.number());
  listen.ipv6only = reader.number() != 0;
  return listen;
}

void put(WireWriter& writer, const ZoneSpec& zone) { writer.text(zone.name).text(zone.layout).number(zone.bytes); }

ZoneSpec get_zone(WireReader& reader) {
  ZoneSpec zone;
  zone.name = reader.text();
  zone.layout = reader.text();
  zone.bytes = reader.number();
  return zone;
}

Result<void> send_load_result(Channel& channel, const LoadResult& result) {
  WireWriter writer;
  std::vector<int> fds;
  writer.text(result.error);
  if (result.error.empty()) fds.push_back(result.snapshot.archive.get());
  writer.number(result.snapshot.libraries.size());
  for (const LibraryCopy& copy : result.snapshot.libraries) {
    writer.text(copy.path).text(copy.id);
    fds.push_back(copy.fd.get());
  }
  put(writer, result.main);
  writer.number(result.listens.size());
  for (const ListenSpec& listen : result.listens) put(writer, listen);
  writer.number(result.zones.size());
  for (const ZoneSpec& zone : result.zones) put(writer, zone);
  put(writer, result.log_paths);
  put(writer, result.warnings);
  writer.number(result.config_files.size());
  for (const BuildOutput::File& file : result.config_files) writer.text(file.path).text(file.text);
  return channel.send(LetterKind::loaded, writer.bytes(), fds);
}

Result<LoadResult> read_load_result(Letter letter) {
  LoadResult result;
  WireReader reader(letter.body);
  result.error = reader.text();
  get_libraries(reader, letter.fds, result.snapshot);
  if (!letter.fds.empty()) result.snapshot.archive = std::move(letter.fds[0]);
  result.main = get_main(reader);
  for (size_t n = reader.count(); n > 0; --n) result.listens.push_back(get_listen(reader));
  for (size_t n = reader.count(); n > 0; --n) result.zones.push_back(get_zone(reader));
  result.log_paths = get_texts(reader);
  result.warnings = get_texts(reader);
  for (size_t n = reader.count(); n > 0; --n) {
    std::string path = reader.text();
    result.config_files.push_back({std::move(path), reader.text()});
  }
  bool whole = reader.complete() && (!result.error.empty() || letter.fds.size() == 1 + result.snapshot.libraries.size());
  if (!whole) return Error(ErrorKind::bad_message, "the loader's answer is malformed");
  return result;
}

}  // namespace sluice
