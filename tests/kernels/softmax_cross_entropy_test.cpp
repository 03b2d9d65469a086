// SPDX-License-Identifier: MIT
// softmax_cross_entropy_rows against the formulas in double precision.
#include <strata/kernels/softmax_cross_entropy.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

using namespace strata;

namespace {

struct outcome {
    std::vector<float> grad, loss, correct;
};

outcome run(const std::vector<float>& logits, int classes, const std::vector<std::int32_t>& labels, const std::vector<float>& one_hot,
            const std::vector<std::int64_t>& rows, float smoothing = 0, float grad_scale = 1) {
    outcome out{std::vector<float>(logits.size()), std::vector<float>(rows.size()), std::vector<float>(rows.size())};
    const kernels::softmax_cross_entropy_rows body{.logits = logits.data(),
                                                   .labels = labels.empty() ? nullptr : labels.data(),
                                                   .one_hot = one_hot.empty() ? nullptr : one_hot.data(),
                                                   .rows = rows.data(),
                                                   .classes = classes,
                                                   .smoothing = smoothing,
                                                   .grad_scale = grad_scale,
                                                   .grad = out.grad.data(),
                                                   .row_loss = out.loss.data(),
                                                   .row_correct = out.correct.data()};
    for (std::size_t n = 0; n < rows.size(); ++n) body(n);
    return out;
}

// The same in double, for a target of any weights.
void expect_row(const float* logits, const std::vector<double>& target, float loss, const float* grad, double grad_scale) {
    const std::size_t classes = target.size();
    double largest = -1e300, sum = 0, total = 0, wanted = 0;
    for (std::size_t k = 0; k < classes; ++k) largest = std::max(largest, static_cast<double>(logits[k]));
    for (std::size_t k = 0; k < classes; ++k) sum += std::exp(static_cast<double>(logits[k]) - largest);
    const double log_sum = std::log(sum) + largest;
    for (std::size_t k = 0; k < classes; ++k) {
        wanted += target[k] * (log_sum - static_cast<double>(logits[k]));
        total += target[k];
    }
    CHECK(static_cast<double>(loss) == doctest::Approx(wanted).epsilon(2e-6));
    for (std::size_t k = 0; k < classes; ++k) {
        const double p = std::exp(static_cast<double>(logits[k]) - log_sum);
        CHECK(std::abs(static_cast<double>(grad[k]) - grad_scale * (p * total - target[k])) < 1e-6 * grad_scale);
    }
}

}  // namespace

TEST_CASE("loss and gradient follow the formula for any class count and smoothing") {
    for (const int classes : {1, 2, 3, 10, 101}) {
        for (const float smoothing : {0.0f, 0.1f}) {
            const auto count = static_cast<std::size_t>(classes);
            std::vector<float> logits(3 * count);
            for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = 3.0f * std::sin(static_cast<float>(i) * 1.7f);
            const std::vector<std::int32_t> labels{0, classes - 1, classes / 2, 0};
            const std::vector<std::int64_t> rows{2, 1, 0};
            const outcome out = run(logits, classes, labels, {}, rows, smoothing, 1.0f / 3.0f);
            for (std::size_t n = 0; n < rows.size(); ++n) {
                std::vector<double> target(count, static_cast<double>(smoothing) / classes);
                target[static_cast<std::size_t>(labels[static_cast<std::size_t>(rows[n])])] += 1.0 - static_cast<double>(smoothing);
                expect_row(&logits[n * count], target, out.loss[n], &out.grad[n * count], 1.0 / 3.0);
            }
        }
    }
}

TEST_CASE("one-hot rows give what class indices give") {
    const std::vector<float> logits{0.3f, -1.0f, 2.0f, 1.0f, 1.5f, -0.5f};
    const outcome by_index = run(logits, 3, {2, 0}, {}, {0, 1}, 0.2f);
    const outcome by_row = run(logits, 3, {}, {0, 0, 1, 1, 0, 0}, {0, 1}, 0.2f);
    CHECK(by_index.loss == by_row.loss);
    CHECK(by_index.grad == by_row.grad);
    CHECK(by_index.correct == std::vector<float>{1.0f, 0.0f});
    CHECK(by_row.correct == by_index.correct);
}

TEST_CASE("targets that are no single class, and do not add up to one, follow the formula") {
    const std::vector<float> logits{0.3f, -1.0f, 2.0f};
    const outcome out = run(logits, 3, {}, {0.25f, 0.5f, 0.5f}, {0});
    expect_row(logits.data(), {0.25, 0.5, 0.5}, out.loss[0], out.grad.data(), 1.0);
}

TEST_CASE("very large and very small logits neither overflow nor lose the loss") {
    const std::vector<float> logits{1000.0f, 0.0f, -1000.0f, -5000.0f, -5001.0f, -5000.0f};
    const outcome out = run(logits, 3, {1, 0}, {}, {0, 1});
    CHECK(out.loss[0] == doctest::Approx(1000.0));
    CHECK(static_cast<double>(out.loss[1]) == doctest::Approx(std::log(2.0 + std::exp(-1.0))));
    CHECK(out.grad[0] == doctest::Approx(1.0));
    CHECK(out.grad[1] == doctest::Approx(-1.0));
}

TEST_CASE("a logit of minus infinity is a probability of zero") {
    const float infinity = std::numeric_limits<float>::infinity();
    const outcome out = run({0.0f, -infinity, 0.0f}, 3, {0}, {}, {0});
    CHECK(static_cast<double>(out.loss[0]) == doctest::Approx(std::log(2.0)));
    CHECK(out.grad[1] == 0.0f);
}

TEST_CASE("a NaN among the logits makes the loss NaN, wherever it stands") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (std::size_t at = 0; at < 3; ++at) {
        std::vector<float> logits{1.0f, 2.0f, 3.0f};
        logits[at] = nan;
        CHECK(std::isnan(run(logits, 3, {2}, {}, {0}).loss[0]));
        CHECK(std::isnan(run(logits, 3, {}, {1, 0, 0}, {0}).loss[0]));
        CHECK(std::isnan(run(logits, 3, {}, {0, 0, 0}, {0}).loss[0]));  // a target without any weight
    }
    const float infinity = std::numeric_limits<float>::infinity();
    CHECK(std::isnan(run({infinity, 0.0f}, 2, {0}, {}, {0}).loss[0]));
}

TEST_CASE("of equal largest logits the first one counts") {
    const outcome out = run({2.0f, 2.0f, 2.0f, 2.0f}, 2, {0, 1}, {}, {0, 1});
    CHECK(out.correct == std::vector<float>{1.0f, 0.0f});
}

TEST_CASE("without a gradient the loss is the same, and the gradient may replace the logits") {
    std::vector<float> logits{0.5f, 1.5f, -0.5f};
    const outcome apart = run(logits, 3, {0}, {}, {0});
    const std::vector<std::int32_t> labels{0};
    const std::vector<std::int64_t> rows{0};
    float loss = 0, correct = 0;
    kernels::softmax_cross_entropy_rows body{.logits = logits.data(),
                                             .labels = labels.data(),
                                             .one_hot = nullptr,
                                             .rows = rows.data(),
                                             .classes = 3,
                                             .smoothing = 0,
                                             .grad_scale = 1,
                                             .grad = nullptr,
                                             .row_loss = &loss,
                                             .row_correct = &correct};
    body(0);
    CHECK(loss == apart.loss[0]);
    body.grad = logits.data();
    body(0);
    CHECK(logits == apart.grad);
}
