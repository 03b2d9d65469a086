// SPDX-License-Identifier: MIT
// expect: cudnn: this attribute holds values of another C++ type; attribute_type<Attribute> is it
#include <strata/backend/cuda/cudnn/descriptor.hpp>

void wrong() {
    strata::cudnn::descriptor<CUDNN_BACKEND_TENSOR_DESCRIPTOR> tensor;
    tensor.set<CUDNN_ATTR_TENSOR_UNIQUE_ID>(7);  // an int: the attribute holds std::int64_t
}
