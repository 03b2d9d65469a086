// SPDX-License-Identifier: MIT
// Collecting operations: shapes are checked here, where the sentence can say which tensor is wrong.
#pragma once

#include <strata/backend/cuda/cudnn/operations.hpp>
#include <strata/core/error.hpp>

#include <cstring>
#include <initializer_list>

namespace strata::inline STRATA_ABI::cudnn {

STRATA_INLINE const char* name_of(operation_kind kind) {
    switch (kind) {
        case operation_kind::convolution_forward: return "convolution_forward";
        case operation_kind::convolution_backward_data: return "convolution_backward_data";
        case operation_kind::convolution_backward_filter: return "convolution_backward_filter";
        case operation_kind::max_pool_forward: return "max_pool_forward";
        case operation_kind::max_pool_backward: return "max_pool_backward";
        case operation_kind::average_pool_forward: return "average_pool_forward";
        case operation_kind::average_pool_backward: return "average_pool_backward";
        case operation_kind::batch_norm_training: return "batch_norm_training";
        case operation_kind::batch_norm_backward: return "batch_norm_backward";
        case operation_kind::add: return "add";
        case operation_kind::multiply: return "multiply";
        case operation_kind::identity: return "identity";
        case operation_kind::relu: return "relu";
        case operation_kind::relu_backward: return "relu_backward";
        case operation_kind::reduce_add: return "reduce_add";
    }
    return "unknown operation";
}

namespace detail {

struct role {
    const char* name;
    const tensor& value;
    bool is_output = false;
};

// "convolution_forward: y is (1,2,3,4) f32, and x (..) f32, w (..) f32 ask for ...".
[[noreturn]] STRATA_INLINE void refuse(operation_kind kind, std::initializer_list<role> roles, const std::string& sentence) {
    std::string text = std::string(name_of(kind)) + ": " + sentence + " (";
    for (const role& r : roles) text += std::string(r.name) + ' ' + describe(r.value) + ", ";
    text.resize(text.size() - 2);
    throw invalid_input(text + ")");
}

STRATA_INLINE bool stretches_to(const tensor& small, const tensor& big) {
    for (std::size_t i = 0; i < 4; ++i) {
        if (small.dims[i] != 1 && small.dims[i] != big.dims[i]) return false;
    }
    return true;
}

STRATA_INLINE bool is_per_channel(const tensor& t, const tensor& of) {
    return t.dims == std::array<std::int64_t, 4>{1, of.dims[1], 1, 1} && t.type == data_type::f32;
}

// The operation slides `w` over `wide` and gives `narrow`; channels are compared by the caller.
STRATA_INLINE void check_window(operation_kind kind, std::initializer_list<role> roles, const tensor& wide, const tensor& narrow,
                                const window& w) {
    for (std::size_t axis = 0; axis < 2; ++axis) {
        if (w.kernel[axis] < 1 || w.stride[axis] < 1 || w.dilation[axis] < 1 || w.before[axis] < 0 || w.after[axis] < 0) {
            refuse(kind, roles, "kernel, stride and dilation must be positive, padding not negative");
        }
        const std::int64_t expected = w.output(wide.dims[2 + axis], axis);
        if (expected < 1 || expected != narrow.dims[2 + axis]) {
            refuse(kind, roles,
                   "the window gives " + std::to_string(expected) + (axis == 0 ? " rows" : " columns") + " and not " +
                       std::to_string(narrow.dims[2 + axis]));
        }
    }
    if (wide.dims[0] != narrow.dims[0]) refuse(kind, roles, "the batches differ");
}

STRATA_INLINE void check_convolution(operation_kind kind, std::initializer_list<role> roles, const tensor& x, const tensor& w,
                                     const tensor& y, const window& window) {
    check_window(kind, roles, x, y, window);
    if (w.dims[0] != y.dims[1] || w.dims[1] < 1 || x.dims[1] % w.dims[1] != 0 || w.dims[2] != window.kernel[0] ||
        w.dims[3] != window.kernel[1]) {
        refuse(kind, roles, "the filter must be (channels of y, kernel rows, kernel columns, channels of x)");
    }
}

STRATA_INLINE void check_pooling(operation_kind kind, std::initializer_list<role> roles, const tensor& x, const tensor& y,
                                 const window& window) {
    check_window(kind, roles, x, y, window);
    if (x.dims[1] != y.dims[1]) refuse(kind, roles, "pooling keeps the channels");
    if (window.dilation != std::array<std::int64_t, 2>{1, 1}) refuse(kind, roles, "pooling has no dilation");
}

}  // namespace detail

STRATA_INLINE void operation_graph::append(operation what, std::span<const tensor> tensors) {
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const tensor& given = tensors[i];
        const operation::argument& argument = what.arguments[i];
        const std::string words = std::string(name_of(what.kind)) + ": " + argument.role + " (tensor " + std::to_string(given.id) + ") ";
        if (!given.is_scalar && (given.id < 0 || given.id >= scalar_ids)) throw invalid_input(words + "needs an id from 0 to 2^40 - 1");
        for (const std::int64_t extent : given.dims) {
            if (extent < 1) throw invalid_input(words + cudnn::describe(given) + " has an empty dimension");
        }
        bool known = false, written = false;
        for (const tensor& other : tensors_) {
            if (other.id != given.id) continue;
            known = true;
            if (!(other == given)) {
                throw invalid_input(words + "is " + cudnn::describe(given) + " here and " + cudnn::describe(other) +
                                    " elsewhere in the graph: one id is one tensor, with one layout");
            }
        }
        for (const operation& earlier : operations_) {
            for (const auto& output : earlier.arguments) written = written || (output.is_output && output.id == given.id);
        }
        if (argument.is_output && (written || given.is_scalar)) throw invalid_input(words + "is written twice in the graph");
        if (argument.is_output && known) throw invalid_input(words + "is read before it is written");
        if (!argument.is_output && given.is_virtual && !written) {
            throw invalid_input(words + "is virtual and read before an operation of the graph has written it");
        }
        if (!known) tensors_.push_back(given);
    }
    operations_.push_back(std::move(what));
}

namespace detail {

STRATA_INLINE operation make_operation(operation_kind kind, std::initializer_list<role> roles, const window& window = {}) {
    operation result{.kind = kind, .window = window};
    for (const role& r : roles) result.arguments.push_back({r.name, r.value.id, r.is_output});
    return result;
}

STRATA_INLINE std::vector<tensor> tensors_of(std::initializer_list<role> roles) {
    std::vector<tensor> result;
    for (const role& r : roles) result.push_back(r.value);
    return result;
}

}  // namespace detail

STRATA_INLINE void operation_graph::convolution_forward(const tensor& x, const tensor& w, const tensor& y, const cudnn::window& window) {
    const std::initializer_list<detail::role> roles{{"x", x}, {"w", w}, {"y", y, true}};
    detail::check_convolution(operation_kind::convolution_forward, roles, x, w, y, window);
    append(detail::make_operation(operation_kind::convolution_forward, roles, window), detail::tensors_of(roles));
}

STRATA_INLINE void operation_graph::convolution_backward_data(const tensor& dy, const tensor& w, const tensor& dx,
                                                              const cudnn::window& window) {
    const std::initializer_list<detail::role> roles{{"dy", dy}, {"w", w}, {"dx", dx, true}};
    detail::check_convolution(operation_kind::convolution_backward_data, roles, dx, w, dy, window);
    append(detail::make_operation(operation_kind::convolution_backward_data, roles, window), detail::tensors_of(roles));
}

STRATA_INLINE void operation_graph::convolution_backward_filter(const tensor& x, const tensor& dy, const tensor& dw,
                                                                const cudnn::window& window) {
    const std::initializer_list<detail::role> roles{{"x", x}, {"dy", dy}, {"dw", dw, true}};
    detail::check_convolution(operation_kind::convolution_backward_filter, roles, x, dw, dy, window);
    append(detail::make_operation(operation_kind::convolution_backward_filter, roles, window), detail::tensors_of(roles));
}

STRATA_INLINE void operation_graph::max_pool_forward(const tensor& x, const tensor& y, const tensor* index, const cudnn::window& window) {
    constexpr auto kind = operation_kind::max_pool_forward;
    if (index == nullptr) {
        const std::initializer_list<detail::role> roles{{"x", x}, {"y", y, true}};
        detail::check_pooling(kind, roles, x, y, window);
        append(detail::make_operation(kind, roles, window), detail::tensors_of(roles));
        return;
    }
    const std::initializer_list<detail::role> roles{{"x", x}, {"y", y, true}, {"index", *index, true}};
    detail::check_pooling(kind, roles, x, y, window);
    if (index->dims != y.dims || index->type != data_type::i8) detail::refuse(kind, roles, "the index is i8 and shaped as y");
    append(detail::make_operation(kind, roles, window), detail::tensors_of(roles));
}

STRATA_INLINE void operation_graph::max_pool_backward(const tensor& dy, const tensor& index, const tensor& dx,
                                                      const cudnn::window& window) {
    constexpr auto kind = operation_kind::max_pool_backward;
    const std::initializer_list<detail::role> roles{{"dy", dy}, {"index", index}, {"dx", dx, true}};
    detail::check_pooling(kind, roles, dx, dy, window);
    if (index.dims != dy.dims || index.type != data_type::i8) detail::refuse(kind, roles, "the index is i8 and shaped as dy");
    append(detail::make_operation(kind, roles, window), detail::tensors_of(roles));
}

STRATA_INLINE void operation_graph::average_pool_forward(const tensor& x, const tensor& y, const cudnn::window& window,
                                                         bool count_padding) {
    const std::initializer_list<detail::role> roles{{"x", x}, {"y", y, true}};
    detail::check_pooling(operation_kind::average_pool_forward, roles, x, y, window);
    operation what = detail::make_operation(operation_kind::average_pool_forward, roles, window);
    what.count_padding = count_padding;
    append(std::move(what), detail::tensors_of(roles));
}

STRATA_INLINE void operation_graph::average_pool_backward(const tensor& dy, const tensor& dx, const cudnn::window& window,
                                                          bool count_padding) {
    const std::initializer_list<detail::role> roles{{"dy", dy}, {"dx", dx, true}};
    detail::check_pooling(operation_kind::average_pool_backward, roles, dx, dy, window);
    operation what = detail::make_operation(operation_kind::average_pool_backward, roles, window);
    what.count_padding = count_padding;
    append(std::move(what), detail::tensors_of(roles));
}

STRATA_INLINE void operation_graph::batch_norm_training(const tensor& x, const tensor& scale, const tensor& bias, const tensor& y,
                                                        const tensor& mean, const tensor& inverse_deviation, double epsilon) {
    constexpr auto kind = operation_kind::batch_norm_training;
    const tensor eps = scalar(static_cast<float>(epsilon));
    const std::initializer_list<detail::role> roles{{"x", x},
                                                    {"scale", scale},
                                                    {"bias", bias},
                                                    {"epsilon", eps},
                                                    {"y", y, true},
                                                    {"mean", mean, true},
                                                    {"inverse_deviation", inverse_deviation, true}};
    if (!(epsilon > 0)) detail::refuse(kind, roles, "epsilon must be positive");
    if (x.dims != y.dims) detail::refuse(kind, roles, "y is shaped as x");
    for (const tensor* t : {&scale, &bias, &mean, &inverse_deviation}) {
        if (!detail::is_per_channel(*t, x)) detail::refuse(kind, roles, "scale, bias, mean and inverse_deviation are f32, one per channel");
    }
    append(detail::make_operation(kind, roles), detail::tensors_of(roles));
}

STRATA_INLINE void operation_graph::batch_norm_backward(const tensor& x, const tensor& dy, const tensor& scale, const tensor& mean,
                                                        const tensor& inverse_deviation, const tensor& dx, const tensor& dscale,
                                                        const tensor& dbias) {
    constexpr auto kind = operation_kind::batch_norm_backward;
    const std::initializer_list<detail::role> roles{{"x", x},
                                                    {"dy", dy},
                                                    {"scale", scale},
                                                    {"mean", mean},
                                                    {"inverse_deviation", inverse_deviation},
                                                    {"dx", dx, true},
                                                    {"dscale", dscale, true},
                                                    {"dbias", dbias, true}};
    if (x.dims != dy.dims || x.dims != dx.dims) detail::refuse(kind, roles, "dy and dx are shaped as x");
    for (const tensor* t : {&scale, &mean, &inverse_deviation, &dscale, &dbias}) {
        if (!detail::is_per_channel(*t, x)) {
            detail::refuse(kind, roles, "scale, mean, inverse_deviation, dscale and dbias are f32, one per channel");
        }
    }
    append(detail::make_operation(kind, roles), detail::tensors_of(roles));
}

STRATA_INLINE void operation_graph::add(const tensor& a, const tensor& b, const tensor& y) {
    const std::initializer_list<detail::role> roles{{"a", a}, {"b", b}, {"y", y, true}};
    if (a.dims != y.dims || !detail::stretches_to(b, a)) detail::refuse(operation_kind::add, roles, "b does not stretch to a and y");
    append(detail::make_operation(operation_kind::add, roles), detail::tensors_of(roles));
}

STRATA_INLINE void operation_graph::multiply(const tensor& a, const tensor& b, const tensor& y) {
    const std::initializer_list<detail::role> roles{{"a", a}, {"b", b}, {"y", y, true}};
    if (a.dims != y.dims || !detail::stretches_to(b, a)) detail::refuse(operation_kind::multiply, roles, "b does not stretch to a and y");
    append(detail::make_operation(operation_kind::multiply, roles), detail::tensors_of(roles));
}

STRATA_INLINE void operation_graph::identity(const tensor& x, const tensor& y) {
    const std::initializer_list<detail::role> roles{{"x", x}, {"y", y, true}};
    if (x.dims != y.dims) detail::refuse(operation_kind::identity, roles, "y is shaped as x");
    append(detail::make_operation(operation_kind::identity, roles), detail::tensors_of(roles));
}

STRATA_INLINE void operation_graph::relu(const tensor& x, const tensor& y, float slope) {
    const std::initializer_list<detail::role> roles{{"x", x}, {"y", y, true}};
    if (x.dims != y.dims) detail::refuse(operation_kind::relu, roles, "y is shaped as x");
    operation what = detail::make_operation(operation_kind::relu, roles);
    what.slope = slope;
    append(std::move(what), detail::tensors_of(roles));
}

STRATA_INLINE void operation_graph::relu_backward(const tensor& dy, const tensor& x, const tensor& dx, float slope) {
    const std::initializer_list<detail::role> roles{{"dy", dy}, {"x", x}, {"dx", dx, true}};
    if (x.dims != dy.dims || x.dims != dx.dims) detail::refuse(operation_kind::relu_backward, roles, "dy and dx are shaped as x");
    operation what = detail::make_operation(operation_kind::relu_backward, roles);
    what.slope = slope;
    append(std::move(what), detail::tensors_of(roles));
}

STRATA_INLINE void operation_graph::reduce_add(const tensor& x, const tensor& y) {
    const std::initializer_list<detail::role> roles{{"x", x}, {"y", y, true}};
    if (!detail::stretches_to(y, x)) detail::refuse(operation_kind::reduce_add, roles, "y has one element or all along each axis of x");
    append(detail::make_operation(operation_kind::reduce_add, roles), detail::tensors_of(roles));
}

STRATA_INLINE tensor operation_graph::scalar(float value) {
    tensor result{.id = scalar_ids + static_cast<std::int64_t>(scalars_.size()), .is_scalar = true, .alignment = 4};
    scalars_.push_back(value);
    return result;
}

STRATA_INLINE std::vector<tensor> operation_graph::bound() const {
    std::vector<tensor> result;
    for (const tensor& t : tensors_) {
        if (!t.is_virtual && !t.is_scalar) result.push_back(t);
    }
    return result;
}

STRATA_INLINE const tensor& operation_graph::at(std::int64_t id) const {
    for (const tensor& t : tensors_) {
        if (t.id == id) return t;
    }
    throw invalid_input("cuDNN graph: no operation uses tensor " + std::to_string(id));
}

namespace detail {

STRATA_INLINE std::string pair_text(const std::array<std::int64_t, 2>& values, char between) {
    return std::to_string(values[0]) + between + std::to_string(values[1]);
}

STRATA_INLINE std::string number_text(float value) {
    std::string text = std::to_string(value);
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text;
}

STRATA_INLINE std::string window_text(const window& w) {
    std::string text = pair_text(w.kernel, 'x') + " stride " + pair_text(w.stride, 'x');
    const std::array<std::int64_t, 2> none{0, 0}, ones{1, 1};
    if (w.before != none || w.after != none) text += " padding " + pair_text(w.before, ',') + '-' + pair_text(w.after, ',');
    if (w.dilation != ones) text += " dilation " + pair_text(w.dilation, 'x');
    return text;
}

}  // namespace detail

STRATA_INLINE std::string operation_graph::describe() const {
    std::string text;
    for (const operation& o : operations_) {
        if (!text.empty()) text += '\n';
        text += name_of(o.kind);
        bool outputs = false, first = true;
        for (const auto& argument : o.arguments) {
            const tensor& t = at(argument.id);
            text += argument.is_output && !outputs ? " -> " : first ? " " : ", ";
            outputs = argument.is_output;
            first = false;
            text += argument.role;
            if (t.is_scalar) {
                text += '=' + detail::number_text(scalars_[static_cast<std::size_t>(t.id - scalar_ids)]);
            } else {
                text += cudnn::describe(t);
            }
        }
        if (o.kind <= operation_kind::average_pool_backward) text += " [" + detail::window_text(o.window) + ']';
        const bool averages = o.kind == operation_kind::average_pool_forward || o.kind == operation_kind::average_pool_backward;
        if (averages) text += o.count_padding ? " counting padding" : " without padding";
        if (o.slope != 0) text += " slope " + detail::number_text(o.slope);
    }
    return text;
}

STRATA_INLINE std::string operation_graph::key() const {
    const auto list = [](const auto& values) {
        std::string text;
        for (const auto value : values) text += std::to_string(value) + ',';
        return text;
    };
    std::string text;
    for (const tensor& t : tensors_) {
        text += "tensor " + std::to_string(t.id) + ' ' + name_of(t.type) + " dims " + list(t.dims) + " strides " + list(t.strides) +
                (t.is_virtual ? " virtual" : "") + (t.is_scalar ? " scalar" : "") + " aligned " + std::to_string(t.alignment) + '\n';
    }
    for (const operation& o : operations_) {
        text += name_of(o.kind);
        for (const auto& argument : o.arguments) text += std::string(" ") + argument.role + '=' + std::to_string(argument.id);
        std::uint32_t slope = 0;
        std::memcpy(&slope, &o.slope, sizeof slope);
        text += " window " + list(o.window.kernel) + list(o.window.stride) + list(o.window.before) + list(o.window.after) +
                list(o.window.dilation) + " slope " + std::to_string(slope) + (o.count_padding ? " counting" : "") + '\n';
    }
    for (const float value : scalars_) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, &value, sizeof bits);
        text += "scalar " + std::to_string(bits) + '\n';
    }
    return text;
}

}  // namespace strata::inline STRATA_ABI::cudnn
