// SPDX-License-Identifier: MIT
// The calls behind descriptor<Kind>, free of its type.
#pragma once

#include <strata/backend/cuda/cudnn/descriptor.hpp>

namespace strata::inline STRATA_ABI::cudnn {

STRATA_INLINE any_descriptor::any_descriptor(descriptor_kind kind) {
    check(cudnnBackendCreateDescriptor(kind, &raw_), "making a descriptor of kind " + std::to_string(static_cast<int>(kind)));
}

STRATA_INLINE any_descriptor::~any_descriptor() {
    if (raw_ != nullptr) cudnnBackendDestroyDescriptor(raw_);
}

namespace detail {

STRATA_INLINE void set_attribute(cudnnBackendDescriptor_t of, attribute_name name, cudnnBackendAttributeType_t type, std::size_t count,
                                 const void* values, std::string_view words) {
    const cudnnStatus_t status = cudnnBackendSetAttribute(of, name, type, static_cast<std::int64_t>(count), values);
    if (status != CUDNN_STATUS_SUCCESS) check(status, "setting " + std::string(words));
}

STRATA_INLINE std::size_t count_attribute(cudnnBackendDescriptor_t of, attribute_name name, cudnnBackendAttributeType_t type,
                                          std::string_view words) {
    std::int64_t count = 0;
    const cudnnStatus_t status = cudnnBackendGetAttribute(of, name, type, 0, &count, nullptr);
    if (status != CUDNN_STATUS_SUCCESS) check(status, "counting " + std::string(words));
    return static_cast<std::size_t>(count);
}

STRATA_INLINE std::size_t get_attribute(cudnnBackendDescriptor_t of, attribute_name name, cudnnBackendAttributeType_t type,
                                        std::size_t room, void* values, std::string_view words) {
    if (room == 0) return 0;
    std::int64_t count = 0;
    const cudnnStatus_t status = cudnnBackendGetAttribute(of, name, type, static_cast<std::int64_t>(room), &count, values);
    if (status != CUDNN_STATUS_SUCCESS) check(status, "reading " + std::string(words));
    return static_cast<std::size_t>(count) < room ? static_cast<std::size_t>(count) : room;
}

STRATA_INLINE void finalize(cudnnBackendDescriptor_t which, std::string_view words) {
    const cudnnStatus_t status = cudnnBackendFinalize(which);
    if (status != CUDNN_STATUS_SUCCESS) check(status, "finalizing " + std::string(words));
}

}  // namespace detail
}  // namespace strata::inline STRATA_ABI::cudnn
