// SPDX-License-Identifier: MIT
// The operations of the virtual cuDNN in plain loops. Sums over a whole tensor are kept in double; convolutions and products in float.
#include "execute.hpp"

#include "compute.hpp"
#include "numbers.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace vgpu::dnn {
namespace {

template <class T, class Convert>
void read_elements(const tensor& shape, const std::vector<std::size_t>& order, const T* memory, std::vector<float>& out,
                   const Convert& convert) {
    std::vector<std::int64_t> at(order.size(), 0);
    const std::size_t inner = order.back();
    const std::int64_t length = shape.dims[inner], stride = shape.strides[inner];
    for (std::size_t i = 0; i < out.size(); i += static_cast<std::size_t>(length)) {
        std::int64_t offset = 0;
        for (std::size_t axis = 0; axis < order.size(); ++axis) offset += at[axis] * shape.strides[order[axis]];
        for (std::int64_t j = 0; j < length; ++j) out[i + static_cast<std::size_t>(j)] = convert(memory[offset + j * stride]);
        for (std::size_t axis = order.size() - 1; axis-- > 0;) {
            if (++at[axis] < shape.dims[order[axis]]) break;
            at[axis] = 0;
        }
    }
}
template <class T, class Convert>
void write_elements(const tensor& shape, const std::vector<std::size_t>& order, T* memory, const std::vector<float>& values,
                    const Convert& convert) {
    std::vector<std::int64_t> at(order.size(), 0);
    const std::size_t inner = order.back();
    const std::int64_t length = shape.dims[inner], stride = shape.strides[inner];
    for (std::size_t i = 0; i < values.size(); i += static_cast<std::size_t>(length)) {
        std::int64_t offset = 0;
        for (std::size_t axis = 0; axis < order.size(); ++axis) offset += at[axis] * shape.strides[order[axis]];
        for (std::int64_t j = 0; j < length; ++j) memory[offset + j * stride] = convert(values[i + static_cast<std::size_t>(j)]);
        for (std::size_t axis = order.size() - 1; axis-- > 0;) {
            if (++at[axis] < shape.dims[order[axis]]) break;
            at[axis] = 0;
        }
    }
}
std::vector<std::size_t> order_of(const tensor& shape) {
    if (shape.dims.size() == 4) return {0, 2, 3, 1};
    std::vector<std::size_t> order(shape.dims.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    return order;
}
bool dense(const tensor& shape) { return shape.dims.size() == 4 ? shape.channels_last() : shape.packed(); }
picture picture_of(const tensor& shape) { return {shape.dims[0], shape.dims[2], shape.dims[3], shape.dims[1]}; }

}  // namespace

std::vector<float> load(const tensor& shape, const void* memory) {
    std::vector<float> out(shape.count());
    if (shape.type == CUDNN_DATA_FLOAT && dense(shape)) {
        std::memcpy(out.data(), memory, out.size() * sizeof(float));
        return out;
    }
    const auto order = order_of(shape);
    switch (shape.type) {
        case CUDNN_DATA_FLOAT: read_elements(shape, order, static_cast<const float*>(memory), out, [](float v) { return v; }); break;
        case CUDNN_DATA_BFLOAT16: read_elements(shape, order, static_cast<const std::uint16_t*>(memory), out, from_bf16); break;
        case CUDNN_DATA_HALF: read_elements(shape, order, static_cast<const std::uint16_t*>(memory), out, from_f16); break;
        case CUDNN_DATA_INT8:
            read_elements(shape, order, static_cast<const std::int8_t*>(memory), out, [](std::int8_t v) { return static_cast<float>(v); });
            break;
        case CUDNN_DATA_INT32:
            read_elements(shape, order, static_cast<const std::int32_t*>(memory), out,
                          [](std::int32_t v) { return static_cast<float>(v); });
            break;
        default: throw std::runtime_error("a data type that the virtual GPU cannot read");
    }
    return out;
}
void store(const tensor& shape, const std::vector<float>& values, void* memory) {
    if (shape.type == CUDNN_DATA_FLOAT && dense(shape)) {
        std::memcpy(memory, values.data(), values.size() * sizeof(float));
        return;
    }
    const auto order = order_of(shape);
    switch (shape.type) {
        case CUDNN_DATA_FLOAT: write_elements(shape, order, static_cast<float*>(memory), values, [](float v) { return v; }); break;
        case CUDNN_DATA_BFLOAT16: write_elements(shape, order, static_cast<std::uint16_t*>(memory), values, to_bf16); break;
        case CUDNN_DATA_HALF: write_elements(shape, order, static_cast<std::uint16_t*>(memory), values, to_f16); break;
        case CUDNN_DATA_INT8:
            write_elements(shape, order, static_cast<std::int8_t*>(memory), values, [](float v) { return static_cast<std::int8_t>(v); });
            break;
        case CUDNN_DATA_INT32:
            write_elements(shape, order, static_cast<std::int32_t*>(memory), values, [](float v) { return static_cast<std::int32_t>(v); });
            break;
        default: throw std::runtime_error("a data type that the virtual GPU cannot write");
    }
}
float rounded(float value, cudnnDataType_t type) {
    switch (type) {
        case CUDNN_DATA_BFLOAT16: return from_bf16(to_bf16(value));
        case CUDNN_DATA_HALF: return from_f16(to_f16(value));
        default: return value;
    }
}

namespace {

using values = std::vector<float>;

/// Where an index value of max pooling says the maximum came from: a permutation of 0..127 by the seed, and its inverse.
struct index_code {
    std::uint32_t factor = 1, shift = 0, inverse = 1;
    explicit index_code(std::uint64_t seed) {
        if (seed == 0) return;
        factor = static_cast<std::uint32_t>(mixed(seed) & 127U) | 1U;
        shift = static_cast<std::uint32_t>(mixed(seed + 1) & 127U);
        while (((factor * inverse) & 127U) != 1U) inverse += 2;
    }
    float code(std::int64_t position) const { return static_cast<float>((static_cast<std::uint32_t>(position) * factor + shift) & 127U); }
    std::int64_t position(float value) const {
        return static_cast<std::int64_t>(((static_cast<std::uint32_t>(value) - shift) * inverse) & 127U);
    }
};

struct pool {
    std::int64_t window[2], stride[2], before[2];
    explicit pool(const descriptor& how) {
        const auto w = how.fractions(CUDNN_ATTR_RESAMPLE_WINDOW_DIMS), s = how.fractions(CUDNN_ATTR_RESAMPLE_STRIDES),
                   b = how.fractions(CUDNN_ATTR_RESAMPLE_PRE_PADDINGS);
        for (std::size_t i = 0; i < 2; ++i) window[i] = std::llround(w[i]), stride[i] = std::llround(s[i]), before[i] = std::llround(b[i]);
    }
    /// visit(output pixel, position in the window, input pixel or -1); a pixel's first channel is at pixel * channels.
    template <class Visit>
    void each(const picture& x, const picture& y, const Visit& visit) const {
        for (std::int64_t n = 0; n < y.n; ++n)
            for (std::int64_t p = 0; p < y.h; ++p)
                for (std::int64_t q = 0; q < y.w; ++q)
                    for (std::int64_t r = 0; r < window[0]; ++r)
                        for (std::int64_t s = 0; s < window[1]; ++s) {
                            const std::int64_t row = p * stride[0] - before[0] + r, column = q * stride[1] - before[1] + s;
                            const bool inside = row >= 0 && row < x.h && column >= 0 && column < x.w;
                            visit((n * y.h + p) * y.w + q, r * window[1] + s, inside ? (n * x.h + row) * x.w + column : -1);
                        }
    }
};

class interpreter {
public:
    explicit interpreter(const run& what) : what_(what), code_(what.seed) {}

    void all() {
        if (what_.chosen->workspace > 0)
            std::memset(what_.workspace, 0xFB, static_cast<std::size_t>(what_.chosen->workspace));  // it is used
        for (const operation& one : what_.operations->operations) step(one);
    }

private:
    const values& get(const tensor& shape) {
        const auto known = held_.find(shape.id);
        if (known != held_.end()) return known->second;
        if (shape.by_value) return held_[shape.id] = values(shape.count(), what_.values.at(shape.id));
        return held_[shape.id] = load(shape, what_.pointers.at(shape.id));
    }
    void put(const tensor& shape, values result) {
        if (shape.type != CUDNN_DATA_FLOAT)
            for (float& value : result) value = rounded(value, shape.type);
        if (!shape.is_virtual) store(shape, result, what_.pointers.at(shape.id));
        held_[shape.id] = std::move(result);
    }
    values operand(const tensor& shape) {  // of a convolution or a product: as tensor cores read it
        values copy = get(shape);
        if (what_.chosen->tf32)
            for (float& value : copy) value = to_tf32(value);
        return copy;
    }
    window window_of(const operation& one) const {
        window how;
        const auto before = one.settings->integers(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS),
                   stride = one.settings->integers(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES);
        const auto dilation = one.settings->integers(CUDNN_ATTR_CONVOLUTION_DILATIONS);
        for (std::size_t i = 0; i < 2; ++i) how.before[i] = before[i], how.stride[i] = stride[i], how.dilation[i] = dilation[i];
        how.flipped = one.settings->integer(CUDNN_ATTR_CONVOLUTION_CONV_MODE) == CUDNN_CONVOLUTION;
        return how;
    }

    void step(const operation& one) {
        switch (one.kind) {
            case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR: {
                const tensor &x = one.at(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X),
                             &w = one.at(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W);
                const tensor& y = one.at(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y);
                put(y,
                    convolution_forward(picture_of(x), operand(x).data(), picture_of(w), operand(w).data(), picture_of(y), window_of(one)));
                break;
            }
            case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR: {
                const tensor &dx = one.at(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX),
                             &w = one.at(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W);
                const tensor& dy = one.at(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY);
                put(dx, convolution_backward_data(picture_of(dx), picture_of(w), operand(w).data(), picture_of(dy), operand(dy).data(),
                                                  window_of(one)));
                break;
            }
            case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR: {
                const tensor &x = one.at(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X),
                             &dw = one.at(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW);
                const tensor& dy = one.at(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY);
                put(dw, convolution_backward_filter(picture_of(x), operand(x).data(), picture_of(dw), picture_of(dy), operand(dy).data(),
                                                    window_of(one)));
                break;
            }
            case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR: pointwise(one); break;
            case CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR: reduce(one); break;
            case CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR: matmul(one); break;
            case CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR: pool_forward(one); break;
            case CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR: pool_backward(one); break;
            case CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR: norm_forward(one); break;
            case CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR: norm_backward(one); break;
            default: throw std::runtime_error("an operation that the virtual GPU cannot run");
        }
    }

    /// Strides, in dense elements, with which `small` is read along the dense order of `large`.
    static std::vector<std::pair<std::int64_t, std::int64_t>> walk(const tensor& large, const tensor& small) {
        std::vector<std::pair<std::int64_t, std::int64_t>> axes;  // (extent, stride), outermost first
        for (const std::size_t axis : order_of(large)) axes.emplace_back(large.dims[axis], small.dims[axis]);
        std::int64_t stride = 1;
        for (std::size_t i = axes.size(); i-- > 0;) {
            const std::int64_t dim = axes[i].second;
            axes[i].second = dim == 1 ? 0 : stride;
            stride *= dim;
        }
        return axes;
    }
    /// visit(index in large, index in small)
    template <class Visit>
    static void along(const tensor& large, const tensor& small, const Visit& visit) {
        const auto axes = walk(large, small);
        std::vector<std::int64_t> at(axes.size(), 0);
        const std::int64_t length = axes.back().first, stride = axes.back().second;
        const auto total = static_cast<std::int64_t>(large.count());
        for (std::int64_t i = 0; i < total; i += length) {
            std::int64_t offset = 0;
            for (std::size_t axis = 0; axis < axes.size(); ++axis) offset += at[axis] * axes[axis].second;
            for (std::int64_t j = 0; j < length; ++j) visit(static_cast<std::size_t>(i + j), static_cast<std::size_t>(offset + j * stride));
            for (std::size_t axis = axes.size() - 1; axis-- > 0;) {
                if (++at[axis] < axes[axis].first) break;
                at[axis] = 0;
            }
        }
    }

    void pointwise(const operation& one) {
        const descriptor& how = *one.settings;
        const tensor& out = one.writes[0].second;
        const tensor& first = one.reads[0].second;
        values result(out.count());
        const values& a = get(first);
        const auto alpha1 = static_cast<float>(one.self->real(CUDNN_ATTR_OPERATION_POINTWISE_ALPHA1, 1.0));
        const auto alpha2 = static_cast<float>(one.self->real(CUDNN_ATTR_OPERATION_POINTWISE_ALPHA2, 1.0));
        along(out, first, [&](std::size_t i, std::size_t j) { result[i] = a[j]; });
        if (alpha1 != 1.0F)
            for (float& value : result) value *= alpha1;
        const auto binary = [&](const auto& combine) {
            const tensor& second = one.reads[1].second;
            const values& b = get(second);
            along(out, second, [&](std::size_t i, std::size_t j) { result[i] = combine(result[i], alpha2 * b[j]); });
        };
        const auto unary = [&](const auto& change) {
            for (float& value : result) value = change(value);
        };
        const auto low = static_cast<float>(how.real(CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP, 0.0));
        const auto high = static_cast<float>(how.real(CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP, std::numeric_limits<double>::infinity()));
        const auto slope = static_cast<float>(how.real(CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, 0.0));
        switch (how.integer(CUDNN_ATTR_POINTWISE_MODE)) {
            case CUDNN_POINTWISE_ADD: binary([](float x, float b) { return x + b; }); break;
            case CUDNN_POINTWISE_SUB: binary([](float x, float b) { return x - b; }); break;
            case CUDNN_POINTWISE_MUL: binary([](float x, float b) { return x * b; }); break;
            case CUDNN_POINTWISE_DIV: binary([](float x, float b) { return x / b; }); break;
            case CUDNN_POINTWISE_MAX: binary([](float x, float b) { return std::max(x, b); }); break;
            case CUDNN_POINTWISE_MIN: binary([](float x, float b) { return std::min(x, b); }); break;
            case CUDNN_POINTWISE_SQRT: unary([](float x) { return std::sqrt(x); }); break;
            case CUDNN_POINTWISE_RSQRT: unary([](float x) { return 1.0F / std::sqrt(x); }); break;
            case CUDNN_POINTWISE_NEG: unary([](float x) { return -x; }); break;
            case CUDNN_POINTWISE_RELU_FWD: unary([&](float x) { return x <= low ? low + slope * (x - low) : x >= high ? high : x; }); break;
            case CUDNN_POINTWISE_RELU_BWD: binary([&](float dy, float x) { return x <= low ? slope * dy : x >= high ? 0.0F : dy; }); break;
            default: break;  // identity
        }
        put(out, std::move(result));
    }

    void reduce(const operation& one) {
        const tensor &in = one.reads[0].second, &out = one.writes[0].second;
        const values& x = get(in);
        const std::int64_t what = one.settings->integer(CUDNN_ATTR_REDUCTION_OPERATOR);
        std::vector<double> sums(out.count(), what == CUDNN_REDUCE_TENSOR_MAX ? -std::numeric_limits<double>::infinity() : 0.0);
        along(in, out, [&](std::size_t i, std::size_t j) {
            sums[j] = what == CUDNN_REDUCE_TENSOR_MAX ? std::max(sums[j], double{x[i]}) : sums[j] + double{x[i]};
        });
        const double scale = what == CUDNN_REDUCE_TENSOR_AVG ? static_cast<double>(out.count()) / static_cast<double>(in.count()) : 1.0;
        values result(sums.size());
        for (std::size_t i = 0; i < sums.size(); ++i) result[i] = static_cast<float>(sums[i] * scale);
        put(out, std::move(result));
    }

    void matmul(const operation& one) {
        const tensor &a = one.reads[0].second, &b = one.reads[1].second, &c = one.writes[0].second;
        const values left = operand(a), right = operand(b);
        values result(c.count(), 0.0F);
        const auto m = static_cast<std::size_t>(a.dims[1]), k = static_cast<std::size_t>(a.dims[2]),
                   n = static_cast<std::size_t>(b.dims[2]);
        for (std::size_t i = 0; i < static_cast<std::size_t>(a.dims[0]); ++i)
            multiply_add(m, n, k, left.data() + i * m * k, k, right.data() + i * k * n, n, result.data() + i * m * n, n);
        put(c, std::move(result));
    }

    void pool_forward(const operation& one) {
        const tensor &xt = one.at(CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC), &yt = one.at(CUDNN_ATTR_OPERATION_RESAMPLE_FWD_YDESC);
        const tensor* const index = one.find(CUDNN_ATTR_OPERATION_RESAMPLE_FWD_IDXDESC);
        const values& x = get(xt);
        const pool how(*one.settings);
        const picture from = picture_of(xt), to = picture_of(yt);
        const auto c = static_cast<std::size_t>(from.c);
        const std::int64_t mode = one.settings->integer(CUDNN_ATTR_RESAMPLE_MODE);
        if (mode == CUDNN_RESAMPLE_MAXPOOL) {
            values y(yt.count(), -std::numeric_limits<float>::infinity()), where(yt.count(), code_.code(0));
            std::vector<bool> touched(yt.count(), false);
            how.each(from, to, [&](std::int64_t out, std::int64_t position, std::int64_t in) {
                if (in < 0) return;
                for (std::size_t i = 0; i < c; ++i) {
                    const std::size_t at = static_cast<std::size_t>(out) * c + i;
                    const float value = x[static_cast<std::size_t>(in) * c + i];
                    const bool tie = value == y[at] && what_.seed != 0 && (mixed(what_.seed ^ at) & 1U) != 0;  // of equals, any
                    if (!touched[at] || value > y[at] || tie || (std::isnan(value) && !std::isnan(y[at])))
                        y[at] = value, where[at] = code_.code(position);
                    touched[at] = true;
                }
            });
            put(yt, std::move(y));
            if (index != nullptr) put(*index, std::move(where));
            return;
        }
        std::vector<double> sums(yt.count(), 0.0);
        std::vector<std::int64_t> inside(yt.count() / c, 0);
        how.each(from, to, [&](std::int64_t out, std::int64_t, std::int64_t in) {
            if (in < 0) return;
            ++inside[static_cast<std::size_t>(out)];
            for (std::size_t i = 0; i < c; ++i)
                sums[static_cast<std::size_t>(out) * c + i] += double{x[static_cast<std::size_t>(in) * c + i]};
        });
        values y(yt.count());
        for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<float>(sums[i] / divisor(how, mode, inside[i / c]));
        put(yt, std::move(y));
    }
    static double divisor(const pool& how, std::int64_t mode, std::int64_t inside) {
        return static_cast<double>(mode == CUDNN_RESAMPLE_AVGPOOL_EXCLUDE_PADDING ? std::max<std::int64_t>(inside, 1)
                                                                                  : how.window[0] * how.window[1]);
    }

    void pool_backward(const operation& one) {
        const tensor &dxt = one.at(CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DXDESC), &dyt = one.at(CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DYDESC);
        const values& dy = get(dyt);
        const pool how(*one.settings);
        const picture to = picture_of(dxt), from = picture_of(dyt);
        const auto c = static_cast<std::size_t>(to.c);
        const std::int64_t mode = one.settings->integer(CUDNN_ATTR_RESAMPLE_MODE);
        values dx(dxt.count(), 0.0F);
        if (mode == CUDNN_RESAMPLE_MAXPOOL) {
            const values& index = get(one.at(CUDNN_ATTR_OPERATION_RESAMPLE_BWD_IDXDESC));
            values taken(dy.size(), 0.0F);
            how.each(to, from, [&](std::int64_t out, std::int64_t position, std::int64_t in) {
                for (std::size_t i = 0; i < c; ++i) {
                    const std::size_t at = static_cast<std::size_t>(out) * c + i;
                    if (code_.position(index[at]) != position) continue;
                    if (in < 0) throw std::runtime_error("max_pool_backward: an index points outside the picture");
                    taken[at] = 1.0F;
                    dx[static_cast<std::size_t>(in) * c + i] += dy[at];
                }
            });
            if (std::find(taken.begin(), taken.end(), 0.0F) != taken.end())
                throw std::runtime_error("max_pool_backward: an index is outside its window");
            put(dxt, std::move(dx));
            return;
        }
        std::vector<std::int64_t> inside(dy.size() / c, 0);
        how.each(to, from,
                 [&](std::int64_t out, std::int64_t, std::int64_t in) { inside[static_cast<std::size_t>(out)] += in >= 0 ? 1 : 0; });
        how.each(to, from, [&](std::int64_t out, std::int64_t, std::int64_t in) {
            if (in < 0) return;
            const auto share = static_cast<float>(1.0 / divisor(how, mode, inside[static_cast<std::size_t>(out)]));
            for (std::size_t i = 0; i < c; ++i)
                dx[static_cast<std::size_t>(in) * c + i] += share * dy[static_cast<std::size_t>(out) * c + i];
        });
        put(dxt, std::move(dx));
    }

    void norm_forward(const operation& one) {
        const tensor &xt = one.at(CUDNN_ATTR_OPERATION_NORM_FWD_XDESC), &mean_t = one.at(CUDNN_ATTR_OPERATION_NORM_FWD_MEAN_DESC);
        const tensor& inverse_t = one.at(CUDNN_ATTR_OPERATION_NORM_FWD_INV_VARIANCE_DESC);
        const values& x = get(xt);
        const values &scale = get(one.at(CUDNN_ATTR_OPERATION_NORM_FWD_SCALE_DESC)),
                     &bias = get(one.at(CUDNN_ATTR_OPERATION_NORM_FWD_BIAS_DESC));
        const double epsilon = double{get(one.at(CUDNN_ATTR_OPERATION_NORM_FWD_EPSILON_DESC))[0]};
        const std::size_t c = scale.size(), rows = x.size() / c;
        std::vector<double> sum(c, 0.0), square(c, 0.0);
        for (std::size_t i = 0; i < x.size(); ++i) sum[i % c] += double{x[i]};
        for (double& one_sum : sum) one_sum /= static_cast<double>(rows);
        for (std::size_t i = 0; i < x.size(); ++i) square[i % c] += (double{x[i]} - sum[i % c]) * (double{x[i]} - sum[i % c]);
        values mean(c), inverse(c), y(x.size());
        for (std::size_t i = 0; i < c; ++i) {
            mean[i] = static_cast<float>(sum[i]);
            inverse[i] = static_cast<float>(1.0 / std::sqrt(square[i] / static_cast<double>(rows) + epsilon));
        }
        for (std::size_t i = 0; i < x.size(); ++i) y[i] = (x[i] - mean[i % c]) * inverse[i % c] * scale[i % c] + bias[i % c];
        if (const tensor* const factor_t = one.find(CUDNN_ATTR_OPERATION_NORM_FWD_EXP_AVG_FACTOR_DESC)) {
            const float factor = get(*factor_t)[0];
            values new_mean = get(one.at(CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_MEAN_DESC)),
                   new_variance = get(one.at(CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_VAR_DESC));
            for (std::size_t i = 0; i < c; ++i) {
                new_mean[i] += factor * (mean[i] - new_mean[i]);
                new_variance[i] +=
                    factor * (static_cast<float>(square[i] / static_cast<double>(std::max<std::size_t>(rows - 1, 1))) - new_variance[i]);
            }
            put(one.at(CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_MEAN_DESC), std::move(new_mean));
            put(one.at(CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_VAR_DESC), std::move(new_variance));
        }
        put(mean_t, std::move(mean));
        put(inverse_t, std::move(inverse));
        put(one.at(CUDNN_ATTR_OPERATION_NORM_FWD_YDESC), std::move(y));
    }

    void norm_backward(const operation& one) {
        const values &x = get(one.at(CUDNN_ATTR_OPERATION_NORM_BWD_XDESC)), &dy = get(one.at(CUDNN_ATTR_OPERATION_NORM_BWD_DYDESC));
        const values &mean = get(one.at(CUDNN_ATTR_OPERATION_NORM_BWD_MEAN_DESC)),
                     &inverse = get(one.at(CUDNN_ATTR_OPERATION_NORM_BWD_INV_VARIANCE_DESC));
        const values& scale = get(one.at(CUDNN_ATTR_OPERATION_NORM_BWD_SCALE_DESC));
        const std::size_t c = scale.size(), rows = x.size() / c;
        std::vector<double> bias_sum(c, 0.0), scale_sum(c, 0.0);
        for (std::size_t i = 0; i < x.size(); ++i) {
            bias_sum[i % c] += double{dy[i]};
            scale_sum[i % c] += double{dy[i]} * (double{x[i]} - double{mean[i % c]}) * double{inverse[i % c]};
        }
        values dx(x.size()), dscale(c), dbias(c);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const std::size_t k = i % c;
            const double normal = (double{x[i]} - double{mean[k]}) * double{inverse[k]};
            dx[i] = static_cast<float>(double{scale[k]} * double{inverse[k]} *
                                       (double{dy[i]} - (bias_sum[k] + normal * scale_sum[k]) / static_cast<double>(rows)));
        }
        for (std::size_t k = 0; k < c; ++k) dscale[k] = static_cast<float>(scale_sum[k]), dbias[k] = static_cast<float>(bias_sum[k]);
        put(one.at(CUDNN_ATTR_OPERATION_NORM_BWD_DXDESC), std::move(dx));
        put(one.at(CUDNN_ATTR_OPERATION_NORM_BWD_DSCALE_DESC), std::move(dscale));
        put(one.at(CUDNN_ATTR_OPERATION_NORM_BWD_DBIAS_DESC), std::move(dbias));
    }

    const run& what_;
    index_code code_;
    std::map<std::int64_t, values> held_;
};

}  // namespace

void execute(const run& what) { interpreter(what).all(); }

}  // namespace vgpu::dnn
