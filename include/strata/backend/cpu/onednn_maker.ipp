// SPDX-License-Identifier: MIT
// oneDNN's calls that make primitives, both versions side by side in each function: in version 2 a call fills a struct `d` and the
// descriptor follows from it; in version 3 one call makes the descriptor.
#pragma once

#include <strata/backend/cpu/onednn_maker.hpp>

#include <array>
#include <cstddef>

namespace strata::inline STRATA_ABI::cpu::onednn {

STRATA_INLINE window_dims window_of(const extent& rows, const extent& columns) {
    window_dims w;
    const std::array<const extent*, 2> axes{&rows, &columns};
    for (std::size_t i = 0; i < 2; ++i) {
        w.kernel[i] = axes[i]->kernel;
        w.strides[i] = axes[i]->stride;
        w.before[i] = axes[i]->before;
        w.after[i] = axes[i]->after;
    }
    return w;
}

namespace detail {

// Attributes of every primitive: the scratchpad is ours; and an optional rectifier on the result.
STRATA_INLINE owned<dnnl_primitive_attr_t, dnnl_primitive_attr_destroy> attributes(float slope = -1.0f) {
    dnnl_primitive_attr_t handle = nullptr;
    check(dnnl_primitive_attr_create(&handle), "dnnl_primitive_attr_create");
    owned<dnnl_primitive_attr_t, dnnl_primitive_attr_destroy> attr(handle);
    check(dnnl_primitive_attr_set_scratchpad_mode(handle, dnnl_scratchpad_mode_user), "dnnl_primitive_attr_set_scratchpad_mode");
    if (slope >= 0) {
        dnnl_post_ops_t ops = nullptr;
        check(dnnl_post_ops_create(&ops), "dnnl_post_ops_create");
        const owned<dnnl_post_ops_t, dnnl_post_ops_destroy> guard(ops);
#if DNNL_VERSION_MAJOR >= 3
        check(dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, slope, 0), "dnnl_post_ops_append_eltwise");
#else
        check(dnnl_post_ops_append_eltwise(ops, 1.0f, dnnl_eltwise_relu, slope, 0), "dnnl_post_ops_append_eltwise");
#endif
        check(dnnl_primitive_attr_set_post_ops(handle, ops), "dnnl_primitive_attr_set_post_ops");
    }
    return attr;
}

STRATA_INLINE dnnl_prop_kind_t prop_of(pass p) { return p == pass::training ? dnnl_forward_training : dnnl_forward_inference; }
STRATA_INLINE dnnl_alg_kind_t alg_of(pooling p) { return p == pooling::max ? dnnl_pooling_max : dnnl_pooling_avg_exclude_padding; }

#if DNNL_VERSION_MAJOR < 3
template <typename Desc>
primitive_desc make_v2(const Desc& desc, dnnl_engine_t engine, const char* call, const primitive_desc* hint, float slope = -1.0f) {
    dnnl_primitive_desc_t handle = nullptr;
    check(dnnl_primitive_desc_create(&handle, &desc, attributes(slope).get(), engine, hint == nullptr ? nullptr : hint->get()), call);
    return primitive_desc(handle);
}
#endif

}  // namespace detail

STRATA_INLINE primitive_desc maker::convolution_forward(pass p, const memory_desc& src, const memory_desc& weights, const memory_desc& bias,
                                                        const memory_desc& dst, const window_dims& w, float slope) const {
    constexpr const char* call = "convolution forward";
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t handle = nullptr;
    check(dnnl_convolution_forward_primitive_desc_create(&handle, engine_, detail::prop_of(p), dnnl_convolution_direct, src.get(),
                                                         weights.get(), bias.get(), dst.get(), w.strides, w.dilates, w.before, w.after,
                                                         detail::attributes(slope).get()),
          call);
    return primitive_desc(handle);
#else
    dnnl_convolution_desc_t d;
    check(dnnl_convolution_forward_desc_init(&d, detail::prop_of(p), dnnl_convolution_direct, src.get(), weights.get(), bias.get(),
                                             dst.get(), w.strides, w.before, w.after),
          call);
    return detail::make_v2(d, engine_, call, nullptr, slope);
#endif
}

STRATA_INLINE primitive_desc maker::convolution_backward_data(const memory_desc& diff_src, const memory_desc& weights,
                                                              const memory_desc& diff_dst, const window_dims& w,
                                                              const primitive_desc& forward) const {
    constexpr const char* call = "convolution backward by data";
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t handle = nullptr;
    check(dnnl_convolution_backward_data_primitive_desc_create(&handle, engine_, dnnl_convolution_direct, diff_src.get(), weights.get(),
                                                               diff_dst.get(), w.strides, w.dilates, w.before, w.after, forward.get(),
                                                               detail::attributes().get()),
          call);
    return primitive_desc(handle);
#else
    dnnl_convolution_desc_t d;
    check(dnnl_convolution_backward_data_desc_init(&d, dnnl_convolution_direct, diff_src.get(), weights.get(), diff_dst.get(), w.strides,
                                                   w.before, w.after),
          call);
    return detail::make_v2(d, engine_, call, &forward);
#endif
}

STRATA_INLINE primitive_desc maker::convolution_backward_weights(const memory_desc& src, const memory_desc& diff_weights,
                                                                 const memory_desc& diff_bias, const memory_desc& diff_dst,
                                                                 const window_dims& w, const primitive_desc& forward) const {
    constexpr const char* call = "convolution backward by weights";
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t handle = nullptr;
    check(dnnl_convolution_backward_weights_primitive_desc_create(&handle, engine_, dnnl_convolution_direct, src.get(), diff_weights.get(),
                                                                  diff_bias.get(), diff_dst.get(), w.strides, w.dilates, w.before, w.after,
                                                                  forward.get(), detail::attributes().get()),
          call);
    return primitive_desc(handle);
#else
    dnnl_convolution_desc_t d;
    check(dnnl_convolution_backward_weights_desc_init(&d, dnnl_convolution_direct, src.get(), diff_weights.get(), diff_bias.get(),
                                                      diff_dst.get(), w.strides, w.before, w.after),
          call);
    return detail::make_v2(d, engine_, call, &forward);
#endif
}

STRATA_INLINE primitive_desc maker::dense_forward(pass p, const memory_desc& src, const memory_desc& weights, const memory_desc& bias,
                                                  const memory_desc& dst, float slope) const {
    constexpr const char* call = "dense forward";
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t handle = nullptr;
    check(dnnl_inner_product_forward_primitive_desc_create(&handle, engine_, detail::prop_of(p), src.get(), weights.get(), bias.get(),
                                                           dst.get(), detail::attributes(slope).get()),
          call);
    return primitive_desc(handle);
#else
    dnnl_inner_product_desc_t d;
    check(dnnl_inner_product_forward_desc_init(&d, detail::prop_of(p), src.get(), weights.get(), bias.get(), dst.get()), call);
    return detail::make_v2(d, engine_, call, nullptr, slope);
#endif
}

STRATA_INLINE primitive_desc maker::dense_backward_data(const memory_desc& diff_src, const memory_desc& weights,
                                                        const memory_desc& diff_dst, const primitive_desc& forward) const {
    constexpr const char* call = "dense backward by data";
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t handle = nullptr;
    check(dnnl_inner_product_backward_data_primitive_desc_create(&handle, engine_, diff_src.get(), weights.get(), diff_dst.get(),
                                                                 forward.get(), detail::attributes().get()),
          call);
    return primitive_desc(handle);
#else
    dnnl_inner_product_desc_t d;
    check(dnnl_inner_product_backward_data_desc_init(&d, diff_src.get(), weights.get(), diff_dst.get()), call);
    return detail::make_v2(d, engine_, call, &forward);
#endif
}

STRATA_INLINE primitive_desc maker::dense_backward_weights(const memory_desc& src, const memory_desc& diff_weights,
                                                           const memory_desc& diff_bias, const memory_desc& diff_dst,
                                                           const primitive_desc& forward) const {
    constexpr const char* call = "dense backward by weights";
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t handle = nullptr;
    check(dnnl_inner_product_backward_weights_primitive_desc_create(&handle, engine_, src.get(), diff_weights.get(), diff_bias.get(),
                                                                    diff_dst.get(), forward.get(), detail::attributes().get()),
          call);
    return primitive_desc(handle);
#else
    dnnl_inner_product_desc_t d;
    check(dnnl_inner_product_backward_weights_desc_init(&d, src.get(), diff_weights.get(), diff_bias.get(), diff_dst.get()), call);
    return detail::make_v2(d, engine_, call, &forward);
#endif
}

STRATA_INLINE primitive_desc maker::pool_forward(pass p, pooling how, const memory_desc& src, const memory_desc& dst,
                                                 const window_dims& w) const {
    constexpr const char* call = "pooling forward";
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t handle = nullptr;
    check(dnnl_pooling_forward_primitive_desc_create(&handle, engine_, detail::prop_of(p), detail::alg_of(how), src.get(), dst.get(),
                                                     w.strides, w.kernel, w.dilates, w.before, w.after, detail::attributes().get()),
          call);
    return primitive_desc(handle);
#else
    dnnl_pooling_desc_t d;
    check(dnnl_pooling_forward_desc_init(&d, detail::prop_of(p), detail::alg_of(how), src.get(), dst.get(), w.strides, w.kernel, w.before,
                                         w.after),
          call);
    return detail::make_v2(d, engine_, call, nullptr);
#endif
}

STRATA_INLINE primitive_desc maker::pool_backward(pooling how, const memory_desc& diff_src, const memory_desc& diff_dst,
                                                  const window_dims& w, const primitive_desc& forward) const {
    constexpr const char* call = "pooling backward";
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t handle = nullptr;
    check(dnnl_pooling_backward_primitive_desc_create(&handle, engine_, detail::alg_of(how), diff_src.get(), diff_dst.get(), w.strides,
                                                      w.kernel, w.dilates, w.before, w.after, forward.get(), detail::attributes().get()),
          call);
    return primitive_desc(handle);
#else
    dnnl_pooling_desc_t d;
    check(dnnl_pooling_backward_desc_init(&d, detail::alg_of(how), diff_src.get(), diff_dst.get(), w.strides, w.kernel, w.before, w.after),
          call);
    return detail::make_v2(d, engine_, call, &forward);
#endif
}

STRATA_INLINE primitive_desc maker::rectifier_forward(pass p, const memory_desc& data, float slope) const {
    constexpr const char* call = "rectifier forward";
    const auto kind = p == pass::training ? dnnl_eltwise_relu_use_dst_for_bwd : dnnl_eltwise_relu;
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t handle = nullptr;
    check(dnnl_eltwise_forward_primitive_desc_create(&handle, engine_, detail::prop_of(p), kind, data.get(), data.get(), slope, 0,
                                                     detail::attributes().get()),
          call);
    return primitive_desc(handle);
#else
    dnnl_eltwise_desc_t d;
    check(dnnl_eltwise_forward_desc_init(&d, detail::prop_of(p), kind, data.get(), slope, 0), call);
    return detail::make_v2(d, engine_, call, nullptr);
#endif
}

STRATA_INLINE primitive_desc maker::rectifier_backward(const memory_desc& diff, const memory_desc& dst, float slope,
                                                       const primitive_desc& forward) const {
    constexpr const char* call = "rectifier backward";
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t handle = nullptr;
    check(dnnl_eltwise_backward_primitive_desc_create(&handle, engine_, dnnl_eltwise_relu_use_dst_for_bwd, diff.get(), diff.get(),
                                                      dst.get(), slope, 0, forward.get(), detail::attributes().get()),
          call);
    return primitive_desc(handle);
#else
    dnnl_eltwise_desc_t d;
    check(dnnl_eltwise_backward_desc_init(&d, dnnl_eltwise_relu_use_dst_for_bwd, diff.get(), dst.get(), slope, 0), call);
    return detail::make_v2(d, engine_, call, &forward);
#endif
}

STRATA_INLINE primitive_desc maker::softmax_forward(pass p, const memory_desc& data) const {
    constexpr const char* call = "softmax forward";
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t handle = nullptr;
    check(dnnl_softmax_forward_primitive_desc_create(&handle, engine_, detail::prop_of(p), dnnl_softmax_accurate, data.get(), data.get(), 1,
                                                     detail::attributes().get()),
          call);
    return primitive_desc(handle);
#else
    dnnl_softmax_desc_t d;
    check(dnnl_softmax_forward_desc_init(&d, detail::prop_of(p), data.get(), 1), call);
    return detail::make_v2(d, engine_, call, nullptr);
#endif
}

STRATA_INLINE primitive_desc maker::softmax_backward(const memory_desc& diff, const memory_desc& dst, const primitive_desc& forward) const {
    constexpr const char* call = "softmax backward";
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t handle = nullptr;
    check(dnnl_softmax_backward_primitive_desc_create(&handle, engine_, dnnl_softmax_accurate, diff.get(), diff.get(), dst.get(), 1,
                                                      forward.get(), detail::attributes().get()),
          call);
    return primitive_desc(handle);
#else
    dnnl_softmax_desc_t d;
    check(dnnl_softmax_backward_desc_init(&d, diff.get(), dst.get(), 1), call);
    return detail::make_v2(d, engine_, call, &forward);
#endif
}

STRATA_INLINE primitive_desc maker::sum(const memory_desc& a, const memory_desc& b, const memory_desc& dst) const {
    constexpr const char* call = "sum of two tensors";
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t handle = nullptr;
    check(dnnl_binary_primitive_desc_create(&handle, engine_, dnnl_binary_add, a.get(), b.get(), dst.get(), detail::attributes().get()),
          call);
    return primitive_desc(handle);
#else
    dnnl_binary_desc_t d;
    check(dnnl_binary_desc_init(&d, dnnl_binary_add, a.get(), b.get(), dst.get()), call);
    return detail::make_v2(d, engine_, call, nullptr);
#endif
}

STRATA_INLINE primitive_desc maker::reorder(const memory_desc& src, const memory_desc& dst) const {
    dnnl_primitive_desc_t handle = nullptr;
    check(dnnl_reorder_primitive_desc_create(&handle, src.get(), engine_, dst.get(), engine_, detail::attributes().get()), "reorder");
    return primitive_desc(handle);
}

STRATA_INLINE memory maker::make_memory(const memory_desc& desc, void* data) const {
    dnnl_memory_t handle = nullptr;
    check(dnnl_memory_create(&handle, desc.get(), engine_, data), "dnnl_memory_create");
    return memory(handle);
}

}  // namespace strata::inline STRATA_ABI::cpu::onednn
