#include "rules/source_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sallyport::rules {
namespace {

std::string json_of(std::string_view yaml) {
    Reporter reporter("f");
    const auto root = read_document(yaml, reporter);
    return root ? to_json(*root) : "";
}

TEST(SourceJson, KeepsTheKindsOfPlainValues) {
    EXPECT_EQ(json_of("{ a: true, b: false, c: ~, d: 12, e: -3, f: 0, g: text, h: [], i: {} }"),
              R"({"a":true,"b":false,"c":null,"d":12,"e":-3,"f":0,"g":"text","h":[],"i":{}})");
}

TEST(SourceJson, WhatYamlMightTakeForSomethingElseStaysText) {
    EXPECT_EQ(
        json_of("[\"true\", '12', yes, no, 012, 1.5, 0x1f, 1e3, -, -0, +1, 1234567890123456, 10.0.0.0/8, 60/m]"),
        R"(["true","12","yes","no","012","1.5","0x1f","1e3","-","-0","+1","1234567890123456","10.0.0.0/8","60/m"])");
}

TEST(SourceJson, EveryByteComesBack) {
    const auto parsed = nlohmann::json::parse(json_of("a: \"q\\\" \\n \\0 \u00e4 \\U0001F600\"\n"));
    EXPECT_EQ(parsed["a"], std::string("q\" \n \0 \u00e4 \U0001F600", 14));
}

TEST(SourceJson, KeepsTheOrder) { EXPECT_EQ(json_of("{ b: 1, a: 2 }"), R"({"b":1,"a":2})"); }

}  // namespace
}  // namespace sallyport::rules
