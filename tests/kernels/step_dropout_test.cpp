// SPDX-License-Identifier: MIT
// step_dropout draws what dropout draws at the state's step.
#include <strata/kernels/dropout.hpp>
#include <strata/kernels/step_dropout.hpp>

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

using namespace strata;

namespace {

template <typename T>
std::vector<float> run(const kernels::step_state& state, const std::vector<float>& src, std::uint32_t layer) {
    const auto count = static_cast<std::int64_t>(src.size());
    std::vector<T> from, to(src.size());
    for (const float value : src) from.push_back(static_cast<T>(value));
    const kernels::step_dropout<T> body{&state, from.data(), to.data(), count, 0.4f, layer};
    for (std::size_t b = 0; b < static_cast<std::size_t>(body.blocks(count)); ++b) body(b);
    std::vector<float> values;
    for (const T value : to) values.push_back(static_cast<float>(value));
    return values;
}

}  // namespace

TEST_CASE("the draws are those of the seed, the layer and the step that the state counts") {
    kernels::step_state state{};
    state.seed = 0x123456789abcdefull;
    for (const std::int64_t step : {std::int64_t{0}, std::int64_t{5}, (std::int64_t{1} << 32) + 5}) {
        state.step = step;
        std::vector<float> src;
        for (int i = 0; i < 1001; ++i) src.push_back(static_cast<float>(i + 1) * 0.37f);
        std::vector<float> wanted(src.size());
        const random_stream stream{state.seed, random_purpose::dropout, 9, static_cast<std::uint32_t>(step)};
        const kernels::dropout direct{src.data(), wanted.data(), 1001, 0.4f, stream};
        for (std::size_t b = 0; b < static_cast<std::size_t>(kernels::dropout::blocks(1001)); ++b) direct(b);
        CHECK(run<float>(state, src, 9) == wanted);
        CHECK(run<float>(state, src, 8) != wanted);
    }
}

TEST_CASE("bf16 values are dropped by the same draws, scaled in float, and rounded once") {
    kernels::step_state state{};
    state.seed = 3;
    const std::vector<float> ones(257, 1.0f);
    std::vector<float> wanted = run<float>(state, ones, 1);
    for (float& value : wanted) value = static_cast<float>(kernels::bf16(value));
    CHECK(run<kernels::bf16>(state, ones, 1) == wanted);
}
