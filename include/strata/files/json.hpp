// SPDX-License-Identifier: MIT
// JSON as the files of strata need it: a strict reader for text that is hostile until checked (size, depth, UTF-8, no key twice in
// an object), and the two things that writing takes, quoted strings and numbers that read back as the same value.
#pragma once

#include <strata/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace strata::inline STRATA_ABI {
namespace json {

enum class kind : unsigned char { null, boolean, number, string, array, object };

struct value {
    json::kind kind = json::kind::null;
    bool boolean = false;
    bool is_integer = false;      // a number written without point and exponent that fits into 64 bits: then `integer` holds it
    std::int64_t integer = 0;
    double number = 0;
    std::string string{};
    std::vector<std::string> keys{};  // of an object, in the order of the text
    std::vector<value> items{};       // of an array; of an object: one per key

    const value* find(std::string_view key) const;  // nullptr where there is none
};

struct limits {
    std::size_t bytes = 100'000'000;
    int depth = 64;
    std::size_t values = 2'000'000;  // all in all: two bytes of text can make a value of a hundred
};

// Throws invalid_input with a sentence that begins with `name` and says where in the text it went wrong.
value parse(std::string_view text, const std::string& name, const limits& limits = {});

// "text" in quotes, escaped; control characters as \u00XX. Bytes that are not UTF-8 become U+FFFD, so that the result is valid JSON.
std::string quoted(std::string_view text);
// The shortest text that reads back as the same value; null for NaN and infinities, which JSON cannot hold.
std::string number(double value);
std::string number(float value);

// The length of the UTF-8 character that begins text[at], or 0 where there is none.
std::size_t utf8_length(std::string_view text, std::size_t at);

}  // namespace json
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/files/json.ipp>
#endif
