// SPDX-License-Identifier: MIT
// How a GPU is opened, and a user's own kernels.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/dtype.hpp>
#include <strata/core/shape.hpp>
#include <strata/network/program.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI::cuda {

// A user's kernels for a custom_operation. They enqueue their work into the stream (a cudaStream_t) and neither wait nor allocate: a
// step is captured. All arrays are on the device, in canonical layout; activations are f32 or bf16, weights and their gradients f32.
struct custom_forward {
    void* stream = nullptr;
    std::int64_t batch = 0;
    shape in{}, out{};
    float attribute = 0;
    dtype type = dtype::f32;        // of src and dst
    const void* src = nullptr;      // (batch, in)
    const float* weight = nullptr;  // the parameter, or null
    void* dst = nullptr;            // (batch, out)
};
struct custom_backward {
    void* stream = nullptr;
    std::int64_t batch = 0;
    shape in{}, out{};
    float attribute = 0;
    dtype type = dtype::f32;  // of all but the weight and its gradient
    const void *src = nullptr, *dst = nullptr;
    const float* weight = nullptr;
    const void* grad_dst = nullptr;  // (batch, out)
    void* grad_src = nullptr;        // (batch, in), to be written; null when nobody needs it
    float* grad_weight = nullptr;    // to be written; null without a parameter
};
struct custom_kernels {
    const custom_operation* operation = nullptr;
    void (*forward)(const custom_forward&) = nullptr;
    void (*backward)(const custom_backward&) = nullptr;  // may be null where nobody trains
};

inline constexpr int steps_in_flight = 8;  // that may be enqueued and not yet reported

struct options {
    int device = 0;              // as CUDA numbers the visible devices
    // false: each step is enqueued operation by operation, for debuggers and profilers; one that CUDA refuses in the middle of its updates
    // may then have changed parameters.
    bool capture = true;
    bool deterministic = false;  // only engines that give the same bits at each run
    std::int64_t workspace_limit = std::int64_t{1} << 30;  // bytes that one operation may ask for; engines that need more are not chosen
    std::string plan_cache{};  // a folder where chosen engines are kept for the next run (cudnn/plan_cache.hpp); empty: nowhere
    std::string tuned_plans{};  // a file of engines that were timed on this kind of GPU (tuned_plans.hpp; script/verify-gpu writes it)
    // Bytes of a data set that may lie on the device as a whole; larger ones pass through it. Negative: three quarters of what is free.
    std::int64_t resident_limit = -1;
    std::int64_t passing_bytes = std::int64_t{32} << 20;  // of the device, for the rows that pass through it
    std::vector<custom_kernels> kernels{};
    std::string reason{};  // why this device, as device::reason() says; empty: "the program opens NVIDIA device 0 by number"
};

}  // namespace strata::inline STRATA_ABI::cuda
