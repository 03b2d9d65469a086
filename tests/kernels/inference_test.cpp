// SPDX-License-Identifier: MIT
// fold_batch_norm and softmax_rows against their formulas.
#include <strata/kernels/inference.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

using namespace strata::kernels;

TEST_CASE("x * scale + shift is the batch norm of x") {
    const std::vector<float> gamma{1, 2, -0.5f}, beta{0, 1, 3}, mean{0, -2, 10}, variance{1, 0.25f, 0};
    std::vector<float> scale(3), shift(3);
    const fold_batch_norm body{gamma.data(), beta.data(), mean.data(), variance.data(), 1e-3f, scale.data(), shift.data()};
    for (std::size_t c = 0; c < 3; ++c) body(c);
    for (std::size_t c = 0; c < 3; ++c) {
        const double x = 1.75, deviation = std::sqrt(static_cast<double>(variance[c]) + 1e-3);
        const double wanted = static_cast<double>(gamma[c]) * (x - static_cast<double>(mean[c])) / deviation + static_cast<double>(beta[c]);
        CHECK(x * static_cast<double>(scale[c]) + static_cast<double>(shift[c]) == doctest::Approx(wanted).epsilon(1e-5));
    }
}

TEST_CASE("softmax of padded rows is a distribution over the classes alone, and large logits do no harm") {
    const std::vector<float> logits{1, 2, 3, 1e9f, 1000, 1000, -1000, 1e9f};
    std::vector<float> out(6);
    const softmax_rows body{logits.data(), 4, 3, out.data()};
    body(0);
    body(1);
    const double sum = std::exp(1.0) + std::exp(2.0) + std::exp(3.0);
    CHECK(out[0] == doctest::Approx(std::exp(1.0) / sum));
    CHECK(out[2] == doctest::Approx(std::exp(3.0) / sum));
    CHECK(out[3] == 0.5f);
    CHECK(out[4] == 0.5f);
    CHECK(out[5] == 0.0f);
}
