// SPDX-License-Identifier: MIT
// Putting into words, and checking.
#pragma once

#include <strata/backend/cuda/cudnn/plan_file.hpp>

#include <strata/backend/cuda/cudnn/sha256.hpp>

#include <charconv>
#include <cstddef>

namespace strata::inline STRATA_ABI::cudnn {

STRATA_INLINE std::optional<std::string_view> take_line(std::string_view& text, std::string_view word) {
    const std::size_t end = text.find('\n');
    if (end == text.npos || !text.starts_with(word) || end <= word.size() || text[word.size()] != ' ') return std::nullopt;
    const std::string_view rest = text.substr(word.size() + 1, end - word.size() - 1);
    text.remove_prefix(end + 1);
    return rest;
}

STRATA_INLINE std::string plan_text(const std::string& key, const plan& made) {
    std::string content = "engine " + std::to_string(made.engine()) + "\nnotes ";
    for (const std::string& note : made.notes()) content += note + ',';
    if (made.notes().empty()) {
        content += '-';
    } else {
        content.pop_back();
    }
    content += '\n' + made.json();
    return "strata plan 1\nkey " + sha256(key) + "\ncontent " + sha256(content) + ' ' + std::to_string(content.size()) + '\n' + content;
}

STRATA_INLINE std::optional<plan_file> parse_plan(std::string_view text, const std::string& key) {
    if (take_line(text, "strata") != "plan 1" || take_line(text, "key") != sha256(key)) return std::nullopt;
    const auto sum = take_line(text, "content");
    if (sum != sha256(text) + ' ' + std::to_string(text.size())) return std::nullopt;
    plan_file result;
    const auto engine = take_line(text, "engine"), notes = take_line(text, "notes");
    if (!engine || !notes) return std::nullopt;
    if (std::from_chars(engine->data(), engine->data() + engine->size(), result.facts.engine).ec != std::errc{}) return std::nullopt;
    for (std::string_view rest = *notes; rest != "-" && !rest.empty();) {
        const std::size_t comma = rest.find(',');
        result.facts.notes.emplace_back(rest.substr(0, comma));
        rest = comma == rest.npos ? std::string_view{} : rest.substr(comma + 1);
    }
    result.json = text;
    return result;
}

}  // namespace strata::inline STRATA_ABI::cudnn
