// SPDX-License-Identifier: MIT
// adam against Keras's and PyTorch's formulas in double precision, over several steps.
#include <strata/kernels/adam.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

using namespace strata;

namespace {

struct reference {
    std::vector<double> w, m, v;

    void keras(const std::vector<float>& g, double rate, double decay, int t) {
        for (std::size_t i = 0; i < w.size(); ++i) {
            const double gradient = static_cast<double>(g[i]);
            const double alpha = rate * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t));
            w[i] -= w[i] * decay * rate;
            m[i] += (gradient - m[i]) * (1 - 0.9);
            v[i] += (gradient * gradient - v[i]) * (1 - 0.999);
            w[i] -= m[i] * alpha / (std::sqrt(v[i]) + 1e-7);
        }
    }
    void torch(const std::vector<float>& g, double rate, double decay, int t) {
        for (std::size_t i = 0; i < w.size(); ++i) {
            const double gradient = static_cast<double>(g[i]) + decay * w[i];
            m[i] = 0.9 * m[i] + 0.1 * gradient;
            v[i] = 0.999 * v[i] + 0.001 * gradient * gradient;
            const double mean = m[i] / (1 - std::pow(0.9, t));
            w[i] -= rate * mean / (std::sqrt(v[i]) / std::sqrt(1 - std::pow(0.999, t)) + 1e-8);
        }
    }
};

std::vector<float> gradients(std::size_t count, int step) {
    std::vector<float> g(count);
    for (std::size_t i = 0; i < count; ++i)
        g[i] = std::sin(static_cast<float>(i * 7 + static_cast<std::size_t>(step) * 3)) * std::pow(10.0f, -static_cast<float>(i % 6));
    return g;
}

void compare(bool torch, float weight_decay) {
    const std::size_t count = 37;
    std::vector<float> w(count), m(count), v(count);
    for (std::size_t i = 0; i < count; ++i) w[i] = 0.5f - 0.03f * static_cast<float>(i);
    reference wanted{{w.begin(), w.end()}, std::vector<double>(count), std::vector<double>(count)};
    const kernels::adam_settings settings{
        .epsilon = torch ? 1e-8f : 1e-7f, .epsilon_hat = !torch, .weight_decay = weight_decay, .decoupled = !torch};
    for (int t = 1; t <= 20; ++t) {
        const std::vector<float> g = gradients(count, t);
        kernels::adam body = kernels::adam_at(settings, 1e-3f, t);
        body.parameter = w.data();
        body.gradient = g.data();
        body.m = m.data();
        body.v = v.data();
        for (std::size_t i = 0; i < count; ++i) body(i);
        const double decay = weight_decay == 0 ? 0 : 0.01;
        if (torch) wanted.torch(g, 1e-3, decay, t);
        else wanted.keras(g, 1e-3, decay, t);
        for (std::size_t i = 0; i < count; ++i) {
            CHECK(static_cast<double>(v[i]) == doctest::Approx(wanted.v[i]).epsilon(2e-6).scale(0));
            CHECK(std::abs(static_cast<double>(w[i]) - wanted.w[i]) < 1e-6);
        }
    }
    for (std::size_t i = 0; i < count; ++i) CHECK(std::abs(static_cast<double>(m[i]) - wanted.m[i]) < 1e-7);
}

}  // namespace

TEST_CASE("adam with epsilon beside the root is Keras's, over twenty steps") { compare(false, 0); }
TEST_CASE("adam with the corrected root is PyTorch's, over twenty steps") { compare(true, 0); }
TEST_CASE("weight decay is decoupled in Keras's form") { compare(false, 0.01f); }
TEST_CASE("weight decay goes into the gradient in PyTorch's form") { compare(true, 0.01f); }

TEST_CASE("the coefficients of the first and of a late step") {
    const kernels::adam first = kernels::adam_at({}, 1e-3f, 1);
    CHECK(static_cast<double>(first.alpha) == doctest::Approx(1e-3 * std::sqrt(0.001) / 0.1).epsilon(1e-7));
    CHECK(first.rest2 == 0.001f);
    CHECK(first.root_correction == 1.0f);
    const kernels::adam late = kernels::adam_at({.epsilon_hat = false}, 1e-3f, 1'000'000);
    CHECK(late.alpha == 1e-3f);
    CHECK(late.root_correction == 1.0f);
}

TEST_CASE("a zero gradient from the start moves nothing, and gives no NaN") {
    float w = 2.0f, m = 0, v = 0;
    const float g = 0;
    kernels::adam body = kernels::adam_at({}, 1e-3f, 1);
    body.parameter = &w;
    body.gradient = &g;
    body.m = &m;
    body.v = &v;
    body(0);
    CHECK(w == 2.0f);
}
