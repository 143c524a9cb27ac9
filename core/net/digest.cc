#include <sluice/net/digest.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <sluice/base/check.h>

namespace sluice {

namespace {

std::string digest(const EVP_MD* kind, std::string_view bytes) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), out, &size, kind, nullptr) == 1);
  return {reinterpret_cast<const char*>(out), size};
}

}  // namespace

std::string md5(std::string_view bytes) { return digest(EVP_md5(), bytes); }
std::string sha1(std::string_view bytes) { return digest(EVP_sha1(), bytes); }
std::string sha256(std::string_view bytes) { return digest(EVP_sha256(), bytes); }

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sluice
