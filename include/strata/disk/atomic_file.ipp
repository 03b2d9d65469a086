// SPDX-License-Identifier: MIT
// Bodies of atomic_file.hpp, on POSIX: open aside, write, fsync, rename, fsync of the directory.
#pragma once

#include <strata/disk/atomic_file.hpp>

#include <strata/core/error.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace strata::inline STRATA_ABI {

STRATA_INLINE atomic_file::atomic_file(const std::string& path) : path_(path) {
    const std::size_t slash = path.rfind('/');
    directory_ = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    struct stat about{};
    if (::stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode)) fail("cannot be written", EISDIR);
    // The name aside is short whatever the file's name is, so that it is never too long where the file's is not.
    for (int attempt = 0; descriptor_ < 0; ++attempt) {
        aside_ = directory_ + "/.strata-" + std::to_string(::getpid()) + "-" + std::to_string(attempt) + ".part";
        descriptor_ = ::open(aside_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor_ >= 0 || (errno == EEXIST && attempt < 1000) || errno == EINTR) continue;
        const int reason = errno;
        aside_.clear();
        fail("cannot be written", reason);
    }
}

STRATA_INLINE atomic_file::~atomic_file() { discard(); }

STRATA_INLINE void atomic_file::discard() noexcept {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
    if (!aside_.empty()) ::unlink(aside_.c_str());
    aside_.clear();
}

STRATA_INLINE void atomic_file::fail(const char* what, int reason) {
    discard();
    throw io_error(path_ + ": " + what + ": " + std::strerror(reason));
}

STRATA_INLINE void atomic_file::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail("writing failed", errno);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

STRATA_INLINE void atomic_file::write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

STRATA_INLINE void atomic_file::commit() {
    while (::fsync(descriptor_) != 0) {
        if (errno != EINTR) fail("writing failed", errno);
    }
    const int closing = ::close(descriptor_);
    const int reason = errno;
    descriptor_ = -1;
    if (closing != 0 && reason != EINTR) fail("writing failed", reason);
    if (std::rename(aside_.c_str(), path_.c_str()) != 0) fail("cannot be written", errno);
    aside_.clear();
    // The rename is in the directory; some file systems cannot sync one (EINVAL), and then there is nothing more to do.
    const int directory = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        ::fsync(directory);
        ::close(directory);
    }
}

STRATA_INLINE void make_folders(const std::string& path) {
    for (std::size_t slash = path.find('/', 1); slash != path.npos; slash = path.find('/', slash + 1)) {
        ::mkdir(path.substr(0, slash).c_str(), 0777);
    }
    ::mkdir(path.c_str(), 0777);
}

STRATA_INLINE void write_file(const std::string& path, std::string_view text) {
    atomic_file file(path);
    file.write(text);
    file.commit();
}

}  // namespace strata::inline STRATA_ABI
