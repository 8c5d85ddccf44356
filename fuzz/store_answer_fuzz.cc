// What a store or a token endpoint may answer, any bytes: read without a fault, as another reader of JSON reads it, and what is
// taken for a token is one. No message repeats the answer.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/check.h"
#include "secrets/expiry.h"
#include "secrets/json_value.h"
#include "secrets/jwt.h"
#include "secrets/token_answer.h"
#include "secrets/xml_text.h"

namespace {

using namespace sallyport;

// Ours also bounds the depth, and does not look at UTF-8 outside of the strings that it is asked for.
void compare_json(std::string_view text) {
    const auto ours = secrets::JsonValue::parse(text);
    if (!ours) return;
    const auto theirs = nlohmann::json::parse(text, nullptr, false);
    if (theirs.is_discarded()) return;
    SALLYPORT_CHECK(ours->is_object() == theirs.is_object() && ours->is_array() == theirs.is_array());
    const auto member = ours->member("access_token");
    if (!member || !theirs.contains("access_token")) return;
    const auto value = member->text();
    SALLYPORT_CHECK(value.has_value() == theirs["access_token"].is_string());
    if (value) SALLYPORT_CHECK(value->reveal() == theirs["access_token"].get_ref<const std::string&>());
}

void read_as_token(std::string_view text) {
    secrets::HttpRequest request;
    request.url = "https://idp.example/token";
    secrets::HttpReply reply;
    reply.status = 200;
    reply.body = std::string(text);
    const secrets::WallClock::time_point now{std::chrono::seconds(1'700'000'000)};
    const auto answer = secrets::read_token_answer(request, reply, now);
    if (!answer) return;
    const auto token = answer->token.reveal();
    SALLYPORT_CHECK(!token.empty() && std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; }));
    SALLYPORT_CHECK(answer->expires_at > now);
}

void read_as_xml(std::string_view text) {
    const auto found = secrets::xml_text(text, "AccessKeyId");
    SALLYPORT_CHECK(!found || found->size() <= text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    compare_json(text);
    read_as_token(text);
    read_as_xml(text);
    (void)secrets::expiry_of_jwt(text);
    (void)secrets::parse_time(text);
    return 0;
}
