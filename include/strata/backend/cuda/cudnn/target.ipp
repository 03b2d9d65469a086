// SPDX-License-Identifier: MIT
// Device properties: from text, or from a handle.
#pragma once

#include <strata/backend/cuda/cudnn/target.hpp>

#include <string_view>
#include <vector>

namespace strata::inline STRATA_ABI::cudnn {

STRATA_INLINE target target::described(const std::string& json) {
    try {
        target result;
        result.descriptor_.set<CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION>(std::string_view(json)).finalize();
        return result;
    } catch (const cudnn_error& e) { throw invalid_input(std::string("this does not describe a GPU to cuDNN: ") + e.what()); }
}

STRATA_INLINE target target::of(const handle& handle) {
    target result;
    result.descriptor_.set<CUDNN_ATTR_DEVICEPROP_HANDLE>(handle.get()).finalize();
    return result;
}

STRATA_INLINE std::string target::json() const {
    const std::vector<char> text = descriptor_.get_all<CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION>();
    std::string result(text.begin(), text.end());
    while (!result.empty() && result.back() == '\0') result.pop_back();
    return result;
}

}  // namespace strata::inline STRATA_ABI::cudnn
