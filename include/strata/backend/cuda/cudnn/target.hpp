// SPDX-License-Identifier: MIT
// The GPU that a plan is made for: the one of a handle, or one that is only described and need not be in this machine.
#pragma once

#include <strata/core/config.hpp>
#include <strata/backend/cuda/cudnn/descriptor.hpp>
#include <strata/backend/cuda/cudnn/handle.hpp>

#include <string>

namespace strata::inline STRATA_ABI {
namespace cudnn {

// The GPU that plans are made for. Move-only.
class target {
public:
    // A GPU that need not be here: cuDNN's JSON description (tests/devices). Throws invalid_input with cuDNN's text when it is not one.
    static target described(const std::string& json);
    static target of(const handle& handle);

    const descriptor<CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR>& get() const { return descriptor_; }
    std::string json() const;  // the description, for keys of the plan cache

private:
    target() = default;
    descriptor<CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR> descriptor_;
};

}  // namespace cudnn
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/cudnn/target.ipp>
#endif
