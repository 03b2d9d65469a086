// SPDX-License-Identifier: MIT
// Bodies of read_file.hpp, on POSIX.
#pragma once

#include <strata/disk/read_file.hpp>

#include <strata/core/error.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace strata::inline STRATA_ABI {

STRATA_INLINE input_file::input_file(const std::string& path, std::int64_t limit) : path_(path) {
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // not blocked by a pipe
    if (descriptor_ < 0) throw invalid_input(path + ": cannot be read: " + std::strerror(errno));
    struct stat about{};
    std::string wrong;
    if (::fstat(descriptor_, &about) != 0) {
        wrong = std::string("cannot be read: ") + std::strerror(errno);
    } else if (S_ISDIR(about.st_mode)) {
        wrong = "this is a directory; give a file";
    } else if (!S_ISREG(about.st_mode)) {
        wrong = "this is not a regular file";
    } else if (about.st_size > limit) {
        wrong = "the file has " + std::to_string(about.st_size) + " bytes, more than the " + std::to_string(limit) + " that are read";
    }
    size_ = about.st_size;
    if (wrong.empty()) return;
    ::close(descriptor_);
    throw invalid_input(path + ": " + wrong);
}

STRATA_INLINE input_file::~input_file() { ::close(descriptor_); }

STRATA_INLINE void input_file::read(std::span<std::byte> next) {
    while (!next.empty()) {
        const ssize_t count = ::read(descriptor_, next.data(), next.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw io_error(path_ + ": reading failed: " + std::strerror(errno));
        if (count == 0) throw io_error(path_ + ": the file became shorter while it was read");
        next = next.subspan(static_cast<std::size_t>(count));
    }
}

STRATA_INLINE bool file_exists(const std::string& path) {
    struct stat about{};
    return ::stat(path.c_str(), &about) == 0 || errno != ENOENT;
}

STRATA_INLINE std::vector<std::byte> read_file(const std::string& path, std::int64_t limit) {
    input_file file(path, limit);
    std::vector<std::byte> bytes(static_cast<std::size_t>(file.size()));
    file.read(bytes);
    return bytes;
}

STRATA_INLINE std::string read_text(const std::string& path, std::int64_t limit) {
    input_file file(path, limit);
    std::string text(static_cast<std::size_t>(file.size()), '\0');
    file.read(std::as_writable_bytes(std::span(text)));
    return text;
}

}  // namespace strata::inline STRATA_ABI
