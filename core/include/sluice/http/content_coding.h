// Content codings: what a request accepts, and what becomes of a response's fields when its coding changes.
#pragma once

#include <sluice/base/api.h>
#include <sluice/base/arena.h>
#include <sluice/http/headers.h>

namespace sluice {

// accepts_gzip reads Accept-Encoding (RFC 9110 section 12.5.3): gzip (or x-gzip) is named with a weight above zero, and not below that
// of a named identity. `*` is no gzip, as in nginx: who writes that may be unable to decode it.
SLUICE_API bool accepts_gzip(const Headers& request);

// lists_token: one of the comma-separated elements of the fields with that name is `token` (any case; what follows "=" or ";" in the
// element is not looked at).
SLUICE_API bool lists_token(const Headers& headers, HeaderId id, std::string_view token);

// content_recoded: other bytes are sent now. Content-Length and Accept-Ranges go; an ETag becomes a weak one (RFC 9110 section 8.8.1), or
// goes when it is none.
SLUICE_API void content_recoded(Headers& response, Arena& arena);

// add_vary adds "Vary: Accept-Encoding" unless the response says so already.
SLUICE_API void add_vary_encoding(Headers& response);

}  // namespace sluice
