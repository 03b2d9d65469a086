// SPDX-License-Identifier: MIT
// begin_step, end_step and end_evaluation: the coefficients are those of adam_at, and the counters move as the CPU's executor moves its.
#include <strata/kernels/step.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

using namespace strata::kernels;

namespace {

const std::vector<float> rates{1e-3f, 5e-4f};

step_state fresh() {
    step_state state{};
    state.rates = rates.data();
    state.rate_count = static_cast<std::int64_t>(rates.size());
    return state;
}

// The rows of a batch: losses i + 0.5, every third row right.
struct rows {
    std::vector<float> loss, correct;
    explicit rows(int batch) {
        for (int i = 0; i < batch; ++i) {
            loss.push_back(static_cast<float>(i) + 0.5f);
            correct.push_back(i % 3 == 0 ? 1.0f : 0.0f);
        }
    }
};

}  // namespace

TEST_CASE("adam's coefficients are those of the step, counted from where its slots were zero") {
    for (const bool epsilon_hat : {true, false}) {
        for (const bool decoupled : {true, false}) {
            const adam_settings settings{.epsilon_hat = epsilon_hat, .weight_decay = 0.1f, .decoupled = decoupled};
            step_state state = fresh();
            state.step = 12;
            state.slots_zero_at = 5;
            state.epoch_step = 1;
            state.found_non_finite = 1;
            begin_step{&state, settings, true}(0);
            const adam wanted = adam_at(settings, 5e-4f, 8);
            CHECK(state.rate == 5e-4f);
            CHECK(state.alpha == wanted.alpha);
            CHECK(state.root_correction == wanted.root_correction);
            CHECK(state.decay == wanted.decay);
            CHECK(state.found_non_finite == 0);
        }
    }
}

TEST_CASE("the last learning rate goes on; sgd's decay is the rate's share of the weight decay") {
    step_state state = fresh();
    state.epoch_step = 7;
    begin_step{&state, {.weight_decay = 0.25f, .decoupled = true}, false}(0);
    CHECK(state.rate == 5e-4f);
    CHECK(state.decay == 5e-4f * 0.25f);
    begin_step{&state, {.weight_decay = 0.25f, .decoupled = false}, false}(0);
    CHECK(state.decay == 0.0f);
}

TEST_CASE("a batch is added up as sum_stage adds it") {
    for (const int batch : {1, 37, 256, 257, 1000}) {
        std::vector<float> values;
        for (int i = 0; i < batch; ++i) values.push_back(1.0f / static_cast<float>(i + 3));
        std::vector<double> partial(static_cast<std::size_t>(sum_stage::blocks(batch)));
        for (std::size_t b = 0; b < partial.size(); ++b) sum_stage{values.data(), batch, partial.data()}(b);
        CHECK(sum_of_rows(values.data(), batch) == sum_stage::total(partial.data(), sum_stage::blocks(batch)));
    }
}

TEST_CASE("a step reports the mean loss and the right rows, in the ring's next slot, and counts itself") {
    step_state state = fresh();
    state.step = 41;
    state.cursor = 64;
    state.epoch_step = 2;
    state.launched = 6;
    const rows batch(5);
    std::vector<step_report> ring(4);
    end_step{&state, batch.loss.data(), batch.correct.data(), 5, ring.data(), 4}(0);
    const step_report& report = ring[2];
    CHECK(report.step == 42);
    CHECK(report.loss == 2.5f);
    CHECK(report.rows == 5);
    CHECK(report.correct == 2);
    CHECK(report.non_finite == 0);
    CHECK(state.step == 42);
    CHECK(state.cursor == 69);
    CHECK(state.epoch_step == 3);
    CHECK(state.launched == 7);
    CHECK(state.non_finite == 0);
}

TEST_CASE("a step that is not finite is reported and not counted, and neither is any after it") {
    step_state state = fresh();
    state.step = 3;
    state.found_non_finite = 1;
    const rows batch(2);
    std::vector<step_report> ring(8);
    const end_step end{&state, batch.loss.data(), batch.correct.data(), 2, ring.data(), 8};
    end(0);
    begin_step{&state, {}, true}(0);  // clears the finding, not the latch
    end(0);
    for (int i = 0; i < 2; ++i) {
        CHECK(ring[static_cast<std::size_t>(i)].step == 4);
        CHECK(ring[static_cast<std::size_t>(i)].non_finite == 1);
    }
    CHECK(state.step == 3);
    CHECK(state.cursor == 4);
    CHECK(state.launched == 2);
}

TEST_CASE("an evaluation adds its batches") {
    step_state state{};
    const rows first(3), last(2);
    end_evaluation{&state, first.loss.data(), first.correct.data(), 3}(0);
    end_evaluation{&state, last.loss.data(), last.correct.data(), 2}(0);
    CHECK(state.loss_sum == 4.5 + 2.0);
    CHECK(state.correct == 2);
    CHECK(state.seen == 5);
    CHECK(state.cursor == 5);
}
