// SPDX-License-Identifier: MIT
// Body of read_file.hpp.
#pragma once

#include <strata/files/read_file.hpp>

#include <strata/core/error.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace strata::inline STRATA_ABI {

STRATA_INLINE std::vector<std::byte> read_file(const std::string& path, std::int64_t limit) {
    struct descriptor {
        int number;
        ~descriptor() {
            if (number >= 0) ::close(number);
        }
    } const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};  // not blocked by a pipe
    if (file.number < 0) throw invalid_input(path + ": cannot be read: " + std::strerror(errno));
    struct stat about{};
    if (::fstat(file.number, &about) != 0) throw io_error(path + ": cannot be read: " + std::strerror(errno));
    if (S_ISDIR(about.st_mode)) throw invalid_input(path + ": this is a directory; give a file");
    if (!S_ISREG(about.st_mode)) throw invalid_input(path + ": this is not a regular file");
    if (about.st_size > limit)
        throw invalid_input(path + ": the file has " + std::to_string(about.st_size) + " bytes, more than the " + std::to_string(limit) +
                            " that are read");
    std::vector<std::byte> bytes(static_cast<std::size_t>(about.st_size));
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t count = ::read(file.number, bytes.data() + done, bytes.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw io_error(path + ": reading failed: " + std::strerror(errno));
        if (count == 0) throw io_error(path + ": the file became shorter while it was read");
        done += static_cast<std::size_t>(count);
    }
    return bytes;
}

}  // namespace strata::inline STRATA_ABI
