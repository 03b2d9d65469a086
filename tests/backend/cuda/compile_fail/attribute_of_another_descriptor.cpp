// SPDX-License-Identifier: MIT
// expect: cudnn: this attribute does not belong to this kind of descriptor
#include <strata/backend/cuda/cudnn/descriptor.hpp>

void wrong() {
    strata::cudnn::descriptor<CUDNN_BACKEND_TENSOR_DESCRIPTOR> tensor;
    tensor.set<CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS>(std::int64_t{2});
}
