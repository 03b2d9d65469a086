// SPDX-License-Identifier: MIT
// gather_batch and loss_rows: what they read through the state is what gather and softmax_cross_entropy_rows read directly.
#include <strata/kernels/gather.hpp>
#include <strata/kernels/step_batch.hpp>

#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

using namespace strata::kernels;

namespace {

constexpr std::int64_t size = 6;
constexpr int classes = 5;

// Five rows of data, taken in another order; two rows of the epoch are behind the cursor.
struct data {
    std::vector<std::uint8_t> bytes;
    std::vector<float> floats, one_hot;
    std::vector<std::int32_t> labels{3, 0, 4, 1, 2};
    std::vector<std::int64_t> order{4, 1, 3, 0, 2};
    step_state state{};

    data() {
        for (int i = 0; i < 5 * size; ++i) {
            bytes.push_back(static_cast<std::uint8_t>(i * 37 % 256));
            floats.push_back(static_cast<float>(i) * 0.25f - 3);
        }
        for (const std::int32_t label : labels) {
            for (int k = 0; k < classes; ++k) one_hot.push_back(k == label ? 1.0f : 0.0f);
        }
        state.rows = order.data();
        state.cursor = 2;
        state.scale = 1.0f / 255;
        state.offset = -0.5f;
        state.labels = labels.data();
    }
};

template <typename T>
std::vector<float> gathered(const step_state& state, std::int64_t batch) {
    std::vector<T> dst(static_cast<std::size_t>(batch * size));
    const gather_batch<T> body{&state, dst.data(), size};
    for (std::size_t i = 0; i < dst.size(); ++i) body(i);
    std::vector<float> values;
    for (const T value : dst) values.push_back(static_cast<float>(value));
    return values;
}

template <typename T>
std::vector<float> expected(const T* src, const data& d, std::int64_t batch) {
    std::vector<float> dst(static_cast<std::size_t>(batch * size));
    const gather<T> body{src, d.order.data() + d.state.cursor, dst.data(), size, d.state.scale, d.state.offset};
    for (std::size_t n = 0; n < static_cast<std::size_t>(batch); ++n) body(n);
    return dst;
}

const std::vector<float> logits{0.1f, 2.0f,  -1.0f, 0.5f, 0.0f, 9, 9, 9,  // padded to eight columns
                                3.0f, -2.0f, 0.25f, 1.0f, 1.5f, 9, 9, 9,  //
                                0.0f, 0.0f,  0.0f,  0.0f, 0.0f, 9, 9, 9};
std::vector<float> without_padding(const std::vector<float>& padded) {
    std::vector<float> values;
    for (std::size_t n = 0; n < 3; ++n)
        values.insert(values.end(), padded.begin() + static_cast<std::ptrdiff_t>(n * 8),
                      padded.begin() + static_cast<std::ptrdiff_t>(n * 8 + classes));
    return values;
}

}  // namespace

TEST_CASE("the batch begins at the cursor and follows the epoch's order, from bytes and from floats") {
    data d;
    d.state.bytes = d.bytes.data();
    CHECK(gathered<float>(d.state, 3) == expected(d.bytes.data(), d, 3));
    d.state.bytes = nullptr;
    d.state.floats = d.floats.data();
    CHECK(gathered<float>(d.state, 3) == expected(d.floats.data(), d, 3));
}

TEST_CASE("a bf16 batch is the float batch, rounded") {
    data d;
    d.state.bytes = d.bytes.data();
    std::vector<float> rounded = gathered<float>(d.state, 2);
    for (float& value : rounded) value = static_cast<float>(bf16(value));
    CHECK(gathered<bf16>(d.state, 2) == rounded);
}

TEST_CASE("loss, hits and gradient of padded rows are those of plain rows; the padding of the gradient is zero") {
    data d;
    const std::vector<float> plain = without_padding(logits);
    for (const bool hot : {false, true}) {
        d.state.labels = hot ? nullptr : d.labels.data();
        d.state.one_hot = hot ? d.one_hot.data() : nullptr;
        std::vector<float> grad(24, 7), loss(3), correct(3), wanted_grad(15), wanted_loss(3), wanted_correct(3);
        const loss_rows<float> body{&d.state, logits.data(), 8, classes, 0.1f, 1.0f / 3, grad.data(), loss.data(), correct.data()};
        const softmax_cross_entropy_rows direct{plain.data(), d.state.labels,     d.state.one_hot,    d.order.data() + 2,   classes, 0.1f,
                                                1.0f / 3,     wanted_grad.data(), wanted_loss.data(), wanted_correct.data()};
        for (std::size_t n = 0; n < 3; ++n) {
            body(n);
            direct(n);
        }
        CHECK(loss == wanted_loss);
        CHECK(correct == wanted_correct);
        CHECK(without_padding(grad) == wanted_grad);
        for (std::size_t n = 0; n < 3; ++n) {
            for (std::size_t k = classes; k < 8; ++k) CHECK(grad[n * 8 + k] == 0.0f);
        }
        CHECK(d.state.found_non_finite == 0);
    }
}

TEST_CASE("a bf16 gradient is the float gradient, rounded; without a gradient the losses are the same") {
    data d;
    std::vector<float> grad(24), loss(3), correct(3), loss_again(3);
    std::vector<bf16> half(24);
    for (std::size_t n = 0; n < 3; ++n) {
        loss_rows<float>{&d.state, logits.data(), 8, classes, 0, 0.5f, grad.data(), loss.data(), correct.data()}(n);
        loss_rows<bf16>{&d.state, logits.data(), 8, classes, 0, 0.5f, half.data(), loss_again.data(), correct.data()}(n);
        CHECK(loss == loss_again);
        loss_rows<float>{&d.state, logits.data(), 8, classes, 0, 0.5f, nullptr, loss_again.data(), correct.data()}(n);
    }
    CHECK(loss == loss_again);
    for (std::size_t i = 0; i < 24; ++i) CHECK(static_cast<float>(half[i]) == static_cast<float>(bf16(grad[i])));
}

TEST_CASE("a loss that is not finite is found") {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
        data d;
        std::vector<float> z = logits, loss(3), correct(3);
        z[0] = bad;  // the wanted class of the first row is 1: an infinite logit elsewhere costs nothing
        z[8 + 3] = bad;
        const loss_rows<float> body{&d.state, z.data(), 8, classes, 0, 1, nullptr, loss.data(), correct.data()};
        body(2);
        CHECK(d.state.found_non_finite == 0);
        body(0);
        CHECK(d.state.found_non_finite == (bad < 0 ? 0 : 1));
        body(1);
        CHECK(d.state.found_non_finite == 1);
    }
}
