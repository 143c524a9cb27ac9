// FileResponse: which status, fields and bytes answer a request for a regular file. Plain code: nothing is opened or sent here.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <sluice/os/file_look.h>
#include <sluice/server/exchange.h>

#include "file_texts.h"
#include "static_conf.h"

namespace sluice {

// One step of the body: a text (of a multipart body), then bytes of the file.
struct BodyPart {
  std::string_view text;
  uint64_t start = 0;
  uint64_t end = 0;  // exclusive
};

struct FileResponse {
  int status = 200;  // 200, 206, 304; 412 and 416 end with Outcome::status
  uint64_t length = 0;
  std::span<const BodyPart> parts;

  bool has_body() const { return status == 200 || status == 206; }
};

// plan_response decides and puts the fields into exchange.response(). What it gives lies in the exchange's arena.
FileResponse plan_response(Exchange& exchange, const StaticConf& conf, const FileStamp& file, const FileTexts& texts);

}  // namespace sluice
