// Random responses and WebSocket messages with secrets planted everywhere in them, what a sandbox is to see of them, and a
// search that knows nothing of how needles are found.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/characters.h"
#include "tests/http/encode.h"
#include "tests/http/websocket_frames.h"
#include "tests/proxy/response_path.h"
#include "tests/rules/planted.h"
#include "tests/rules/slow_scrub.h"

namespace sallyport::proxy {

using http::BodyKind;
using http::ContentCoding;
using rules::pick;
using rules::Planted;
using rules::Random;
using rules::random_string;
using rules::Secrets;

inline std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

inline std::string hex_of(std::string_view bytes, std::string_view before = "") {
    std::string out;
    for (const char c : bytes) {
        out += before;
        out += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        out += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

// The characters of base64 that hold bits of the secret only.
inline std::string base64_core(std::string_view secret, std::size_t phase) {
    const std::string whole = rules::base64(std::string(phase, 'x') + std::string(secret));
    const std::size_t first = (phase * 8 + 5) / 6;
    return whole.substr(first, (phase + secret.size()) * 8 / 6 - first);
}

inline std::string url_safe(std::string text) {
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

// Looks for what is written out in full: the naive way, which knows nothing of how needles are found.
class Search {
public:
    explicit Search(const Secrets& secrets) : values_(secrets.values) {
        for (const auto& list : {secrets.values, secrets.rendered}) {
            for (const auto& text : list) add(text);
        }
    }
    // The spelling that was found; empty for none.
    std::string find_in(std::string_view bytes) const {
        for (const auto& spelling : spellings_) {
            if (bytes.find(spelling) != bytes.npos) return spelling;
        }
        return {};
    }
    bool finds_slowly(std::string_view bytes) const { return rules::slow_scrub(bytes, values_) != bytes; }

private:
    void add(const std::string& text) {
        spellings_.insert(spellings_.end(), {text, hex_of(text), upper(hex_of(text)), hex_of(text, "%")});
        spellings_.push_back(hex_of(text, "\\u00"));
        for (std::size_t phase = 0; phase < 3; ++phase) {
            spellings_.push_back(base64_core(text, phase));
            spellings_.push_back(url_safe(base64_core(text, phase)));
        }
        std::string decimal, hexadecimal, wide_le, wide_be;
        for (const char c : text) {
            decimal += "&#" + std::to_string(static_cast<unsigned char>(c)) + ";";
            hexadecimal += "&#x" + hex_of({&c, 1}) + ";";
            wide_le += {c, '\0'};
            wide_be += {'\0', c};
        }
        spellings_.insert(spellings_.end(), {decimal, hexadecimal, wide_le, wide_be});
    }

    std::vector<std::string> values_;
    std::vector<std::string> spellings_;
};

// What may stand in a field.
inline constexpr std::string_view kFieldFiller = "GHIJKLMNOPQRSTUVWXYZghijklmnopqrstuvwxyz {}[]<>=:,.%&\\\"'/-_*~";

// How bytes arrive: now and then one by one, mostly in pieces.
inline std::function<std::size_t()> random_cut(Random& random) {
    const std::size_t longest = 1 + pick(random, std::size_t{1} << pick(random, 12));
    return [&random, longest] { return 1 + pick(random, longest); };
}

// What fits into a field, with nothing at its ends that would be trimmed.
inline Planted plant_in_field(Random& random, const Secrets& secrets) {
    while (true) {
        Planted planted;
        planted.add("|");
        planted.add(rules::plant(random, secrets, kFieldFiller, 20));
        if (http::is_field_value(planted.text)) return planted;
    }
}

// What a token can be made of: a secret as it is, or in other case.
inline std::optional<std::string> plant_in_name(Random& random, const Secrets& secrets) {
    const std::string& secret = secrets.values[pick(random, secrets.values.size())];
    const auto spelling = pick(random, 2) == 0 ? rules::Spelling::plain : rules::Spelling::recased;
    const std::string name = "x-" + rules::spell(random, secret, spelling).text + "-y";
    return http::is_token(name) ? std::optional(name) : std::nullopt;
}

struct Section {
    std::string text;
    Fields expected;
};

inline Section random_section(Random& random, const Secrets& secrets, std::span<const std::string_view> names) {
    Section section;
    for (std::size_t i = pick(random, 4); i > 0; --i) {
        const Planted value = plant_in_field(random, secrets);
        std::string name(names[pick(random, names.size())]);
        bool stays = true;
        if (pick(random, 8) == 0) {
            if (auto planted = plant_in_name(random, secrets)) {
                name = *planted;
                stays = false;
            }
        }
        section.text += name + ": " + value.text + "\r\n";
        if (stays) section.expected.emplace_back(name, value.expected);
    }
    return section;
}

inline constexpr std::string_view kNames[] = {"Location", "Set-Cookie", "WWW-Authenticate", "Link", "Content-Disposition",
                                       "X-Request-Headers"};
inline constexpr std::string_view kTrailerNames[] = {"X-Checksum", "Grpc-Message", "Server-Timing"};

// Bodies of protocols in which a text is cut up: each event, each message for itself.
inline Planted random_body(Random& random, const Secrets& secrets) {
    const std::size_t kind = pick(random, 4);
    if (kind > 1) return rules::plant(random, secrets);
    Planted body;
    for (std::size_t i = pick(random, 4); i > 0; --i) {
        const Planted message = rules::plant(random, secrets);
        const auto size = static_cast<std::uint32_t>(message.text.size());
        const char prefix[] = {0, 0, 0, static_cast<char>(size >> 8), static_cast<char>(size)};
        body.add(kind == 0 ? std::string_view("event: delta\ndata: ") : std::string_view(prefix, sizeof prefix));
        body.add(message);
        if (kind == 0) body.add("\n\n");
    }
    return body;
}

inline const std::vector<std::vector<ContentCoding>> kCodings = {
    {},
    {ContentCoding::gzip},
    {ContentCoding::deflate},
    {ContentCoding::br},
    {ContentCoding::zstd},
    {ContentCoding::gzip, ContentCoding::br},
    {ContentCoding::zstd, ContentCoding::deflate},
};

inline std::string list_of(const std::vector<ContentCoding>& codings) {
    std::string list;
    for (const auto coding : codings) list += (list.empty() ? "" : ", ") + std::string(to_string(coding));
    return list;
}

inline std::string chunked(Random& random, std::string_view bytes, std::string_view trailers) {
    std::string out;
    while (!bytes.empty()) {
        const auto piece = bytes.substr(0, 1 + pick(random, 80));
        bytes.remove_prefix(piece.size());
        char size[16];
        std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
        out += size + std::string(piece) + "\r\n";
    }
    return out + "0\r\n" + std::string(trailers) + "\r\n";
}

struct Response {
    std::string wire;
    SeenResponse expected;
    Planted body;
    bool is_coded = false;
};

inline void add_body(Random& random, const Secrets& secrets, Response& response) {
    response.body = random_body(random, secrets);
    response.expected.body = response.body.expected;
    const auto& codings = kCodings[pick(random, 2) == 0 ? 0 : pick(random, kCodings.size())];
    const std::string coded = http::encode(response.body.text, codings);
    response.is_coded = !codings.empty();
    if (response.is_coded) response.wire += "Content-Encoding: " + list_of(codings) + "\r\n";
    const auto kind = std::array{BodyKind::length, BodyKind::chunked, BodyKind::until_close}[pick(random, 3)];
    response.expected.framing = {kind, kind == BodyKind::length ? coded.size() : 0};
    if (kind == BodyKind::length) response.wire += "Content-Length: " + std::to_string(coded.size()) + "\r\n";
    if (kind != BodyKind::chunked) {
        response.wire += "\r\n" + coded;
        return;
    }
    const Section trailers = random_section(random, secrets, kTrailerNames);
    response.expected.trailers = trailers.expected;
    response.wire += "Transfer-Encoding: chunked\r\n\r\n" + chunked(random, coded, trailers.text);
}

inline Response random_response(Random& random, const Secrets& secrets) {
    Response response;
    for (std::size_t i = pick(random, 3); i > 1; --i) {
        const Section section = random_section(random, secrets, kNames);
        response.wire += "HTTP/1.1 103 Early Hints\r\n" + section.text + "\r\n";
        response.expected.interim.push_back(section.expected);
    }
    const char* statuses[] = {"200", "201", "302", "401", "404", "500"};
    const Planted reason = pick(random, 4) == 0 ? plant_in_field(random, secrets) : Planted{"OK", "OK", {}};
    const Section section = random_section(random, secrets, kNames);
    response.wire += "HTTP/1.1 " + std::string(statuses[pick(random, 6)]) + " " + reason.text + "\r\n" + section.text;
    response.expected.reason = reason.expected;
    response.expected.fields = section.expected;
    add_body(random, secrets, response);
    return response;
}

struct Messages {
    std::string wire;
    std::vector<std::string> expected;
};

inline void add_control_frame(Random& random, const Secrets& secrets, Messages& messages) {
    const Planted payload = rules::plant_one(random, secrets);
    if (payload.text.size() > http::kControlPayloadBytesMax) return;
    const bool is_ping = pick(random, 2) == 0;
    messages.wire += http::server_frame(is_ping ? 0x89 : 0x8a, payload.text);
    messages.expected.push_back((is_ping ? "ping:" : "pong:") + payload.expected);
}

inline void add_message(Random& random, const Secrets& secrets, Messages& messages) {
    const unsigned opcode = 1 + static_cast<unsigned>(pick(random, 2));
    const Planted message = rules::plant(random, secrets);
    std::string_view rest = message.text;
    const bool is_whole = pick(random, 2) == 0;
    const std::size_t longest = is_whole ? rest.size() : 1 + pick(random, 40);
    for (bool is_first = true; is_first || !rest.empty(); is_first = false) {
        const auto piece = rest.substr(0, is_whole ? longest : pick(random, longest + 1));
        rest.remove_prefix(piece.size());
        const unsigned final_bit = rest.empty() ? 0x80 : 0;
        messages.wire += http::server_frame(final_bit | (is_first ? opcode : 0), piece);
        if (!rest.empty() && pick(random, 6) == 0) add_control_frame(random, secrets, messages);
    }
    messages.expected.push_back((opcode == 1 ? "text:" : "binary:") + message.expected);
}

inline Messages random_messages(Random& random, const Secrets& secrets) {
    Messages messages;
    for (std::size_t i = 1 + pick(random, 3); i > 0; --i) {
        if (pick(random, 4) == 0) add_control_frame(random, secrets, messages);
        add_message(random, secrets, messages);
    }
    if (pick(random, 4) == 0) {
        const Planted reason = rules::plant_one(random, secrets);
        if (reason.text.size() + 2 > http::kControlPayloadBytesMax) return messages;
        messages.wire += http::server_frame(0x88, "\x03\xe8" + reason.text);
        messages.expected.push_back("close:\x03\xe8" + reason.expected);
    }
    return messages;
}

}  // namespace sallyport::proxy
