// SPDX-License-Identifier: MIT
// What the virtual cuDNN's own tests share: descriptors in the plain C API, buffers on the device, and naive references.
#pragma once

#include "../testing.hpp"
#include "numbers.hpp"
#include "options.hpp"

#include <cudnn_backend.h>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace testing {

using dims = std::vector<std::int64_t>;

class descriptor {
public:
    explicit descriptor(cudnnBackendDescriptorType_t kind) { REQUIRE(cudnnBackendCreateDescriptor(kind, &raw) == CUDNN_STATUS_SUCCESS); }
    descriptor(descriptor&& other) noexcept : raw(other.raw) { other.raw = nullptr; }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (raw != nullptr) cudnnBackendDestroyDescriptor(raw);
    }
    template <class T>
    cudnnStatus_t try_set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, const std::vector<T>& values) {
        return cudnnBackendSetAttribute(raw, name, type, static_cast<std::int64_t>(values.size()), values.data());
    }
    template <class T>
    descriptor& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, const std::vector<T>& values) {
        REQUIRE(try_set(name, type, values) == CUDNN_STATUS_SUCCESS);
        return *this;
    }
    descriptor& set(cudnnBackendAttributeName_t name, const descriptor& child) {
        return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, std::vector<cudnnBackendDescriptor_t>{child.raw});
    }
    cudnnStatus_t try_finalize() { return cudnnBackendFinalize(raw); }
    descriptor& finalize() {
        const cudnnStatus_t status = try_finalize();
        if (status != CUDNN_STATUS_SUCCESS) {
            char text[1024];
            cudnnGetLastErrorString(text, sizeof text);
            FAIL(text);
        }
        return *this;
    }
    cudnnBackendDescriptor_t raw = nullptr;
};

inline std::string last_error() {
    char text[1024];
    cudnnGetLastErrorString(text, sizeof text);
    return text;
}

/// NHWC memory of dims N, C, H, W; rows for others.
inline descriptor tensor(std::int64_t id, cudnnDataType_t type, const dims& shape, bool is_virtual = false, bool by_value = false) {
    dims strides(shape.size(), 1);
    for (std::size_t i = shape.size() - 1; i-- > 0;) strides[i] = strides[i + 1] * shape[i + 1];
    if (shape.size() == 4) strides = {shape[1] * shape[2] * shape[3], 1, shape[1] * shape[3], shape[1]};
    descriptor made(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    made.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, std::vector{type})
        .set(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, shape)
        .set(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, strides)
        .set(CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, dims{id})
        .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, dims{16});
    if (is_virtual) made.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, std::vector<char>{1});
    if (by_value) made.set(CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, std::vector<char>{1});
    made.finalize();
    return made;
}

struct sides {
    std::int64_t stride_h = 1, stride_w = 1, before_h = 0, before_w = 0, after_h = 0, after_w = 0, dilation = 1;
};
inline descriptor convolution(const sides& s) {
    descriptor made(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    made.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, std::vector{CUDNN_DATA_FLOAT})
        .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, std::vector{CUDNN_CROSS_CORRELATION})
        .set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, dims{2})
        .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, dims{s.before_h, s.before_w})
        .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, dims{s.after_h, s.after_w})
        .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, dims{s.stride_h, s.stride_w})
        .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, dims{s.dilation, s.dilation})
        .finalize();
    return made;
}
/// An operation from (attribute, descriptor) pairs.
inline descriptor operation(cudnnBackendDescriptorType_t kind,
                            std::initializer_list<std::pair<cudnnBackendAttributeName_t, const descriptor*>> children) {
    descriptor made(kind);
    for (const auto& [name, child] : children) made.set(name, *child);
    return made;
}
inline descriptor pointwise(cudnnPointwiseMode_t mode) {
    descriptor made(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    made.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, std::vector{mode})
        .set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, std::vector{CUDNN_DATA_FLOAT});
    return made;
}
inline descriptor graph_of(std::initializer_list<const descriptor*> operations) {
    std::vector<cudnnBackendDescriptor_t> raw;
    for (const descriptor* one : operations) raw.push_back(one->raw);
    descriptor made(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    made.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, raw).finalize();
    return made;
}

struct offer {
    descriptor config, engine;
    std::vector<cudnnBackendNumericalNote_t> notes;
    bool noted(cudnnBackendNumericalNote_t note) const {
        for (const auto one : notes)
            if (one == note) return true;
        return false;
    }
};
/// What heuristics offer for a graph.
inline std::vector<offer> offers(const descriptor& graph, cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_A,
                                 const descriptor* device = nullptr) {
    descriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph).set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, std::vector{mode});
    if (device != nullptr) heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *device);
    if (heuristics.try_finalize() != CUDNN_STATUS_SUCCESS) return {};
    std::int64_t count = 0;
    REQUIRE(cudnnBackendGetAttribute(heuristics.raw, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &count, nullptr) ==
            CUDNN_STATUS_SUCCESS);
    std::vector<descriptor> configs;
    std::vector<cudnnBackendDescriptor_t> raw;
    for (std::int64_t i = 0; i < count; ++i) raw.push_back(configs.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR).raw);
    REQUIRE(cudnnBackendGetAttribute(heuristics.raw, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, count, &count,
                                     raw.data()) == CUDNN_STATUS_SUCCESS);
    std::vector<offer> result;
    for (std::int64_t i = 0; i < count; ++i) {
        offer one{std::move(configs[static_cast<std::size_t>(i)]), descriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR), {}};
        std::int64_t notes = 0, got = 0;
        REQUIRE(cudnnBackendGetAttribute(one.config.raw, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &got,
                                         &one.engine.raw) == CUDNN_STATUS_SUCCESS);
        one.notes.resize(CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
        REQUIRE(cudnnBackendGetAttribute(one.engine.raw, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                         CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &notes, one.notes.data()) == CUDNN_STATUS_SUCCESS);
        one.notes.resize(static_cast<std::size_t>(notes));
        result.push_back(std::move(one));
    }
    return result;
}

inline std::size_t bytes_of(cudnnDataType_t type) { return type == CUDNN_DATA_FLOAT ? 4 : type == CUDNN_DATA_INT8 ? 1 : 2; }

/// Device memory with values of a type; freed at the end.
class buffer {
public:
    buffer(std::size_t count, cudnnDataType_t type = CUDNN_DATA_FLOAT) : count_(count), type_(type) {
        REQUIRE(cudaMalloc(&data, count * bytes_of(type)) == cudaSuccess);
    }
    buffer(const std::vector<float>& values, cudnnDataType_t type = CUDNN_DATA_FLOAT) : buffer(values.size(), type) {
        const vgpu::access open;
        for (std::size_t i = 0; i < count_; ++i) {
            if (type == CUDNN_DATA_FLOAT) static_cast<float*>(data)[i] = values[i];
            else static_cast<std::uint16_t*>(data)[i] = type == CUDNN_DATA_BFLOAT16 ? vgpu::to_bf16(values[i]) : vgpu::to_f16(values[i]);
        }
    }
    buffer(const buffer&) = delete;
    buffer& operator=(const buffer&) = delete;
    ~buffer() { cudaFree(data); }
    std::vector<float> read() const {
        REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
        const vgpu::access open;
        std::vector<float> values(count_);
        for (std::size_t i = 0; i < count_; ++i) {
            if (type_ == CUDNN_DATA_FLOAT) values[i] = static_cast<float*>(data)[i];
            else if (type_ == CUDNN_DATA_INT8) values[i] = static_cast<float>(static_cast<std::int8_t*>(data)[i]);
            else
                values[i] = type_ == CUDNN_DATA_BFLOAT16 ? vgpu::from_bf16(static_cast<std::uint16_t*>(data)[i])
                                                         : vgpu::from_f16(static_cast<std::uint16_t*>(data)[i]);
        }
        return values;
    }
    void* data = nullptr;

private:
    std::size_t count_;
    cudnnDataType_t type_;
};

struct handle {
    handle() { REQUIRE(cudnnCreate(&raw) == CUDNN_STATUS_SUCCESS); }
    handle(const handle&) = delete;
    handle& operator=(const handle&) = delete;
    ~handle() { cudnnDestroy(raw); }
    cudnnHandle_t raw = nullptr;
};

/// The plan of a config, run once with these pointers.
class plan {
public:
    explicit plan(const descriptor& config) : self(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR) {
        self.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config).finalize();
    }
    std::int64_t workspace() const {
        std::int64_t bytes = -1, count = 0;
        REQUIRE(cudnnBackendGetAttribute(self.raw, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &count, &bytes) ==
                CUDNN_STATUS_SUCCESS);
        return bytes;
    }
    cudnnStatus_t run(const handle& with, const std::map<std::int64_t, void*>& pointers) const {
        const buffer memory(static_cast<std::size_t>(workspace()) / 4 + 64);
        return run(with, pointers, memory.data);
    }
    cudnnStatus_t run(const handle& with, const std::map<std::int64_t, void*>& pointers, void* workspace_memory) const {
        dims ids;
        std::vector<void*> raw;
        for (const auto& [id, pointer] : pointers) ids.push_back(id), raw.push_back(pointer);
        descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
        pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, ids)
            .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, raw)
            .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, std::vector<void*>{workspace_memory})
            .finalize();
        const cudnnStatus_t status = cudnnBackendExecute(with.raw, self.raw, pack.raw);
        if (status == CUDNN_STATUS_SUCCESS) REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
        return status;
    }
    descriptor self;
};

inline std::vector<float> numbers(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 1000.0F;
    return values;
}
/// |a - b| / |b|
inline double distance(const std::vector<float>& a, const std::vector<float>& b) {
    REQUIRE(a.size() == b.size());
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference += (double{a[i]} - double{b[i]}) * (double{a[i]} - double{b[i]});
        size += double{b[i]} * double{b[i]};
    }
    return std::sqrt(difference / (size > 0 ? size : 1));
}

/// A machine, and no switch left from the test before.
struct cudnn_machine : machine {
    explicit cudnn_machine(std::uint64_t seed = 0) {
        vgpu::scramble(seed);
        vgpu::accept_all();
        vgpu::forget_seen();
    }
    ~cudnn_machine() {
        vgpu::scramble(0);
        vgpu::accept_all();
    }
};

// A 3x3 convolution of (2, 8, 8, 4) with padding 1, whose output is said to have so many columns.
class small_convolution {
public:
    explicit small_convolution(std::int64_t columns)
        : x_(tensor(1, CUDNN_DATA_FLOAT, {2, 4, 8, 8})),
          w_(tensor(2, CUDNN_DATA_FLOAT, {4, 4, 3, 3})),
          y_(tensor(3, CUDNN_DATA_FLOAT, {2, 4, 8, columns})),
          how_(convolution({1, 1, 1, 1, 1, 1, 1})) {}

    descriptor forward() const {  // not finalized
        return operation(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                         {{CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, &how_},
                          {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, &x_},
                          {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, &w_},
                          {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, &y_}});
    }

private:
    descriptor x_, w_, y_, how_;
};

}  // namespace testing
