// SPDX-License-Identifier: MIT
// Makes oneDNN's primitives: one function per operation and direction, the same for 2.6 and 3.x.
#pragma once

#include <strata/backend/cpu/onednn.hpp>
#include <strata/core/config.hpp>
#include <strata/network/program.hpp>

#include <oneapi/dnnl/dnnl.h>

namespace strata::inline STRATA_ABI::cpu::onednn {

// How a window lies over a picture, in oneDNN's terms.
struct window_dims {
    dnnl_dims_t kernel{}, strides{}, dilates{}, before{}, after{};
};
window_dims window_of(const extent& rows, const extent& columns);

enum class pass : unsigned char { training, inference };
enum class pooling : unsigned char { max, average };

// Makes primitive descriptors on one engine. Descriptors with layout::any are chosen by oneDNN. Each throws onednn_error.
class maker {
public:
    explicit maker(const engine& on) : engine_(on.get()) {}

    // slope below 0: no activation; else max(x, slope * x) is applied to the result.
    primitive_desc convolution_forward(pass, const memory_desc& src, const memory_desc& weights, const memory_desc& bias,
                                       const memory_desc& dst, const window_dims&, float slope) const;
    primitive_desc convolution_backward_data(const memory_desc& diff_src, const memory_desc& weights, const memory_desc& diff_dst,
                                             const window_dims&, const primitive_desc& forward) const;
    primitive_desc convolution_backward_weights(const memory_desc& src, const memory_desc& diff_weights, const memory_desc& diff_bias,
                                                const memory_desc& diff_dst, const window_dims&, const primitive_desc& forward) const;
    primitive_desc dense_forward(pass, const memory_desc& src, const memory_desc& weights, const memory_desc& bias, const memory_desc& dst,
                                 float slope) const;
    primitive_desc dense_backward_data(const memory_desc& diff_src, const memory_desc& weights, const memory_desc& diff_dst,
                                       const primitive_desc& forward) const;
    primitive_desc dense_backward_weights(const memory_desc& src, const memory_desc& diff_weights, const memory_desc& diff_bias,
                                          const memory_desc& diff_dst, const primitive_desc& forward) const;
    primitive_desc pool_forward(pass, pooling, const memory_desc& src, const memory_desc& dst, const window_dims&) const;
    primitive_desc pool_backward(pooling, const memory_desc& diff_src, const memory_desc& diff_dst, const window_dims&,
                                 const primitive_desc& forward) const;
    // max(x, slope * x); backward reads what forward wrote.
    primitive_desc rectifier_forward(pass, const memory_desc& data, float slope) const;
    primitive_desc rectifier_backward(const memory_desc& diff, const memory_desc& dst, float slope, const primitive_desc& forward) const;
    primitive_desc softmax_forward(pass, const memory_desc& data) const;  // over C
    primitive_desc softmax_backward(const memory_desc& diff, const memory_desc& dst, const primitive_desc& forward) const;
    primitive_desc sum(const memory_desc& a, const memory_desc& b, const memory_desc& dst) const;
    primitive_desc reorder(const memory_desc& src, const memory_desc& dst) const;

    memory make_memory(const memory_desc& desc, void* data) const;

private:
    dnnl_engine_t engine_;
};

}  // namespace strata::inline STRATA_ABI::cpu::onednn

#if !defined(STRATA_LINKED)
#include <strata/backend/cpu/onednn_maker.ipp>
#endif
