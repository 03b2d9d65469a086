// SPDX-License-Identifier: MIT
// Tensors as cuDNN's graphs name them: a number, a type, dimensions in cuDNN's order and strides that say how memory lies.
// Activations are (N, C, H, W) to cuDNN and lie as (N, H, W, C); convolution weights are (K, C, R, S) and lie as (K, R, S, C).
#pragma once

#include <strata/core/config.hpp>

#include <cudnn_graph.h>

#include <array>
#include <cstdint>
#include <string>

namespace strata::inline STRATA_ABI {
namespace cudnn {

enum class data_type : int {
    f32 = CUDNN_DATA_FLOAT,
    f64 = CUDNN_DATA_DOUBLE,
    f16 = CUDNN_DATA_HALF,
    bf16 = CUDNN_DATA_BFLOAT16,
    i8 = CUDNN_DATA_INT8,
    u8 = CUDNN_DATA_UINT8,
    i32 = CUDNN_DATA_INT32,
    i64 = CUDNN_DATA_INT64,
    boolean = CUDNN_DATA_BOOLEAN
};
const char* name_of(data_type type);  // "f32"
constexpr std::int64_t bytes_of(data_type type) {
    switch (type) {
        case data_type::f64:
        case data_type::i64: return 8;
        case data_type::f32:
        case data_type::i32: return 4;
        case data_type::f16:
        case data_type::bf16: return 2;
        case data_type::i8:
        case data_type::u8:
        case data_type::boolean: break;
    }
    return 1;
}

// Where a variant pack finds the data is a matter of execution; until then `id` stands for it. Ids are the caller's, >= 0 and unlike
// within a graph; an id from `scalar_ids` on belongs to the graph's own constants.
struct tensor {
    std::int64_t id = 0;
    data_type type = data_type::f32;
    std::array<std::int64_t, 4> dims{1, 1, 1, 1};     // N, C, H, W; of a filter K, C, R, S
    std::array<std::int64_t, 4> strides{1, 1, 1, 1};  // in elements
    bool is_virtual = false;                          // lives inside the graph only: never in memory
    bool is_scalar = false;                           // a number given by value: see operation_graph::scalar
    std::int64_t alignment = 16;                      // bytes; what the data's address is a multiple of

    constexpr std::int64_t elements() const { return dims[0] * dims[1] * dims[2] * dims[3]; }
    constexpr std::int64_t bytes() const {  // from the first element to the last
        std::int64_t last = 0;
        for (std::size_t i = 0; i < dims.size(); ++i) last += (dims[i] - 1) * strides[i];
        return (last + 1) * bytes_of(type);
    }
    bool operator==(const tensor&) const = default;
};
inline constexpr std::int64_t scalar_ids = std::int64_t{1} << 40;

// (n, h, w, c) in memory.
constexpr tensor channels_last(std::int64_t id, data_type type, std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c) {
    return {.id = id, .type = type, .dims = {n, c, h, w}, .strides = {h * w * c, 1, w * c, c}};
}
// Weights of a convolution, (k, r, s, c) in memory: k filters of r rows, s columns and c channels.
constexpr tensor filter(std::int64_t id, data_type type, std::int64_t k, std::int64_t r, std::int64_t s, std::int64_t c) {
    return channels_last(id, type, k, r, s, c);
}
// One number per channel: bias, scale, mean. (c) in memory.
constexpr tensor per_channel(std::int64_t id, data_type type, std::int64_t c) { return channels_last(id, type, 1, 1, 1, c); }
constexpr tensor as_virtual(tensor t) {
    t.is_virtual = true;
    return t;
}
constexpr tensor with_type(tensor t, data_type type) {
    t.type = type;
    return t;
}

std::string describe(const tensor& t);  // in memory's order: "(128,32,32,3) f32"

}  // namespace cudnn
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/cudnn/tensor.ipp>
#endif
