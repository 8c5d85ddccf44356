#include "http/content_coding.h"

#include <gtest/gtest.h>

namespace sallyport::http {
namespace {

std::string codings_of(std::string_view value) {
    const auto codings = parse_content_encoding(value);
    if (!codings) return std::string(tag(codings.error().code));
    std::string names;
    for (const auto coding : *codings) names += std::string(names.empty() ? "" : " ") + std::string(to_string(coding));
    return names;
}

TEST(ContentCoding, R3_AnUnknownCodingIsAnError) {
    const std::pair<const char*, const char*> cases[] = {
        {"", ""},
        {"gzip", "gzip"},
        {"x-gzip", "gzip"},
        {"GZip", "gzip"},
        {"deflate", "deflate"},
        {"br", "br"},
        {"zstd", "zstd"},
        {"identity", ""},
        {"identity, gzip", "gzip"},
        {" gzip\t, , br,", "gzip br"},
        {"gzip, gzip, gzip", "gzip gzip gzip"},
        {"gzip, gzip, gzip, gzip", "origin_bad_response"},
        {"compress", "origin_bad_response"},
        {"x-compress", "origin_bad_response"},
        {"dcb", "origin_bad_response"},
        {"aws-chunked", "origin_bad_response"},
        {"gzip;q=1", "origin_bad_response"},
        {"gzip br", "origin_bad_response"},
        {"gzipx", "origin_bad_response"},
        {"br, unknown", "origin_bad_response"},
        {"*", "origin_bad_response"},
    };
    for (const auto& [value, expected] : cases) EXPECT_EQ(codings_of(value), expected) << value;
}

TEST(ContentCoding, R3_OnlyWhatCanBeReadIsAskedFor) {
    const std::pair<const char*, const char*> cases[] = {
        {"gzip", "gzip"},
        {"gzip, deflate, br, zstd", "gzip, deflate, br, zstd"},
        {"GZIP;q=0.8 , br ; Q=1.0", "gzip;q=0.8, br;q=1.0"},
        {"compress, gzip", "gzip"},
        {"compress", "identity"},
        {"dcb, dcz, br", "br"},
        {"", "identity"},
        {"identity", "identity"},
        {"identity;q=0.5, gzip", "identity;q=0.5, gzip"},
        {"*", "gzip, deflate, br, zstd"},
        {"br;q=0, *;q=0.1", "br;q=0, gzip;q=0.1, deflate;q=0.1, zstd;q=0.1"},
        {"*;q=0", "identity"},
        {"*;q=0, gzip", "gzip"},
        {"gzip;q=0", "identity"},
        {"gzip;q=0.000", "identity"},
        {"identity;q=0", "identity"},
        {"identity;q=0, compress", "identity"},
        {"gzip;q=2", "identity"},
        {"gzip;q=1.001", "identity"},
        {"gzip;q=0.1234", "identity"},
        {"gzip;q=", "identity"},
        {"gzip;level=9", "identity"},
        {"gz\"ip, br", "br"},
        {"x-gzip", "x-gzip"},
        {",,gzip,,", "gzip"},
    };
    for (const auto& [value, expected] : cases) EXPECT_EQ(narrow_accept_encoding(value), expected) << value;
    EXPECT_EQ(narrow_accept_encoding(std::nullopt), "identity");
}

TEST(ContentCoding, WhatIsAskedForIsNarrowAlready) {
    for (const char* value : {"gzip, br", "*;q=0.3", "compress, *", "br;q=0", "", "x-gzip;q=0.5, zstd"}) {
        const std::string once = narrow_accept_encoding(value);
        EXPECT_EQ(narrow_accept_encoding(once), once) << value;
    }
}

}  // namespace
}  // namespace sallyport::http
