// SPDX-License-Identifier: MIT
// Sums of float arrays in stages of a fixed shape: the same bits at any thread count. Each index of sum_stage adds one block of
// values, in order, into a double; total() adds the partial sums, in order.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>

#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

struct sum_stage {
    const float* src;    // (count)
    std::int64_t count;
    double* partial;     // (blocks(count))

    static constexpr std::int64_t block = 256;
    static constexpr std::int64_t blocks(std::int64_t count) { return (count + block - 1) / block; }

    STRATA_HOST_DEVICE void operator()(std::size_t b) const {
        const std::int64_t first = static_cast<std::int64_t>(b) * block;
        const std::int64_t last = first + block < count ? first + block : count;
        double sum = 0;
        for (std::int64_t i = first; i < last; ++i) sum += static_cast<double>(src[i]);
        partial[b] = sum;
    }

    STRATA_HOST_DEVICE static constexpr double total(const double* partial, std::int64_t blocks) {
        double sum = 0;
        for (std::int64_t b = 0; b < blocks; ++b) sum += partial[b];
        return sum;
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
