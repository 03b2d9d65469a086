// SPDX-License-Identifier: MIT
// expect: cudnn: this attribute holds values of another C++ type; attribute_type<Attribute> is it
#include <strata/backend/cuda/cudnn/descriptor.hpp>

void wrong() {
    strata::cudnn::descriptor<CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR> convolution;
    strata::cudnn::descriptor<CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR> window;
    convolution.set<CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X>(window);  // x is a tensor
}
