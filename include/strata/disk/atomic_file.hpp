// SPDX-License-Identifier: MIT
// A file that is there whole or not at all: written aside in the same directory, synced, renamed over the old one. Whatever fails,
// the old file stays as it was and the one aside is removed.
#pragma once

#include <strata/core/config.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace strata::inline STRATA_ABI {

// Every member throws io_error naming the path and the system's reason ("No space left on device").
class atomic_file {
public:
    explicit atomic_file(const std::string& path);
    ~atomic_file();
    atomic_file(const atomic_file&) = delete;
    atomic_file& operator=(const atomic_file&) = delete;

    void write(std::span<const std::byte> bytes);
    void write(std::string_view text);
    // Makes the file visible under its name. Without it the destructor throws away what was written.
    void commit();

private:
    [[noreturn]] void fail(const char* what, int reason);
    void discard() noexcept;

    std::string path_, directory_, aside_;
    int descriptor_ = -1;
};

// The folder and its parents, where they are not there yet. What cannot be made is told by the file that is then written into it.
void make_folders(const std::string& path);

// Construct, write and commit in one.
void write_file(const std::string& path, std::string_view text);

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/disk/atomic_file.ipp>
#endif
