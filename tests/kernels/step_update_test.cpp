// SPDX-License-Identifier: MIT
// What a step commits: the updates are those of adam, sgd and moving_statistics; the state's flags keep each from writing.
#include <strata/kernels/step_update.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

using namespace strata::kernels;

namespace {

const std::vector<float> gradient{0.5f, -1.25f, 0.0f, 3.0f, 1e-4f};
struct arrays {
    std::vector<float> w{1.0f, -2.0f, 0.125f, 0.3f, 7.0f}, m{0.1f, 0.2f, -0.3f, 0, 0}, v{0.01f, 0.02f, 0.5f, 0, 0};
    bool operator==(const arrays&) const = default;
};

step_state running() {
    step_state state{};
    state.rate = 0.01f;
    state.alpha = 0.003f;
    state.root_correction = 1.5f;
    state.decay = 0.001f;
    return state;
}

adam_update adam_of(const step_state& state, arrays& a, bf16* copy) {
    return {.state = &state,
            .parameter = a.w.data(),
            .gradient = gradient.data(),
            .m = a.m.data(),
            .v = a.v.data(),
            .epsilon = 1e-7f,
            .l2 = 0.01f,
            .rest1 = 0.1f,
            .rest2 = 0.001f,
            .copy = copy};
}
sgd_update sgd_of(const step_state& state, arrays& a, bool momentum, bool keras, bf16* copy) {
    return {.state = &state,
            .parameter = a.w.data(),
            .gradient = gradient.data(),
            .velocity = momentum ? a.v.data() : nullptr,
            .momentum = 0.9f,
            .l2 = 0.02f,
            .nesterov = keras,
            .velocity_holds_rate = keras,
            .copy = copy};
}

template <typename Body>
void run(const Body& body, std::size_t count = 5) {
    for (std::size_t i = 0; i < count; ++i) body(i);
}

}  // namespace

TEST_CASE("adam_update is adam with the step's coefficients, and the copy is the new parameter, rounded") {
    const step_state state = running();
    arrays a, b;
    std::vector<bf16> copy(5);
    run(adam_of(state, a, copy.data()));
    run(adam{.parameter = b.w.data(),
             .gradient = gradient.data(),
             .m = b.m.data(),
             .v = b.v.data(),
             .alpha = 0.003f,
             .epsilon = 1e-7f,
             .root_correction = 1.5f,
             .decay = 0.001f,
             .l2 = 0.01f,
             .rest1 = 0.1f,
             .rest2 = 0.001f});
    CHECK(a == b);
    CHECK(a.w != arrays{}.w);
    for (std::size_t i = 0; i < 5; ++i) CHECK(copy[i].bits == bf16(a.w[i]).bits);
}

TEST_CASE("sgd_update is sgd with the step's rate and decay") {
    const step_state state = running();
    for (const bool momentum : {false, true}) {
        for (const bool keras : {false, true}) {
            arrays a, b;
            run(sgd_of(state, a, momentum, keras, nullptr));
            run(sgd{.parameter = b.w.data(),
                    .gradient = gradient.data(),
                    .velocity = momentum ? b.v.data() : nullptr,
                    .rate = 0.01f,
                    .momentum = 0.9f,
                    .nesterov = keras,
                    .velocity_holds_rate = keras,
                    .decay = 0.001f,
                    .l2 = 0.02f});
            CHECK(a == b);
            CHECK(a.w != arrays{}.w);
        }
    }
}

TEST_CASE("nothing is written once a step was not finite") {
    for (const bool latched : {false, true}) {
        step_state state = running();
        (latched ? state.non_finite : state.found_non_finite) = 1;
        arrays a;
        std::vector<bf16> copy(5, bf16(9.0f));
        run(adam_of(state, a, copy.data()));
        run(sgd_of(state, a, true, true, copy.data()));
        float mean = 1, variance = 2;
        const float batch = 5;
        const normalized_layer layer{&batch, &batch, &mean, &variance, 1, 1e-3f, 0.9f, 1};
        run(update_statistics{&state, &layer, 1}, 1);
        CHECK(a == arrays{});
        CHECK(copy[0].bits == bf16(9.0f).bits);
        CHECK(mean == 1);
        CHECK(variance == 2);
    }
}

TEST_CASE("one launch moves the statistics of every layer as moving_statistics does") {
    const step_state state = running();
    constexpr float epsilon = 1e-3f;
    const std::vector<float> mean{0.5f, -1, 2, 7, 0}, variance{1, 0.25f, 4, 100, 0};
    std::vector<float> inverse;
    for (const float value : variance) inverse.push_back(1.0f / std::sqrt(value + epsilon));
    std::vector<float> moving_mean(5, 0.0f), moving_variance(5, 1.0f), wanted_mean(5, 0.0f), wanted_variance(5, 1.0f);
    const normalized_layer layers[]{
        {mean.data(), inverse.data(), moving_mean.data(), moving_variance.data(), 2, epsilon, 0.9f, 1.25f},
        {mean.data() + 2, inverse.data() + 2, moving_mean.data() + 2, moving_variance.data() + 2, 3, epsilon, 0.99f, 1.0f}};
    run(update_statistics{&state, layers, 2});
    run(moving_statistics{mean.data(), variance.data(), wanted_mean.data(), wanted_variance.data(), 0.9f, 1.25f}, 2);
    run(moving_statistics{mean.data() + 2, variance.data() + 2, wanted_mean.data() + 2, wanted_variance.data() + 2, 0.99f, 1.0f}, 3);
    CHECK(moving_mean == wanted_mean);
    for (std::size_t c = 0; c < 5; ++c) CHECK(moving_variance[c] == doctest::Approx(wanted_variance[c]).epsilon(1e-6));
}

TEST_CASE("a variance that rounding would make negative counts as zero") {
    const step_state state = running();
    const float inverse = std::nextafter(1.0f / std::sqrt(1e-3f), 100.0f), zero = 0;  // a little more than a variance of 0 allows
    float mean = 0, variance = 0;
    const normalized_layer layer{&zero, &inverse, &mean, &variance, 1, 1e-3f, 0.5f, 1};
    update_statistics{&state, &layer, 1}(0);
    CHECK(variance == 0.0f);
}

TEST_CASE("one NaN or infinity anywhere is found, in floats and in bf16, however many threads look") {
    for (const std::int64_t threads : {1, 3, 64}) {
        for (const std::size_t place : {std::size_t{0}, std::size_t{17}, std::size_t{99}}) {
            for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e38f}) {
                std::vector<float> values(100, 1e38f);
                values[place] = bad;
                std::vector<bf16> half;
                for (const float value : values) half.push_back(bf16(value));
                step_state state{}, state_of_half{};
                run(find_non_finite<float>{&state, values.data(), 100, 100, threads}, static_cast<std::size_t>(threads));
                run(find_non_finite<bf16>{&state_of_half, half.data(), 100, 100, threads}, static_cast<std::size_t>(threads));
                CHECK(state.found_non_finite == (bad == 1e38f ? 0 : 1));
                CHECK(state_of_half.found_non_finite == state.found_non_finite);
            }
        }
    }
}

TEST_CASE("an inverse deviation of 0, or one that gives an infinite variance, is found; the same values among gradients are not") {
    for (const std::int64_t threads : {1, 3, 64}) {
        for (const float bad : {0.0f, 1e-20f, std::numeric_limits<float>::infinity(), 5e-19f}) {
            std::vector<float> values(100, 0.0f);
            for (std::size_t i = 60; i < 100; ++i) values[i] = 0.75f;
            values[83] = bad;
            step_state state{};
            run(find_non_finite<float>{&state, values.data(), 60, 100, threads}, static_cast<std::size_t>(threads));
            CHECK(state.found_non_finite == (bad == 5e-19f ? 0 : 1));  // a variance of 4e36
        }
    }
}
