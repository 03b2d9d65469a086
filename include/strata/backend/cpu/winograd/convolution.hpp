// SPDX-License-Identifier: MIT
// A convolution of stride 1 by Winograd's F(m x m, r x r): forward, backward by data (the same, with the filters turned and data and
// gradient in each other's place) and backward by weights (the exact adjoint: dW = G^T [sum over tiles (B^T d B) (x) (A dY A^T)] G).
//
// Tiles go through memory in groups and filters in blocks, so that what is transformed stays in the caches and the scratch does not
// grow with the batch:   for each group: V; for each block: U, products = V * U per product f, output.
// For inference U may be there already, of all filters.
// Each value is computed by one index in a fixed order: the same bits at any number of threads.
#pragma once

#include <strata/backend/cpu/winograd/transforms.hpp>
#include <strata/core/config.hpp>

#include <cstdint>

namespace strata::inline STRATA_ABI::cpu::winograd {

// The convolution as its forward pass sees it.
struct problem {
    std::int64_t batch = 1;
    int height = 1, width = 1, channels = 1;  // of src
    int filters = 1, kernel = 3, tile = 4;
    int top = 0, left = 0;                    // padding before
    int out_height = 1, out_width = 1;
};

// dst = src * weights + bias, rectified; or grad_src = grad_dst * turned weights.
class data_pass {
public:
    static data_pass forward(const problem& p) { return data_pass(p, kind::forward); }
    static data_pass backward(const problem& p) { return data_pass(p, kind::backward); }
    // Forward with weights that transform_weights has written before.
    static data_pass inference(const problem& p) { return data_pass(p, kind::inference); }

    std::int64_t scratch_bytes() const { return (v_floats_ + (keeps_weights() ? 0 : u_floats_) + products_floats_) * 4; }
    // src (N, H, W, C) or, backward, the gradient (N, OH, OW, K); weights (K, R, S, C), or for inference what transform_weights wrote;
    // slope below 0: no rectifier.
    void run(const float* src, const float* weights, const float* bias, float slope, float* dst, float* scratch) const;

    // For inference: all filters, transformed.
    std::int64_t transformed_bytes() const { return u_floats_ * 4; }
    void transform_weights(const float* weights, float* to) const { transform_block(weights, 0, panels_, to); }

private:
    enum class kind : unsigned char { forward, backward, inference };

    data_pass(const problem& p, kind which);
    bool keeps_weights() const { return kind_ == kind::inference; }
    std::int64_t depth_panels() const;
    // U of the panels [begin, begin + count) of outputs.
    void transform_block(const float* weights, std::int64_t begin, std::int64_t count, float* to) const;

    const transforms* transforms_;
    tiling from_, to_;
    std::int64_t tiles_, group_;       // in all; at a time, a multiple of eight
    std::int64_t depth_, outputs_;     // channels that are read, channels that are written
    std::int64_t panels_, block_;      // of outputs in all; at a time
    std::int64_t v_floats_, u_floats_, products_floats_;
    kind kind_;
};

// grad_weights (K, R, S, C) and, if wanted, grad_bias (K).
class weights_pass {
public:
    explicit weights_pass(const problem& p);

    std::int64_t scratch_bytes() const { return (v_floats_ + gradient_floats_ + sums_floats_ + bias_floats_) * 4; }
    void run(const float* src, const float* grad_dst, float* grad_weights, float* grad_bias, float* scratch) const;

private:
    const transforms* transforms_;
    tiling src_, dst_;
    std::int64_t tiles_, group_;
    std::int64_t channel_panels_, filter_panels_, block_;
    std::int64_t v_floats_, gradient_floats_, sums_floats_, bias_floats_;
};

}  // namespace strata::inline STRATA_ABI::cpu::winograd

#if !defined(STRATA_LINKED)
#include <strata/backend/cpu/winograd/convolution.ipp>
#endif
