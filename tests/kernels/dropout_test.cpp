// SPDX-License-Identifier: MIT
// dropout: the draws decide, the kept values are scaled, and backward draws the same again.
#include <strata/kernels/dropout.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

using namespace strata;

namespace {

std::vector<float> run(const std::vector<float>& src, float rate, const random_stream& stream) {
    std::vector<float> dst(src.size() + 1, -9.0f);
    const auto count = static_cast<std::int64_t>(src.size());
    const kernels::dropout body{src.data(), dst.data(), count, rate, stream};
    for (std::size_t b = 0; b < static_cast<std::size_t>(kernels::dropout::blocks(count)); ++b) body(b);
    CHECK(dst.back() == -9.0f);  // wrote past the end
    dst.pop_back();
    return dst;
}

const random_stream stream{.seed = 5, .purpose = random_purpose::dropout, .layer = 3, .step = 17};

}  // namespace

TEST_CASE("value number i is kept exactly when draw number i is at least the rate") {
    for (const std::size_t count : {1u, 3u, 4u, 5u, 1023u}) {
        for (const float rate : {0.0f, 0.25f, 0.5f, 0.9f}) {
            const std::vector<float> out = run(std::vector<float>(count, 3.0f), rate, stream);
            bool same = true;
            for (std::size_t i = 0; i < count; ++i) {
                const float wanted = stream.uniform(i) >= rate ? 3.0f * (1.0f / (1.0f - rate)) : 0.0f;
                same = same && out[i] == wanted;
            }
            CHECK(same);
        }
    }
}

TEST_CASE("a draw that equals the rate keeps the value") {
    const std::vector<float> out = run(std::vector<float>(8, 1.0f), stream.uniform(5), stream);
    CHECK(out[5] > 0.0f);
}

TEST_CASE("the share of dropped values is the rate, and the mean stays") {
    const std::size_t count = 100000;
    const std::vector<float> out = run(std::vector<float>(count, 1.0f), 0.3f, stream);
    double sum = 0, dropped = 0;
    for (const float value : out) {
        sum += static_cast<double>(value);
        dropped += value == 0 ? 1 : 0;
    }
    CHECK(dropped / count == doctest::Approx(0.3).epsilon(0.02));  // 6 standard deviations
    CHECK(sum / count == doctest::Approx(1.0).epsilon(0.02));
}

TEST_CASE("another step, layer or seed drops other values; the same stream drops the same") {
    const std::vector<float> ones(256, 1.0f);
    const std::vector<float> out = run(ones, 0.5f, stream);
    CHECK(out == run(ones, 0.5f, stream));
    random_stream other = stream;
    other.step = 18;
    CHECK(out != run(ones, 0.5f, other));
    other = stream;
    other.layer = 4;
    CHECK(out != run(ones, 0.5f, other));
    other = stream;
    other.seed = 6;
    CHECK(out != run(ones, 0.5f, other));
}

TEST_CASE("a dropped value is zero even when it was infinite or NaN") {
    const std::vector<float> out = run(std::vector<float>(64, __builtin_inff()), 0.5f, stream);
    for (std::size_t i = 0; i < out.size(); ++i) CHECK(out[i] == (stream.uniform(i) >= 0.5f ? __builtin_inff() : 0.0f));
}
