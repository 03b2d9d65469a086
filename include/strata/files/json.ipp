// SPDX-License-Identifier: MIT
// Bodies of json.hpp: a recursive parser with a bounded depth, over text that it never copies but into the values it returns.
#pragma once

#include <strata/files/json.hpp>

#include <strata/core/error.hpp>
#include <strata/core/finite.hpp>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <system_error>
#include <utility>

namespace strata::inline STRATA_ABI {
namespace json {

STRATA_INLINE std::size_t utf8_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto follows = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0u) == 0x80u; };
    if (at >= text.size()) return 0;
    const unsigned first = byte(at);
    if (first < 0x80) return 1;
    if (first < 0xC2) return 0;  // a continuation, or an overlong form
    if (first < 0xE0) return follows(at + 1) ? 2 : 0;
    if (first < 0xF0) {
        if (!follows(at + 1) || !follows(at + 2)) return 0;
        if (first == 0xE0 && byte(at + 1) < 0xA0) return 0;   // overlong
        if (first == 0xED && byte(at + 1) >= 0xA0) return 0;  // a surrogate
        return 3;
    }
    if (first > 0xF4 || !follows(at + 1) || !follows(at + 2) || !follows(at + 3)) return 0;
    if (first == 0xF0 && byte(at + 1) < 0x90) return 0;
    if (first == 0xF4 && byte(at + 1) >= 0x90) return 0;  // above U+10FFFF
    return 4;
}

namespace detail {

class parser {
public:
    parser(std::string_view text, const std::string& name, const json::limits& bounds) : text_(text), name_(name), bounds_(bounds) {}

    value whole() {
        if (text_.size() > bounds_.bytes)
            throw invalid_input(name_ + ": the JSON has " + std::to_string(text_.size()) + " bytes, more than the " +
                                std::to_string(bounds_.bytes) + " that are read");
        value result = any(0);
        spaces();
        if (at_ != text_.size()) fail("there is text after the value");
        return result;
    }

private:
    [[noreturn]] void fail(const std::string& why) const {
        throw invalid_input(name_ + ": not valid JSON at byte " + std::to_string(at_) + ": " + why);
    }
    bool is(char c) const { return at_ < text_.size() && text_[at_] == c; }
    bool digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }
    void spaces() {
        while (is(' ') || is('\t') || is('\n') || is('\r')) ++at_;
    }
    bool take(char c) {
        if (!is(c)) return false;
        ++at_;
        return true;
    }

    value any(int depth) {
        if (depth > bounds_.depth) fail("it is nested deeper than " + std::to_string(bounds_.depth) + " levels");
        if (++values_ > bounds_.values) fail("it has more than " + std::to_string(bounds_.values) + " values");
        spaces();
        if (at_ == text_.size()) fail("the text ends where a value should be");
        switch (text_[at_]) {
            case '{': return object(depth);
            case '[': return array(depth);
            case '"': {
                value v;
                v.kind = kind::string;
                v.string = string();
                return v;
            }
            case 't': return word("true", {.kind = kind::boolean, .boolean = true});
            case 'f': return word("false", {.kind = kind::boolean});
            case 'n': return word("null", {});
            default: return number();
        }
    }

    value word(std::string_view expected, value result) {
        if (text_.substr(at_, expected.size()) != expected) fail("a value is expected");
        at_ += expected.size();
        return result;
    }

    value array(int depth) {
        value v;
        v.kind = kind::array;
        ++at_;
        spaces();
        if (take(']')) return v;
        for (;;) {
            v.items.push_back(any(depth + 1));
            spaces();
            if (take(']')) return v;
            if (!take(',')) fail("',' or ']' is expected");
        }
    }

    value object(int depth) {
        value v;
        v.kind = kind::object;
        ++at_;
        spaces();
        if (take('}')) return v;
        for (;;) {
            spaces();
            if (!is('"')) fail("a key in quotes is expected");
            v.keys.push_back(string());
            spaces();
            if (!take(':')) fail("':' is expected");
            v.items.push_back(any(depth + 1));
            spaces();
            if (take('}')) break;
            if (!take(',')) fail("',' or '}' is expected");
        }
        std::vector<std::string_view> sorted(v.keys.begin(), v.keys.end());
        std::sort(sorted.begin(), sorted.end());
        const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
        if (twice != sorted.end()) fail("the key " + quoted(*twice) + " is there twice");
        return v;
    }

    std::string string() {
        ++at_;
        std::string result;
        for (;;) {
            if (at_ == text_.size()) fail("a string does not end");
            const char c = text_[at_];
            if (c == '"') break;
            if (static_cast<unsigned char>(c) < 0x20) fail("a control character in a string");
            if (c == '\\') {
                escape(result);
                continue;
            }
            const std::size_t length = utf8_length(text_, at_);
            if (length == 0) fail("a string is not UTF-8");
            result.append(text_.substr(at_, length));
            at_ += length;
        }
        ++at_;
        return result;
    }

    void escape(std::string& into) {
        ++at_;
        if (at_ == text_.size()) fail("a string does not end");
        const char c = text_[at_++];
        switch (c) {
            case '"':
            case '\\':
            case '/': into += c; return;
            case 'b': into += '\b'; return;
            case 'f': into += '\f'; return;
            case 'n': into += '\n'; return;
            case 'r': into += '\r'; return;
            case 't': into += '\t'; return;
            case 'u': break;
            default: fail("an escape that JSON does not know");
        }
        std::uint32_t code = four_digits();
        if (code >= 0xDC00 && code < 0xE000) fail("a surrogate without its first half");
        if (code >= 0xD800 && code < 0xDC00) {
            if (!take('\\') || !take('u')) fail("a surrogate without its second half");
            const std::uint32_t low = four_digits();
            if (low < 0xDC00 || low >= 0xE000) fail("a surrogate without its second half");
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        const auto put = [&](std::uint32_t byte) { into += static_cast<char>(static_cast<unsigned char>(byte)); };
        if (code < 0x80) {
            put(code);
        } else if (code < 0x800) {
            put(0xC0 | code >> 6);
            put(0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
            put(0xE0 | code >> 12);
            put(0x80 | (code >> 6 & 0x3F));
            put(0x80 | (code & 0x3F));
        } else {
            put(0xF0 | code >> 18);
            put(0x80 | (code >> 12 & 0x3F));
            put(0x80 | (code >> 6 & 0x3F));
            put(0x80 | (code & 0x3F));
        }
    }

    std::uint32_t four_digits() {
        if (text_.size() - at_ < 4) fail("four hexadecimal digits are expected");
        std::uint32_t code = 0;
        const char* first = text_.data() + at_;
        const auto [end, problem] = std::from_chars(first, first + 4, code, 16);
        if (problem != std::errc{} || end != first + 4) fail("four hexadecimal digits are expected");
        at_ += 4;
        return code;
    }

    value number() {
        const std::size_t begin = at_;
        bool whole = true;
        take('-');
        if (!digit()) {
            at_ = begin;
            fail("a value is expected");
        }
        if (!take('0')) {
            while (digit()) ++at_;
        }
        if (take('.')) {
            whole = false;
            if (!digit()) fail("a digit is expected");
            while (digit()) ++at_;
        }
        if (take('e') || take('E')) {
            whole = false;
            if (!take('+')) take('-');
            if (!digit()) fail("a digit is expected");
            while (digit()) ++at_;
        }
        value v;
        v.kind = kind::number;
        const char *first = text_.data() + begin, *last = text_.data() + at_;
        if (std::from_chars(first, last, v.number).ec != std::errc{}) fail("a number is out of range");
        v.is_integer = whole && std::from_chars(first, last, v.integer).ec == std::errc{};
        return v;
    }

    std::string_view text_;
    const std::string& name_;
    json::limits bounds_;
    std::size_t at_ = 0, values_ = 0;
};

template <typename Number>
std::string shortest(Number value) {
    if (!is_finite(value)) return "null";
    char text[40];
    const auto [end, problem] = std::to_chars(text, text + sizeof text, value);
    return problem == std::errc{} ? std::string(text, end) : "null";
}

}  // namespace detail

STRATA_INLINE const value* value::find(std::string_view key) const {
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i] == key) return &items[i];
    }
    return nullptr;
}

STRATA_INLINE value parse(std::string_view text, const std::string& name, const limits& limits) {
    return detail::parser(text, name, limits).whole();
}

STRATA_INLINE std::string quoted(std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string result = "\"";
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = utf8_length(text, i);
        const char c = text[i];
        if (length == 0) {
            result += "\xEF\xBF\xBD";
        } else if (length > 1) {
            result.append(text.substr(i, length));
        } else if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (c == '\n') {
            result += "\\n";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            result += "\\u00";
            result += digits[static_cast<unsigned char>(c) >> 4];
            result += digits[static_cast<unsigned char>(c) & 15];
        } else {
            result += c;
        }
        i += length == 0 ? 1 : length;
    }
    return result += '"';
}

STRATA_INLINE std::string number(double value) { return detail::shortest(value); }
STRATA_INLINE std::string number(float value) { return detail::shortest(value); }

}  // namespace json
}  // namespace strata::inline STRATA_ABI
