// SPDX-License-Identifier: MIT
// Facts that the compiler checks; tests/backend/cuda/compile_fail has what must not compile.
#include <strata/backend/cuda/cudnn/attributes.hpp>
#include <strata/backend/cuda/cudnn/descriptor.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <type_traits>

using namespace strata::cudnn;

using tensor_descriptor = descriptor<CUDNN_BACKEND_TENSOR_DESCRIPTOR>;
static_assert(std::is_same_v<attribute_type<CUDNN_ATTR_TENSOR_STRIDES>, std::int64_t>);
static_assert(std::is_same_v<attribute_type<CUDNN_ATTR_RESAMPLE_STRIDES>, cudnnFraction_t>);
static_assert(std::is_same_v<attribute_type<CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA>, float>);
static_assert(std::is_same_v<attribute_type<CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X>, tensor_descriptor>);
static_assert(attribute_of<CUDNN_BACKEND_TENSOR_DESCRIPTOR, CUDNN_ATTR_TENSOR_STRIDES>);
static_assert(!attribute_of<CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, CUDNN_ATTR_TENSOR_STRIDES>);
static_assert(facts_of(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE).owner == no_kind);  // not taught yet

TEST_CASE("cuDNN agrees with the table: each attribute of a convolution takes values of its type") {
    // A wrong type or a wrong owner is BAD_PARAM when it is set.
    descriptor<CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR> convolution;
    const std::array<std::int64_t, 2> pair{1, 1};
    CHECK_NOTHROW(convolution.set<CUDNN_ATTR_CONVOLUTION_COMP_TYPE>(CUDNN_DATA_FLOAT)
                      .set<CUDNN_ATTR_CONVOLUTION_CONV_MODE>(CUDNN_CROSS_CORRELATION)
                      .set<CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS>(std::int64_t{2})
                      .set<CUDNN_ATTR_CONVOLUTION_DILATIONS>(pair)
                      .set<CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES>(pair)
                      .set<CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS>(pair)
                      .set<CUDNN_ATTR_CONVOLUTION_POST_PADDINGS>(pair)
                      .finalize());
    CHECK(convolution.get_all<CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS>() == std::vector<std::int64_t>{1, 1});
}
