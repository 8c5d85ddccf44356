// The three messages of a SOCKS5 client, one after the other, as the proxy's door reads them: never more is taken than there
// is, and what is complete stays the same whatever follows.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/socks5.h"

namespace {

using namespace sallyport::net;

// Where the message ends; 0 where there is none.
template <class Read>
std::size_t end_of(Read read, std::string_view bytes) {
    const auto result = read(bytes);
    if (!result || !result->has_value()) return 0;
    const std::size_t end = (*result)->bytes;
    if (end == 0 || end > bytes.size()) abort();
    const auto alone = read(bytes.substr(0, end));
    if (!alone || !alone->has_value() || (*alone)->bytes != end) abort();
    const auto cut = read(bytes.substr(0, end - 1));
    if (cut && cut->has_value()) abort();
    return end;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const std::size_t end = end_of(read_socks5_methods, bytes)) bytes.remove_prefix(end);
    if (const std::size_t end = end_of(read_socks5_login, bytes)) bytes.remove_prefix(end);
    (void)end_of(read_socks5_request, bytes);
    return 0;
}
