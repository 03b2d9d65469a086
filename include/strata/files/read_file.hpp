// SPDX-License-Identifier: MIT
// A whole file in memory, read once, with its size bounded.
#pragma once

#include <strata/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI {

// Throws invalid_input when the file is missing, not a file, may not be read or has more than `limit` bytes; io_error when reading
// fails on the way. The sentence names the path.
std::vector<std::byte> read_file(const std::string& path, std::int64_t limit = INT64_MAX);

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/files/read_file.ipp>
#endif
