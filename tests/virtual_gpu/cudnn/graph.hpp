// SPDX-License-Identifier: MIT
// An operation graph as the virtual cuDNN sees it: the operations in an order in which they can run, with the tensors that they read and
// write, all taken from the caller's descriptors.
#pragma once

#include "descriptor.hpp"

#include <string>
#include <utility>
#include <vector>

namespace vgpu::dnn {

struct tensor {
    std::int64_t id = 0;
    cudnnDataType_t type = CUDNN_DATA_FLOAT;
    std::vector<std::int64_t> dims, strides;
    std::int64_t alignment = 1;
    bool is_virtual = false, by_value = false;

    std::size_t count() const;   // elements
    std::size_t extent() const;  // bytes from the first to the last element
    bool channels_last() const;  // four dimensions N, C, H, W whose memory is (N, H, W, C) without gaps
    bool packed() const;         // dims in order, without gaps
};
bool operator==(const tensor& a, const tensor& b);
std::size_t bytes_of(cudnnDataType_t type);
std::string to_string(const tensor& one);  // "3 (8,16,4,4) f32"

using operand_list = std::vector<std::pair<int, tensor>>;  // by the attribute that names the tensor

struct operation {
    cudnnBackendDescriptorType_t kind;
    descriptor_pointer self, settings;  // the operation's descriptor, and its convolution, pointwise, ... descriptor where it has one
    std::string name;                   // "convolution_forward", "relu_backward", "add"
    operand_list reads, writes;

    const tensor* find(int attribute) const;
    const tensor& at(int attribute) const { return *find(attribute); }
};

struct graph {
    std::vector<operation> operations;
    std::string name;            // the operations' names, joined with "+"
    std::vector<tensor> bound;   // what a variant pack must give: tensors that are not virtual, each once
    std::vector<std::int64_t> written;  // ids of those that the graph writes

    bool writes(std::int64_t id) const;
};

/// The operation that one descriptor describes; shapes and types are checked. Throws a refusal.
operation read_operation(const descriptor_pointer& self);
std::shared_ptr<const graph> read_graph(const std::vector<descriptor_pointer>& operations);
tensor read_tensor(const descriptor& self);

}  // namespace vgpu::dnn
