// SPDX-License-Identifier: MIT
// A whole file in memory, read once, with its size bounded; or a file that is read piece by piece, its size known before.
#pragma once

#include <strata/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI {

// Throws invalid_input when the file is missing, not a file or may not be read, or has more than `limit` bytes; io_error when reading
// fails on the way. The sentence names the path.
class input_file {
public:
    explicit input_file(const std::string& path, std::int64_t limit = INT64_MAX);
    ~input_file();
    input_file(const input_file&) = delete;
    input_file& operator=(const input_file&) = delete;

    std::int64_t size() const { return size_; }  // in bytes, when it was opened
    void read(std::span<std::byte> next);        // fills all of `next`

private:
    std::string path_;
    int descriptor_ = -1;
    std::int64_t size_ = 0;
};

// Throw as input_file does.
std::vector<std::byte> read_file(const std::string& path, std::int64_t limit = INT64_MAX);
std::string read_text(const std::string& path, std::int64_t limit = INT64_MAX);

// What cannot be looked at exists: opening it says why not.
bool file_exists(const std::string& path);

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/disk/read_file.ipp>
#endif
