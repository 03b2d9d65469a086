// SPDX-License-Identifier: MIT
// One function per family of operations; each sets what cuDNN's documentation lists for it and finalizes.
#pragma once

#include <strata/backend/cuda/cudnn/graph_descriptors.hpp>

#include <array>
#include <string_view>

namespace strata::inline STRATA_ABI::cudnn {

STRATA_INLINE graph_descriptors::graph_descriptors(const operation_graph& graph) {
    tensors_.reserve(graph.tensors().size());
    for (const tensor& t : graph.tensors()) {
        auto& made = tensors_.emplace_back(t.id, tensor_descriptor{}).second;
        made.set<CUDNN_ATTR_TENSOR_DATA_TYPE>(static_cast<cudnnDataType_t>(t.type))
            .set<CUDNN_ATTR_TENSOR_DIMENSIONS>(t.dims)
            .set<CUDNN_ATTR_TENSOR_STRIDES>(t.strides)
            .set<CUDNN_ATTR_TENSOR_UNIQUE_ID>(t.id)
            .set<CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT>(t.alignment);
        if (t.is_virtual) made.set<CUDNN_ATTR_TENSOR_IS_VIRTUAL>(true);
        if (t.is_scalar) made.set<CUDNN_ATTR_TENSOR_IS_BY_VALUE>(true);
        made.finalize();
    }
    std::vector<cudnnBackendDescriptor_t> raw;
    for (const operation& o : graph.operations()) {
        operations_.push_back(make(o));
        raw.push_back(operations_.back().get());
    }
    graph_.set<CUDNN_ATTR_OPERATIONGRAPH_OPS>(raw).finalize();
}

STRATA_INLINE const graph_descriptors::tensor_descriptor& graph_descriptors::of(const operation& o, const char* role) const {
    for (const auto& argument : o.arguments) {
        if (std::string_view(argument.role) != role) continue;
        for (const auto& [id, made] : tensors_) {
            if (id == argument.id) return made;
        }
    }
    throw error(std::string("cuDNN graph: ") + name_of(o.kind) + " has no tensor " + role);
}

STRATA_INLINE any_descriptor graph_descriptors::make(const operation& o) {
    switch (o.kind) {
        case operation_kind::convolution_forward:
        case operation_kind::convolution_backward_data:
        case operation_kind::convolution_backward_filter: return convolution(o);
        case operation_kind::max_pool_forward:
        case operation_kind::max_pool_backward:
        case operation_kind::average_pool_forward:
        case operation_kind::average_pool_backward: return pooling(o);
        case operation_kind::batch_norm_training:
        case operation_kind::batch_norm_backward: return norm(o);
        case operation_kind::add:
        case operation_kind::multiply:
        case operation_kind::identity:
        case operation_kind::relu:
        case operation_kind::relu_backward: return pointwise(o);
        case operation_kind::reduce_add: break;
    }
    return reduction(o);
}

STRATA_INLINE any_descriptor graph_descriptors::convolution(const operation& o) {
    descriptor<CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR> how;
    how.set<CUDNN_ATTR_CONVOLUTION_COMP_TYPE>(CUDNN_DATA_FLOAT)
        .set<CUDNN_ATTR_CONVOLUTION_CONV_MODE>(CUDNN_CROSS_CORRELATION)
        .set<CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS>(std::int64_t{2})
        .set<CUDNN_ATTR_CONVOLUTION_DILATIONS>(o.window.dilation)
        .set<CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES>(o.window.stride)
        .set<CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS>(o.window.before)
        .set<CUDNN_ATTR_CONVOLUTION_POST_PADDINGS>(o.window.after)
        .finalize();
    const auto keep = [&](auto operation) {
        operation.finalize();
        parts_.push_back(std::move(how));
        return any_descriptor(std::move(operation));
    };
    if (o.kind == operation_kind::convolution_forward) {
        descriptor<CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR> forward;
        forward.set<CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC>(how)
            .set<CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA>(1.0f)
            .set<CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA>(0.0f)
            .set<CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X>(of(o, "x"))
            .set<CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W>(of(o, "w"))
            .set<CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y>(of(o, "y"));
        return keep(std::move(forward));
    }
    if (o.kind == operation_kind::convolution_backward_data) {
        descriptor<CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR> backward;
        backward.set<CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC>(how)
            .set<CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA>(1.0f)
            .set<CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA>(0.0f)
            .set<CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY>(of(o, "dy"))
            .set<CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W>(of(o, "w"))
            .set<CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX>(of(o, "dx"));
        return keep(std::move(backward));
    }
    descriptor<CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR> backward;
    backward.set<CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC>(how)
        .set<CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA>(1.0f)
        .set<CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA>(0.0f)
        .set<CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X>(of(o, "x"))
        .set<CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY>(of(o, "dy"))
        .set<CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW>(of(o, "dw"));
    return keep(std::move(backward));
}

STRATA_INLINE any_descriptor graph_descriptors::pooling(const operation& o) {
    const bool is_max = o.kind == operation_kind::max_pool_forward || o.kind == operation_kind::max_pool_backward;
    const auto whole = [](const std::array<std::int64_t, 2>& values) {
        return std::array<cudnnFraction_t, 2>{cudnnFraction_t{values[0], 1}, cudnnFraction_t{values[1], 1}};
    };
    descriptor<CUDNN_BACKEND_RESAMPLE_DESCRIPTOR> how;
    how.set<CUDNN_ATTR_RESAMPLE_MODE>(is_max            ? CUDNN_RESAMPLE_MAXPOOL
                                      : o.count_padding ? CUDNN_RESAMPLE_AVGPOOL_INCLUDE_PADDING
                                                        : CUDNN_RESAMPLE_AVGPOOL_EXCLUDE_PADDING)
        .set<CUDNN_ATTR_RESAMPLE_COMP_TYPE>(CUDNN_DATA_FLOAT)
        .set<CUDNN_ATTR_RESAMPLE_PADDING_MODE>(is_max ? CUDNN_NEG_INF_PAD : CUDNN_ZERO_PAD)
        .set<CUDNN_ATTR_RESAMPLE_SPATIAL_DIMS>(std::int64_t{2})
        .set<CUDNN_ATTR_RESAMPLE_WINDOW_DIMS>(whole(o.window.kernel))
        .set<CUDNN_ATTR_RESAMPLE_PRE_PADDINGS>(whole(o.window.before))
        .set<CUDNN_ATTR_RESAMPLE_POST_PADDINGS>(whole(o.window.after))
        .set<CUDNN_ATTR_RESAMPLE_STRIDES>(whole(o.window.stride))
        .finalize();
    const auto keep = [&](auto operation) {
        operation.finalize();
        parts_.push_back(std::move(how));
        return any_descriptor(std::move(operation));
    };
    if (o.kind == operation_kind::max_pool_forward || o.kind == operation_kind::average_pool_forward) {
        descriptor<CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR> forward;
        forward.set<CUDNN_ATTR_OPERATION_RESAMPLE_FWD_DESC>(how)
            .set<CUDNN_ATTR_OPERATION_RESAMPLE_FWD_ALPHA>(1.0)
            .set<CUDNN_ATTR_OPERATION_RESAMPLE_FWD_BETA>(0.0)
            .set<CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC>(of(o, "x"))
            .set<CUDNN_ATTR_OPERATION_RESAMPLE_FWD_YDESC>(of(o, "y"));
        if (o.arguments.size() == 3) forward.set<CUDNN_ATTR_OPERATION_RESAMPLE_FWD_IDXDESC>(of(o, "index"));
        return keep(std::move(forward));
    }
    descriptor<CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR> backward;
    backward.set<CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DESC>(how)
        .set<CUDNN_ATTR_OPERATION_RESAMPLE_BWD_ALPHA>(1.0)
        .set<CUDNN_ATTR_OPERATION_RESAMPLE_BWD_BETA>(0.0)
        .set<CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DYDESC>(of(o, "dy"))
        .set<CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DXDESC>(of(o, "dx"));
    if (is_max) backward.set<CUDNN_ATTR_OPERATION_RESAMPLE_BWD_IDXDESC>(of(o, "index"));
    return keep(std::move(backward));
}

STRATA_INLINE any_descriptor graph_descriptors::norm(const operation& o) {
    if (o.kind == operation_kind::batch_norm_training) {
        descriptor<CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR> forward;
        forward.set<CUDNN_ATTR_OPERATION_NORM_FWD_MODE>(CUDNN_BATCH_NORM)
            .set<CUDNN_ATTR_OPERATION_NORM_FWD_PHASE>(CUDNN_NORM_FWD_TRAINING)
            .set<CUDNN_ATTR_OPERATION_NORM_FWD_XDESC>(of(o, "x"))
            .set<CUDNN_ATTR_OPERATION_NORM_FWD_SCALE_DESC>(of(o, "scale"))
            .set<CUDNN_ATTR_OPERATION_NORM_FWD_BIAS_DESC>(of(o, "bias"))
            .set<CUDNN_ATTR_OPERATION_NORM_FWD_EPSILON_DESC>(of(o, "epsilon"))
            .set<CUDNN_ATTR_OPERATION_NORM_FWD_YDESC>(of(o, "y"))
            .set<CUDNN_ATTR_OPERATION_NORM_FWD_MEAN_DESC>(of(o, "mean"))
            .set<CUDNN_ATTR_OPERATION_NORM_FWD_INV_VARIANCE_DESC>(of(o, "inverse_deviation"));
        forward.finalize();
        return forward;
    }
    descriptor<CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR> backward;
    backward.set<CUDNN_ATTR_OPERATION_NORM_BWD_MODE>(CUDNN_BATCH_NORM)
        .set<CUDNN_ATTR_OPERATION_NORM_BWD_XDESC>(of(o, "x"))
        .set<CUDNN_ATTR_OPERATION_NORM_BWD_DYDESC>(of(o, "dy"))
        .set<CUDNN_ATTR_OPERATION_NORM_BWD_SCALE_DESC>(of(o, "scale"))
        .set<CUDNN_ATTR_OPERATION_NORM_BWD_MEAN_DESC>(of(o, "mean"))
        .set<CUDNN_ATTR_OPERATION_NORM_BWD_INV_VARIANCE_DESC>(of(o, "inverse_deviation"))
        .set<CUDNN_ATTR_OPERATION_NORM_BWD_DXDESC>(of(o, "dx"))
        .set<CUDNN_ATTR_OPERATION_NORM_BWD_DSCALE_DESC>(of(o, "dscale"))
        .set<CUDNN_ATTR_OPERATION_NORM_BWD_DBIAS_DESC>(of(o, "dbias"));
    backward.finalize();
    return backward;
}

STRATA_INLINE any_descriptor graph_descriptors::pointwise(const operation& o) {
    const auto mode = o.kind == operation_kind::add        ? CUDNN_POINTWISE_ADD
                      : o.kind == operation_kind::multiply ? CUDNN_POINTWISE_MUL
                      : o.kind == operation_kind::identity ? CUDNN_POINTWISE_IDENTITY
                      : o.kind == operation_kind::relu     ? CUDNN_POINTWISE_RELU_FWD
                                                           : CUDNN_POINTWISE_RELU_BWD;
    descriptor<CUDNN_BACKEND_POINTWISE_DESCRIPTOR> how;
    how.set<CUDNN_ATTR_POINTWISE_MODE>(mode).set<CUDNN_ATTR_POINTWISE_MATH_PREC>(CUDNN_DATA_FLOAT);
    if (o.slope != 0) how.set<CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE>(static_cast<double>(o.slope));
    how.finalize();
    descriptor<CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR> made;
    made.set<CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR>(how);
    if (o.kind == operation_kind::relu_backward) {
        made.set<CUDNN_ATTR_OPERATION_POINTWISE_XDESC>(of(o, "x"))
            .set<CUDNN_ATTR_OPERATION_POINTWISE_DYDESC>(of(o, "dy"))
            .set<CUDNN_ATTR_OPERATION_POINTWISE_DXDESC>(of(o, "dx"));
    } else if (o.kind == operation_kind::add || o.kind == operation_kind::multiply) {
        made.set<CUDNN_ATTR_OPERATION_POINTWISE_XDESC>(of(o, "a"))
            .set<CUDNN_ATTR_OPERATION_POINTWISE_BDESC>(of(o, "b"))
            .set<CUDNN_ATTR_OPERATION_POINTWISE_YDESC>(of(o, "y"));
    } else {
        made.set<CUDNN_ATTR_OPERATION_POINTWISE_XDESC>(of(o, "x")).set<CUDNN_ATTR_OPERATION_POINTWISE_YDESC>(of(o, "y"));
    }
    made.finalize();
    parts_.push_back(std::move(how));
    return made;
}

STRATA_INLINE any_descriptor graph_descriptors::reduction(const operation& o) {
    descriptor<CUDNN_BACKEND_REDUCTION_DESCRIPTOR> how;
    how.set<CUDNN_ATTR_REDUCTION_OPERATOR>(CUDNN_REDUCE_TENSOR_ADD).set<CUDNN_ATTR_REDUCTION_COMP_TYPE>(CUDNN_DATA_FLOAT);
    how.finalize();
    descriptor<CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR> made;
    made.set<CUDNN_ATTR_OPERATION_REDUCTION_DESC>(how)
        .set<CUDNN_ATTR_OPERATION_REDUCTION_XDESC>(of(o, "x"))
        .set<CUDNN_ATTR_OPERATION_REDUCTION_YDESC>(of(o, "y"))
        .finalize();
    parts_.push_back(std::move(how));
    return made;
}

}  // namespace strata::inline STRATA_ABI::cudnn
