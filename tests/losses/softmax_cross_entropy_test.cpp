// SPDX-License-Identifier: MIT
// The loss as a value. Its arithmetic is tested where it is computed: tests/kernels/softmax_cross_entropy_test.cpp on the body,
// tests/training/golden_test.cpp against Keras and PyTorch, tests/backend/cpu on the device.
#include <strata/losses/softmax_cross_entropy.hpp>

#include <doctest/doctest.h>

#include <type_traits>

TEST_CASE("labels are not smoothed unless asked for") {
    static_assert(std::is_aggregate_v<strata::softmax_cross_entropy>);
    CHECK(strata::softmax_cross_entropy{}.label_smoothing == 0.0f);
    CHECK(strata::softmax_cross_entropy{.label_smoothing = 0.1f}.label_smoothing == 0.1f);
}
