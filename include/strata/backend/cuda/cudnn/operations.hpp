// SPDX-License-Identifier: MIT
// A graph of cuDNN operations as a value: which operations, on which tensors. Nothing here calls cuDNN, needs a handle or a device;
// find_plan (engines.hpp) hands the graph over. An operation whose output is virtual is fused with the ones that read it:
//     operation_graph g;
//     g.convolution_forward(x, w, as_virtual(sum), window::square(3, 1, 1));
//     g.add(as_virtual(sum), bias, as_virtual(biased));
//     g.relu(as_virtual(biased), y);
// Every verb throws invalid_input with a sentence where shapes disagree. All computing is in f32.
#pragma once

#include <strata/core/config.hpp>
#include <strata/backend/cuda/cudnn/tensor.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI {
namespace cudnn {

// Rows first, then columns.
struct window {
    std::array<std::int64_t, 2> kernel{1, 1}, stride{1, 1}, before{0, 0}, after{0, 0}, dilation{1, 1};  // dilation: convolutions only

    static constexpr window square(std::int64_t kernel, std::int64_t stride = 1, std::int64_t padding = 0) {
        return {{kernel, kernel}, {stride, stride}, {padding, padding}, {padding, padding}};
    }
    // Rows (axis 0) or columns (axis 1) that `in` of them give.
    constexpr std::int64_t output(std::int64_t in, std::size_t axis) const {
        const std::int64_t reach = (kernel[axis] - 1) * dilation[axis] + 1, room = in + before[axis] + after[axis] - reach;
        return room < 0 || stride[axis] < 1 ? 0 : room / stride[axis] + 1;
    }
    bool operator==(const window&) const = default;
};

enum class operation_kind : unsigned char {
    convolution_forward,
    convolution_backward_data,
    convolution_backward_filter,
    max_pool_forward,
    max_pool_backward,
    average_pool_forward,
    average_pool_backward,
    batch_norm_training,
    batch_norm_backward,
    add,
    multiply,
    identity,
    relu,
    relu_backward,
    reduce_add
};
const char* name_of(operation_kind kind);

struct operation {
    struct argument {
        const char* role;  // "x", "w", "y" ...; a string literal
        std::int64_t id;
        bool is_output;
    };
    operation_kind kind{};
    std::vector<argument> arguments{};
    cudnn::window window{};
    float slope = 0;              // of a ReLU's negative side
    bool count_padding = false;   // by average pooling
};

class operation_graph {
public:
    // Weights w (K, R, S, C); x (N, H, W, C), y (N, H', W', K). The padding may differ before and after.
    void convolution_forward(const tensor& x, const tensor& w, const tensor& y, const cudnn::window& window);
    void convolution_backward_data(const tensor& dy, const tensor& w, const tensor& dx, const cudnn::window& window);
    void convolution_backward_filter(const tensor& x, const tensor& dy, const tensor& dw, const cudnn::window& window);

    // `index` (i8, shaped as y) says where in its window each maximum lay: in cuDNN's own code, for max_pool_backward alone.
    void max_pool_forward(const tensor& x, const tensor& y, const tensor* index, const cudnn::window& window);
    void max_pool_backward(const tensor& dy, const tensor& index, const tensor& dx, const cudnn::window& window);
    // count_padding: the divisor is the whole window; otherwise what of it lies inside x.
    void average_pool_forward(const tensor& x, const tensor& y, const cudnn::window& window, bool count_padding);
    void average_pool_backward(const tensor& dy, const tensor& dx, const cudnn::window& window, bool count_padding);

    // y = (x - mean) * inverse_deviation * scale + bias, with mean and inverse_deviation = 1 / sqrt(biased variance + epsilon) of
    // this batch as outputs. scale, bias, mean and inverse_deviation are per channel, f32.
    void batch_norm_training(const tensor& x, const tensor& scale, const tensor& bias, const tensor& y, const tensor& mean,
                             const tensor& inverse_deviation, double epsilon);
    void batch_norm_backward(const tensor& x, const tensor& dy, const tensor& scale, const tensor& mean, const tensor& inverse_deviation,
                             const tensor& dx, const tensor& dscale, const tensor& dbias);

    // b is shaped as a, or per channel, or a scalar.
    void add(const tensor& a, const tensor& b, const tensor& y);
    void multiply(const tensor& a, const tensor& b, const tensor& y);
    void identity(const tensor& x, const tensor& y);  // converts between types
    void relu(const tensor& x, const tensor& y, float slope = 0);
    // dx = dy where x > 0, slope * dy elsewhere. ReLU's output may stand for its input: they have the same sign (slope >= 0).
    void relu_backward(const tensor& dy, const tensor& x, const tensor& dx, float slope = 0);
    // Sums x over every axis along which y has one element. (cuDNN 9.19 has an attribute that demands a deterministic sum; its kernels do
    // not compile for any GPU, so none is set, and the filter on the notes of engines has the last word.)
    void reduce_add(const tensor& x, const tensor& y);

    // A number that is part of the graph: kept by the plan, never bound.
    tensor scalar(float value);

    std::span<const tensor> tensors() const { return tensors_; }
    std::span<const operation> operations() const { return operations_; }
    std::span<const float> scalars() const { return scalars_; }  // of ids scalar_ids, scalar_ids + 1, ...
    std::vector<tensor> bound() const;  // those that a variant pack must give, in order of appearance
    const tensor& at(std::int64_t id) const;
    // One line per operation: "convolution_forward x(128,32,32,3) f32, w(96,3,3,3) f32 -> y(128,32,32,96) f32 [3x3 stride 1 padding 1]".
    std::string describe() const;
    // Everything that makes two graphs different, for the plan cache: describe() with ids, strides, alignments and numbers.
    std::string key() const;

private:
    void append(operation what, std::span<const tensor> tensors);  // one tensor per argument

    std::vector<tensor> tensors_;  // each id once
    std::vector<operation> operations_;
    std::vector<float> scalars_;
};

}  // namespace cudnn
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/cudnn/operations.ipp>
#endif
