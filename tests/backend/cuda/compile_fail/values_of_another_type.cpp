// SPDX-License-Identifier: MIT
// expect: cudnn: this attribute holds values of another C++ type; attribute_type<Attribute> is it
#include <strata/backend/cuda/cudnn/descriptor.hpp>

void wrong() {
    strata::cudnn::descriptor<CUDNN_BACKEND_RESAMPLE_DESCRIPTOR> window;
    window.set<CUDNN_ATTR_RESAMPLE_STRIDES>(std::array<std::int64_t, 2>{2, 2});  // fractions, not integers
}
