// SPDX-License-Identifier: MIT
// The program: what a network computes, as a value. Operations read and write numbered tensors; variables are parameters
// (trained) or statistics (moving means and variances). Backends, summaries, files and tests read a program_view, never a type.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/shape.hpp>
#include <strata/network/refusal.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace strata::inline STRATA_ABI {

// A window along one axis, resolved against its input: padding is what is really added before and after.
struct extent {
    int kernel = 1, stride = 1, before = 0, after = 0;

    constexpr std::int64_t padded(int in) const { return std::int64_t{in} + before + after; }
    constexpr bool fits(int in) const { return padded(in) >= kernel; }
    constexpr int output(int in) const { return static_cast<int>((padded(in) - kernel) / stride) + 1; }
    bool operator==(const extent&) const = default;
};

enum class op_kind : unsigned char {
    convolution,
    dense,
    max_pool,
    avg_pool,
    batch_norm,
    relu,
    leaky_relu,
    dropout,
    reshape,
    add,
    softmax,
    custom
};

// A user's own operation: the program names it, a device is opened with the kernels for it (examples/custom_layer.cpp).
struct custom_operation {
    const char* name = "";
};

// What the user left open, resolved by the conventions.
inline constexpr float unset = -1.0f;

struct operation {
    op_kind kind{};
    int src[2]{-1, -1};
    int dst = -1;
    int weight = -1, bias = -1;              // parameters by number; batch norm: gamma and beta
    int mean = -1, variance = -1;            // statistics by number; batch norm
    extent rows{}, columns{};                // convolution and pooling
    float rate = 0;                          // dropout: probability of dropping; leaky_relu and a fused activation: negative slope
    float epsilon = unset, momentum = unset; // batch norm
    bool activated = false;                  // by fusion: max(x, rate * x) applied to what convolution or dense gives
    const custom_operation* custom = nullptr;
    int layer = 0;                           // the layer it came from
};

enum class initial_value : unsigned char { weights, bias, zeros, ones };

// A parameter or a statistic, with its logical layout: convolution weights (K, R, S, C), dense weights (out, in), others (C).
struct variable {
    const char* role = "";  // "weight", "bias", "gamma", "beta", "moving_mean", "moving_variance"
    int layer = 0;
    int rank = 1;
    int dims[4]{1, 1, 1, 1};
    initial_value initial = initial_value::zeros;
    int fan_in = 1, fan_out = 1;  // for the initialisation

    constexpr std::int64_t size() const { return std::int64_t{dims[0]} * dims[1] * dims[2] * dims[3]; }
};

// A layer as the user wrote it. Its name in files: the given name, or its kind and a number as in Keras (see layer_name).
struct layer_record {
    const char* kind = "";
    const char* name = "";
    int dst = -1;  // its last tensor
};

struct program_view {
    std::span<const operation> operations;
    std::span<const shape> tensors;  // tensor 0 is the input
    std::span<const variable> parameters;
    std::span<const variable> statistics;
    std::span<const layer_record> layers;
    int output = 0;
    misfit refused{};  // a program with a refusal is not run: program::check()

    constexpr shape input_shape() const { return tensors[0]; }
    constexpr shape output_shape() const { return tensors[static_cast<std::size_t>(output)]; }
    constexpr shape shape_of(int tensor) const { return tensors[static_cast<std::size_t>(tensor)]; }
    constexpr int readers_of(int tensor) const {
        int count = tensor == output ? 1 : 0;
        for (const operation& op : operations) count += (op.src[0] == tensor) + (op.src[1] == tensor);
        return count;
    }
    constexpr std::int64_t parameter_count() const {
        std::int64_t sum = 0;
        for (const variable& p : parameters) sum += p.size();
        return sum;
    }
};

}  // namespace strata::inline STRATA_ABI
