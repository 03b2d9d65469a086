// SPDX-License-Identifier: MIT
// Batch norm in lanes against plain loops in double precision: any number of channels, channels-last and blocked.
#include <strata/kernels/batch_norm_lanes.hpp>

#include <doctest/doctest.h>

#include <support/lanes.hpp>
#include <support/reference_operations.hpp>

#include <vector>

using namespace strata;
using namespace testing;

namespace {

constexpr float epsilon = 1e-3f;

// Batch norm's kernels in their order, over values in lanes.
struct in_lanes {
    kernels::lane_pictures of;
    std::vector<float> gamma, beta, mean, variance, factor, grad_gamma, grad_beta, along, constant;

    in_lanes(const kernels::lane_pictures& pictures, const values& g, const values& b)
        : of(pictures), gamma(to_floats(g)), beta(to_floats(b)) {
        for (auto* v : {&mean, &variance, &factor, &grad_gamma, &grad_beta, &along, &constant}) v->resize(gamma.size());
    }
    template <typename Kernel>
    static void run(std::int64_t count, const Kernel& kernel) {
        for (std::int64_t i = 0; i < count; ++i) kernel(static_cast<std::size_t>(i));
    }
    std::vector<float> forward(const std::vector<float>& x) {
        std::vector<float> partial(static_cast<std::size_t>(of.pictures * 2 * of.lanes), -7), y(x.size());
        run(of.pictures, kernels::lane_moments{x.data(), of, partial.data()});
        run(of.channels(), kernels::lane_statistics{partial.data(), of, mean.data(), variance.data()});
        run(of.channels(), kernels::lane_factor{gamma.data(), variance.data(), epsilon, factor.data()});
        run(of.rows(), kernels::lane_normalize{x.data(), mean.data(), factor.data(), beta.data(), of, y.data()});
        return y;
    }
    // Writes over dy. slope below 1: through a rectifier too, which wrote x.
    std::vector<float> backward(const std::vector<float>& x, std::vector<float> dy, float slope = 1) {
        std::vector<float> partial(static_cast<std::size_t>(of.pictures * 2 * of.lanes), -7);
        run(of.pictures, kernels::lane_gradient_sums{x.data(), dy.data(), mean.data(), of, partial.data()});
        run(of.channels(), kernels::lane_gradient_coefficients{partial.data(), variance.data(), factor.data(), of, epsilon,
                                                               grad_gamma.data(), grad_beta.data(), along.data(), constant.data()});
        const kernels::lane_gradient_chain chain{.grad_dst = dy.data(),
                                                 .src = x.data(),
                                                 .mean = mean.data(),
                                                 .factor = factor.data(),
                                                 .along = along.data(),
                                                 .constant = constant.data(),
                                                 .slope = slope};
        run(of.rows(), kernels::lane_gradient{chain, of, dy.data()});
        return dy;
    }
};

struct some {
    std::int64_t batch;
    shape s;
    int lanes;
};
const std::vector<some> cases{{1, {1, 2, 1}, 1},   {3, {1, 1, 5}, 5},  {2, {4, 3, 7}, 7},   {5, {3, 3, 33}, 33},
                              {4, {5, 2, 32}, 32}, {3, {2, 3, 32}, 8}, {2, {3, 1, 48}, 16}, {1, {7, 7, 16}, 8}};

}  // namespace

TEST_CASE("batch norm in lanes computes what the formulas say, forward and backward, in every layout") {
    dice draw(3);
    for (const some& c : cases) {
        const kernels::lane_pictures of = lane_pictures_of(c.batch, c.s, c.lanes);
        CAPTURE(c.s.channels);
        CAPTURE(c.lanes);
        const values x = draw.values(of.size(), -2, 3), dy = draw.values(of.size(), -1, 1);
        const values gamma = draw.values(of.channels(), 0.5, 2), beta = draw.values(of.channels(), -1, 1);
        values y(x.size()), dx(x.size(), 0), dgamma(gamma.size(), 0), dbeta(beta.size(), 0);
        const moments m = moments_of(x, c.s.channels);
        batch_norm_forward(x, gamma, beta, m, static_cast<double>(epsilon), y);
        batch_norm_backward(x, gamma, m, static_cast<double>(epsilon), dy, dx, dgamma, dbeta);
        in_lanes norm_of(of, gamma, beta);
        CHECK(relative_error(from_lanes(norm_of.forward(to_lanes(x, of)), of), y) < 1e-6);
        CHECK(relative_error(norm_of.mean, m.mean) < 1e-6);
        CHECK(relative_error(norm_of.variance, m.variance) < 1e-6);
        const values found = from_lanes(norm_of.backward(to_lanes(x, of), to_lanes(dy, of)), of);
        CHECK(distance(found, dx) < 2e-6 * norm(dy));
        CHECK(distance(norm_of.grad_gamma, dgamma) < 2e-6 * (norm(dgamma) + 1));
        CHECK(distance(norm_of.grad_beta, dbeta) < 2e-6 * (norm(dbeta) + 1));
    }
}

TEST_CASE("values far from zero keep their variance") {
    dice draw(4);
    const kernels::lane_pictures of = lane_pictures_of(6, {5, 5, 4}, 4);
    const values x = draw.values(of.size(), 1000, 1001), one(4, 1), zero(4, 0);
    in_lanes norm_of(of, one, zero);
    norm_of.forward(to_lanes(x, of));
    CHECK(relative_error(norm_of.variance, moments_of(x, 4).variance) < 1e-4);
}

TEST_CASE("a gradient that goes through the rectifier before batch norm is scaled by its slope where the value is not positive") {
    dice draw(5);
    const kernels::lane_pictures of = lane_pictures_of(2, {3, 2, 16}, 8);
    const values x = draw.values(of.size(), -1, 1), dy = draw.values(of.size(), -1, 1), gamma = draw.values(16, 1, 2), beta(16, 0);
    in_lanes norm_of(of, gamma, beta);
    const std::vector<float> at = to_lanes(x, of), grad = to_lanes(dy, of);
    norm_of.forward(at);
    const std::vector<float> plain = norm_of.backward(at, grad);
    for (const float slope : {0.0f, 0.25f}) {
        std::vector<float> wanted = plain;
        for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] *= at[i] > 0 ? 1.0f : slope;
        CHECK(norm_of.backward(at, grad, slope) == wanted);
    }
}
