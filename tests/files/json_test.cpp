// SPDX-License-Identifier: MIT
// The JSON reader and what writing needs: values, strictness, bounds.
#include <strata/files/json.hpp>

#include <strata/core/error.hpp>

#include <doctest/doctest.h>

#include <support/scratch_folder.hpp>

#include <cmath>
#include <limits>

namespace json = strata::json;

TEST_CASE("json reads every kind of value") {
    const json::value v = json::parse(R"( {"a": [1, -2.5e3, true, false, null], "b": {"c": "text"}, "": 9007199254740993} )", "x");
    REQUIRE(v.kind == json::kind::object);
    const json::value& a = *v.find("a");
    REQUIRE(a.items.size() == 5);
    CHECK(a.items[0].is_integer);
    CHECK(a.items[0].integer == 1);
    CHECK_FALSE(a.items[1].is_integer);
    CHECK(a.items[1].number == -2500.0);
    CHECK(a.items[2].boolean);
    CHECK(a.items[3].kind == json::kind::boolean);
    CHECK_FALSE(a.items[3].boolean);
    CHECK(a.items[4].kind == json::kind::null);
    CHECK(v.find("b")->find("c")->string == "text");
    CHECK(v.find("")->integer == 9007199254740993);  // exact, where a double is not
    CHECK(v.find("nothing") == nullptr);
}

TEST_CASE("json keeps UTF-8 as it is and decodes escapes, surrogate pairs too") {
    CHECK(json::parse("\"\xC3\xA9\xF0\x9F\x90\xB8\"", "x").string == "\xC3\xA9\xF0\x9F\x90\xB8");
    CHECK(json::parse(R"("\u00e9\ud83d\udc38\u20ac\n\/\\\"")", "x").string == "\xC3\xA9\xF0\x9F\x90\xB8\xE2\x82\xAC\n/\\\"");
}

TEST_CASE("json refuses text that is not JSON, with its place") {
    const char* wrong[] = {"",
                           "{",
                           "[1,]",
                           "[1 2]",
                           "{\"a\" 1}",
                           "{a: 1}",
                           "{\"a\": 1,}",
                           "01",
                           "1.",
                           "1e",
                           "-",
                           "+1",
                           ".5",
                           "nul",
                           "tru",
                           "NaN",
                           "\"",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "\"\\u12\"",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "\"\\ud800\\u0041\"",
                           "\"\n\"",
                           "1 2",
                           "[]]",
                           "'a'",
                           "1e999",
                           "\"\xFF\"",
                           "\"\xC0\x80\"",
                           "\"\xED\xA0\x80\"",
                           "\"\xF4\x90\x80\x80\"",
                           "\"\xC3\"",
                           "\"\xE0\x80\x80\""};
    for (const char* text : wrong) {
        CAPTURE(text);
        const std::string message = test::thrown_by<strata::invalid_input>([&] { json::parse(text, "settings.json"); });
        CHECK(test::has(message, "settings.json: not valid JSON at byte "));
    }
}

TEST_CASE("json refuses a key twice, too much depth, too many bytes and too many values") {
    CHECK(test::has(test::thrown_by<strata::invalid_input>([] { json::parse(R"({"a":1,"b":2,"a":3})", "x"); }), "\"a\" is there twice"));
    const std::string deep(100'000, '[');
    CHECK(test::has(test::thrown_by<strata::invalid_input>([&] { json::parse(deep, "x"); }), "deeper than 64"));
    CHECK(json::parse("[[[1]]]", "x", {.bytes = 7, .depth = 3}).items.size() == 1);
    CHECK(json::parse("[1,2,3]", "x", {.values = 4}).items.size() == 3);
    CHECK(test::has(test::thrown_by<strata::invalid_input>([] { json::parse("[1,2,3]", "x", {.values = 3}); }), "more than 3 values"));
    CHECK_THROWS_AS(json::parse("[[[1]]]", "x", {.bytes = 7, .depth = 2}), strata::invalid_input);
    CHECK(test::has(test::thrown_by<strata::invalid_input>([] { json::parse("[1, 2]", "x", {.bytes = 5}); }), "6 bytes, more than the 5"));
}

TEST_CASE("a quoted string reads back as itself") {
    std::string all;
    for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
    all += "\xC3\xA9\xF0\x9F\x90\xB8";
    CHECK(json::parse(json::quoted(all), "x").string == all);
    CHECK(json::quoted("a\xFF"
                       "b") ==
          "\"a\xEF\xBF\xBD"
          "b\"");
}

TEST_CASE("a written number reads back as the same value, and what JSON cannot hold becomes null") {
    for (const double value : {0.1, 1.0 / 3, 1e-300, -0.0, 123456789.0, 5e-324, 1.7976931348623157e308}) {
        CHECK(json::parse(json::number(value), "x").number == value);
    }
    CHECK(json::number(0.001f) == "0.001");
    CHECK(json::number(0.5) == "0.5");
    CHECK(json::number(std::nan("")) == "null");
    CHECK(json::number(std::numeric_limits<float>::infinity()) == "null");
}

TEST_CASE("the length of a UTF-8 character is that of its encoding, and none is 0") {
    CHECK(json::utf8_length("a", 0) == 1);
    CHECK(json::utf8_length("\xC3\xA9", 0) == 2);
    CHECK(json::utf8_length("\xE2\x82\xAC", 0) == 3);
    CHECK(json::utf8_length("\xF0\x9F\x90\xB8", 0) == 4);
    CHECK(json::utf8_length("\xC3\xA9", 1) == 0);
    CHECK(json::utf8_length("a", 1) == 0);
}
