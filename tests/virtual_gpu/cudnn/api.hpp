// SPDX-License-Identifier: MIT
// Handles of the virtual cuDNN, and the recording of its backend calls.
#pragma once

#include "descriptor.hpp"

#include <string>

namespace vgpu::dnn {

struct handle_box {  // what a cudnnBackendDescriptor_t points to
    descriptor_pointer self;
    std::uint64_t number;  // in the recording
};

namespace recording {
bool active();
void create(std::uint64_t number, cudnnBackendDescriptorType_t kind, cudnnStatus_t status);
void destroy(std::uint64_t number, cudnnStatus_t status);
void finalize(std::uint64_t number, cudnnStatus_t status);
/// `children`: the numbers of descriptors among the values.
void set(std::uint64_t number, int name, cudnnBackendAttributeType_t type, std::int64_t count, cudnnStatus_t status, const void* values,
         const std::vector<std::uint64_t>& children);
/// `flags`: of the engine configs that heuristics gave, whether each is noted TENSOR_CORE or DOWN_CONVERT_INPUTS.
void get(std::uint64_t number, int name, cudnnBackendAttributeType_t type, std::int64_t asked, cudnnStatus_t status, std::int64_t count,
         const std::vector<std::uint64_t>& children, const std::string& flags);
/// What is finalized next is asked for the machine's own GPU.
void own_gpu(std::uint64_t number, int compute_capability);
}  // namespace recording

}  // namespace vgpu::dnn
