// SPDX-License-Identifier: MIT
// What one operation costs per picture: multiply-adds, and bytes read and written in f32.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/program.hpp>

#include <cstdint>

namespace strata::inline STRATA_ABI {

constexpr std::int64_t multiply_adds(const program_view& program, const operation& op) {
    const std::int64_t outputs = program.shape_of(op.dst).size();
    switch (op.kind) {
        case op_kind::convolution: return outputs * op.rows.kernel * op.columns.kernel * program.shape_of(op.src[0]).channels;
        case op_kind::dense: return outputs * program.shape_of(op.src[0]).size();
        default: return 0;
    }
}

// Activations read and written by one forward pass; parameters once per batch come on top.
constexpr std::int64_t bytes_moved(const program_view& program, const operation& op) {
    if (op.kind == op_kind::reshape) return 0;
    std::int64_t values = program.shape_of(op.dst).size();
    for (const int src : op.src) {
        if (src >= 0) values += program.shape_of(src).size();
    }
    return values * 4;
}

}  // namespace strata::inline STRATA_ABI
