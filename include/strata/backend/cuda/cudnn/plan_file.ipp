// SPDX-License-Identifier: MIT
// Writing, reading and checking.
#pragma once

#include <strata/backend/cuda/cudnn/plan_file.hpp>

#include <strata/backend/cuda/cudnn/sha256.hpp>

#include <cerrno>
#include <charconv>
#include <cstddef>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace strata::inline STRATA_ABI::cudnn {

namespace detail {

// Small files, and never worth an exception.
struct open_file {
    int number;
    ~open_file() {
        if (number >= 0) ::close(number);
    }
};

STRATA_INLINE void make_folders(const std::string& path) {
    for (std::size_t slash = path.find('/', 1); slash != path.npos; slash = path.find('/', slash + 1)) {
        ::mkdir(path.substr(0, slash).c_str(), 0777);
    }
    ::mkdir(path.c_str(), 0777);
}

}  // namespace detail

STRATA_INLINE std::optional<std::string> read_plan_file(const std::string& path, bool& exists) {
    constexpr off_t most = off_t{64} << 20;  // plans have some hundred kilobytes
    const detail::open_file file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    exists = file.number >= 0 || errno != ENOENT;
    struct stat about{};
    if (file.number < 0 || ::fstat(file.number, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size > most) return std::nullopt;
    std::string text(static_cast<std::size_t>(about.st_size), '\0');
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t count = ::read(file.number, text.data() + done, text.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return std::nullopt;
        done += static_cast<std::size_t>(count);
    }
    return text;
}

STRATA_INLINE bool write_plan_file(const std::string& folder, const std::string& path, std::string_view text) {
    detail::make_folders(folder);
    std::string aside = path + ".XXXXXX";
    const detail::open_file file{::mkostemp(aside.data(), O_CLOEXEC)};
    if (file.number < 0) return false;
    bool good = true;
    while (good && !text.empty()) {
        const ssize_t count = ::write(file.number, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        good = count > 0;
        if (good) text.remove_prefix(static_cast<std::size_t>(count));
    }
    good = good && ::fsync(file.number) == 0 && ::rename(aside.c_str(), path.c_str()) == 0;
    if (!good) ::unlink(aside.c_str());
    return good;
}

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
