// SPDX-License-Identifier: MIT
// sgd against Keras's and PyTorch's formulas in double precision, with a learning rate that changes.
#include <strata/kernels/sgd.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

using namespace strata;

namespace {

void compare(double momentum, bool nesterov, bool keras, double weight_decay) {
    const std::size_t count = 13;
    std::vector<float> w(count), velocity(count), g(count);
    std::vector<double> wanted(count), v(count);
    for (std::size_t i = 0; i < count; ++i) wanted[i] = static_cast<double>(w[i] = 1.0f - 0.1f * static_cast<float>(i));
    for (int t = 0; t < 10; ++t) {
        const double rate = t < 5 ? 0.1 : 0.01;
        for (std::size_t i = 0; i < count; ++i) g[i] = std::cos(static_cast<float>(i) + static_cast<float>(t));
        const kernels::sgd body{.parameter = w.data(),
                                .gradient = g.data(),
                                .velocity = momentum > 0 ? velocity.data() : nullptr,
                                .rate = static_cast<float>(rate),
                                .momentum = static_cast<float>(momentum),
                                .nesterov = nesterov,
                                .velocity_holds_rate = keras,
                                .decay = keras ? static_cast<float>(rate * weight_decay) : 0.0f,
                                .l2 = keras ? 0.0f : static_cast<float>(weight_decay)};
        for (std::size_t i = 0; i < count; ++i) body(i);
        for (std::size_t i = 0; i < count; ++i) {
            double gradient = static_cast<double>(g[i]);
            if (keras) wanted[i] -= wanted[i] * weight_decay * rate;
            else gradient += weight_decay * wanted[i];
            if (momentum == 0) {
                wanted[i] -= rate * gradient;
            } else if (keras) {
                v[i] = momentum * v[i] - rate * gradient;
                wanted[i] += nesterov ? momentum * v[i] - rate * gradient : v[i];
            } else {
                v[i] = momentum * v[i] + gradient;
                wanted[i] -= rate * (nesterov ? gradient + momentum * v[i] : v[i]);
            }
            CHECK(std::abs(static_cast<double>(w[i]) - wanted[i]) < 2e-6);
            CHECK(std::abs(static_cast<double>(velocity[i]) - v[i]) < 2e-6);
        }
    }
}

}  // namespace

TEST_CASE("sgd without momentum subtracts the scaled gradient") { compare(0, false, true, 0); }
TEST_CASE("momentum in Keras's form keeps the rate inside the velocity") { compare(0.9, false, true, 0); }
TEST_CASE("momentum in PyTorch's form keeps the rate outside the velocity") { compare(0.9, false, false, 0); }
TEST_CASE("Nesterov in Keras's form") { compare(0.9, true, true, 0); }
TEST_CASE("Nesterov in PyTorch's form") { compare(0.9, true, false, 0); }
TEST_CASE("weight decay, decoupled and in the gradient") {
    compare(0.9, true, true, 0.05);
    compare(0.9, true, false, 0.05);
    compare(0, false, false, 0.05);
}
