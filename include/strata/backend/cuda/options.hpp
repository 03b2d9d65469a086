// SPDX-License-Identifier: MIT
// How a GPU is opened.
#pragma once

#include <strata/core/config.hpp>

#include <cstdint>
#include <string>

namespace strata::inline STRATA_ABI::cuda {

struct options {
    int device = 0;              // as CUDA numbers the visible devices
    bool capture = true;         // false: each step is enqueued operation by operation, for debuggers and profilers
    bool deterministic = false;  // only engines that give the same bits at each run
    std::int64_t workspace_limit = std::int64_t{1} << 30;  // bytes that one operation may ask for; engines that need more are not chosen
    // Bytes of a data set that may lie on the device as a whole; larger ones pass through it. Negative: three quarters of what is free.
    std::int64_t resident_limit = -1;
    std::int64_t passing_bytes = std::int64_t{32} << 20;  // of the device, for the rows that pass through it
    std::string reason{};  // why this device, as device::reason() says; empty: "the program opens NVIDIA device 0 by number"
};

}  // namespace strata::inline STRATA_ABI::cuda
