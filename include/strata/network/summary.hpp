// SPDX-License-Identifier: MIT
// A table of the network as the user wrote it: per layer its output shape, parameters, multiply-adds and bytes; and the totals.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/program.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI {

struct layer_summary {
    std::string name, kind;
    shape output{};
    std::int64_t parameters = 0;     // trained values
    std::int64_t statistics = 0;     // moving means and variances
    std::int64_t multiply_adds = 0;  // per picture, forward
    std::int64_t bytes = 0;          // activations read and written per picture, forward, f32
};

struct network_summary {
    shape input{};
    std::vector<layer_summary> layers;
    std::int64_t parameters = 0, statistics = 0, multiply_adds = 0, bytes = 0;

    std::string text() const;  // the table, lines ending in '\n'
};

network_summary summary(const program_view& program);

namespace summary_detail {
std::string grouped(std::int64_t value);  // 6607946 -> "6,607,946"
}  // namespace summary_detail

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/network/summary.ipp>
#endif
