// SPDX-License-Identifier: MIT
// moving_statistics against both conventions' formulas.
#include <strata/kernels/moving_statistics.hpp>

#include <initializer_list>

#include <doctest/doctest.h>

using namespace strata;

TEST_CASE("Keras moves towards the biased variance, PyTorch towards the unbiased one") {
    const float batch_mean[2] = {4.0f, -1.0f}, batch_variance[2] = {2.0f, 0.5f};
    for (const bool unbiased : {false, true}) {
        float mean[2] = {0.0f, 1.0f}, variance[2] = {1.0f, 3.0f};
        const float momentum = unbiased ? 0.9f : 0.99f;
        const kernels::moving_statistics body{batch_mean, batch_variance, mean,
                                              variance,   momentum,       kernels::moving_statistics::scale_of(20, unbiased)};
        body(0);
        body(1);
        const double keep = unbiased ? 0.9 : 0.99, scale = unbiased ? 20.0 / 19.0 : 1.0;
        CHECK(static_cast<double>(mean[0]) == doctest::Approx(4.0 * (1 - keep)).epsilon(1e-5));
        CHECK(static_cast<double>(mean[1]) == doctest::Approx(keep - (1 - keep)).epsilon(1e-5));
        CHECK(static_cast<double>(variance[0]) == doctest::Approx(keep + 2.0 * scale * (1 - keep)).epsilon(1e-6));
        CHECK(static_cast<double>(variance[1]) == doctest::Approx(3.0 * keep + 0.5 * scale * (1 - keep)).epsilon(1e-6));
    }
}

TEST_CASE("one value per channel has no unbiased variance: its biased one is taken") {
    CHECK(kernels::moving_statistics::scale_of(1, true) == 1.0f);
    CHECK(kernels::moving_statistics::scale_of(2, true) == 2.0f);
    CHECK(kernels::moving_statistics::scale_of(2, false) == 1.0f);
}
