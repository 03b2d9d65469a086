// SPDX-License-Identifier: MIT
// How the CPU is opened: threads, a user's own kernels, and which algorithm computes which convolution.
#pragma once

#include <strata/backend/cpu/convolution_choice.hpp>
#include <strata/core/config.hpp>
#include <strata/core/shape.hpp>
#include <strata/network/program.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI::cpu {

// A user's kernels for a custom_operation. All arrays are f32 in canonical layout.
struct custom_forward {
    std::int64_t batch = 0;
    shape in{}, out{};
    float attribute = 0;
    std::span<const float> src;     // (batch, in)
    std::span<const float> weight;  // the parameter, or empty
    std::span<float> dst;           // (batch, out)
};
struct custom_backward {
    std::int64_t batch = 0;
    shape in{}, out{};
    float attribute = 0;
    std::span<const float> src, dst, weight;
    std::span<const float> grad_dst;  // (batch, out)
    std::span<float> grad_src;        // (batch, in), to be written; empty when nobody needs it
    std::span<float> grad_weight;     // to be written; empty without a parameter
};
struct custom_kernels {
    const custom_operation* operation = nullptr;
    void (*forward)(const custom_forward&) = nullptr;
    void (*backward)(const custom_backward&) = nullptr;  // may be null where nobody trains
};

struct options {
    int threads = 0;  // 0: as many as OpenMP gives
    std::vector<custom_kernels> kernels{};
    convolution_choices convolutions{};  // the table that strata ships, unless tuned
    std::string reason{};  // why this device, as device::reason() says; empty: "the program opens the CPU by name"
};

}  // namespace strata::inline STRATA_ABI::cpu
