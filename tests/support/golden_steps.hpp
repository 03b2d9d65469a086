// SPDX-License-Identifier: MIT
// Whole training steps of the small AlexNet on a device against Keras and PyTorch, each from the same stored state: loss, every gradient,
// moving statistics, parameters and Adam's state after; then prediction. The stored dropout masks are applied by a custom operation,
// whose kernels the device was opened with.
// Tolerances: the frameworks' own f32 gradients are up to 1.4e-5 from float64 (tests/golden/README.md); 1e-4 leaves room for another
// order of summation and none for another formula.
#pragma once

#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/custom.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/max_pool2d.hpp>
#include <strata/layers/relu.hpp>
#include <strata/strata.hpp>

#include <doctest/doctest.h>

#include <support/device_step.hpp>
#include <support/golden.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

namespace testing {

using namespace strata;

inline const custom_operation masked_dropout_operation{"masked_dropout"};

// What the kernels of that operation apply: 1 where a unit is kept. The attribute says which of the two.
struct stored_masks {
    std::vector<float> of[2];
    bool applied = true;  // false: prediction
};
inline stored_masks golden_masks;

// models/alexnet_cifar at the widths of tests/golden/canonical.py.
inline strata::program small_alexnet() {
    program p({32, 32, 3});
    tensor x = p.input();
    const struct {
        int filters, kernel;
        bool pool;
    } convolutions[] = {{4, 3, true}, {6, 5, true}, {8, 3, false}, {8, 3, false}, {6, 3, true}};
    for (const auto& c : convolutions) {
        x = build::relu(p, build::conv2d(p, x, {.filters = c.filters, .win = same(c.kernel)}));
        if (c.pool) x = build::max_pool2d(p, x, valid(3, 2));
        x = build::batch_norm(p, x);
    }
    x = build::flatten(p, x);
    for (int i = 0; i < 2; ++i) {
        x = build::relu(p, build::dense(p, x, {.units = i == 0 ? 16 : 12}));
        x = build::custom(p, x, {.operation = &masked_dropout_operation, .output = p.of(x), .attribute = static_cast<float>(i)});
    }
    build::dense(p, x, {.units = 10});
    p.check();
    return p;
}

using arrays = std::vector<std::vector<float>>;

struct stored_step {
    const golden& from;
    std::string prefix;  // "step0/"
    program_view program;

    // The arrays of a group, in the order of the program's variables.
    arrays of(const std::string& group, std::span<const variable> variables) const {
        arrays found;
        for (const variable& v : variables) found.push_back(from.floats(prefix + group + "/" + variable_name(program, v)));
        return found;
    }
    arrays parameters(const std::string& group) const { return of(group, program.parameters); }
};

inline void write_all(backend::executor& executor, state which, const arrays& list) {
    for (std::size_t i = 0; i < list.size(); ++i) executor.write(which, i, list[i]);
}

inline void load_state(backend::executor& executor, const stored_step& s) {
    write_all(executor, state::parameter, s.parameters("before"));
    write_all(executor, state::statistic, s.of("before", s.program.statistics));
    executor.configure(adam{.learning_rate = 1e-3f}, {});
    write_all(executor, state::slot0, s.parameters("adam_m_before"));
    write_all(executor, state::slot1, s.parameters("adam_v_before"));
    executor.set_steps(s.from.integers(s.prefix + "t")[0] - 1);
}

inline void check_each(const char* what, const arrays& found, const arrays& wanted, double tolerance) {
    REQUIRE(found.size() == wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const std::string which = std::string(what) + " " + std::to_string(i);
        INFO(which);
        CHECK(relative_error(found[i], wanted[i]) < tolerance);
    }
}

inline arrays minus(const arrays& a, const arrays& b) {
    arrays d = a;
    for (std::size_t i = 0; i < a.size(); ++i)
        for (std::size_t k = 0; k < a[i].size(); ++k) d[i][k] -= b[i][k];
    return d;
}

// Adam's first updates are about rate * sign(gradient): where a gradient is zero by mathematics (the bias of a filter that is active
// everywhere, before a batch norm) they are the sign of its rounding. Such values, a thousandth of the rest or less, are left out.
inline arrays significant(arrays updates, const arrays& gradients) {
    std::size_t left_out = 0, all = 0;
    for (std::size_t i = 0; i < updates.size(); ++i) {
        const double least = 1e-3 * norm(gradients[i]) / std::sqrt(static_cast<double>(gradients[i].size()));
        for (std::size_t k = 0; k < updates[i].size(); ++k) {
            ++all;
            const double gradient = std::abs(static_cast<double>(gradients[i][k]));
            if (gradient >= least || gradient == 0) continue;
            ++left_out;
            updates[i][k] = 0;
        }
    }
    CHECK(left_out < all / 10);
    return updates;
}

inline dataset_view pictures_of(const golden& g, const std::string& prefix, std::vector<std::uint8_t>& bytes,
                                std::vector<std::int32_t>& labels) {
    bytes = g.file.bytes(prefix + "pictures");
    labels = g.integers(prefix + "labels");
    return view_of({32, 32, 3}, 10, bytes, labels);
}

// A training step is Keras's and PyTorch's: loss, gradients, statistics, Adam, parameters.
// forward_tolerance: of the moving statistics, and of the loss where it is more than 1e-5. square_tolerance: of Adam's second moments.
inline void check_golden_steps(const strata::device& device, double forward_tolerance = 1e-6, double square_tolerance = 1e-4) {
    const program p = small_alexnet();
    for (const golden& g : golden_files())
        for (const std::string number : {"0", "1", "2"}) {
            INFO(g.name << ", step " << number);
            const stored_step s{g, "step" + number + "/", p.view()};
            model m(p.view(), device, {.conventions = g.conventions});
            load_state(m.executor(), s);
            golden_masks.of[0] = g.floats(s.prefix + "mask/dropout");
            golden_masks.of[1] = g.floats(s.prefix + "mask/dropout_1");
            golden_masks.applied = true;
            std::vector<std::uint8_t> bytes;
            std::vector<std::int32_t> labels;
            const step_result result = run_step(m.executor(), pictures_of(g, s.prefix, bytes, labels), 1e-3f);

            CHECK(result.step == g.integers(s.prefix + "t")[0]);
            CHECK(result.loss == doctest::Approx(g.floats(s.prefix + "loss")[0]).epsilon(std::max(1e-5, forward_tolerance)));
            const values logits = to_doubles(g.floats(s.prefix + "logits"));
            CHECK(result.correct == cross_entropy(6, logits, one_hot_of(labels, 10), 0).correct);
            const auto read = [&](state which) { return read_all(m.executor(), p.view(), which); };
            check_each("gradient", read(state::gradient), s.parameters("grad"), 1e-4);
            check_each("statistic", read(state::statistic), s.of("after", p.view().statistics), forward_tolerance);
            check_each("first moment", read(state::slot0), s.parameters("adam_m_after"), 1e-4);
            check_each("second moment", read(state::slot1), s.parameters("adam_v_after"), square_tolerance);
            const arrays before = s.parameters("before"), gradients = s.parameters("grad");
            check_each("update", significant(minus(read(state::parameter), before), gradients),
                       significant(minus(s.parameters("after"), before), gradients), 3e-4);
        }
}

// Prediction from the state after the last step gives Keras's and PyTorch's logits.
inline void check_golden_predictions(const strata::device& device, double tolerance = 1e-5) {
    const program p = small_alexnet();
    for (const golden& g : golden_files()) {
        INFO(g.name);
        const stored_step s{g, "step2/", p.view()};
        model m(p.view(), device, {.conventions = g.conventions});
        write_all(m.executor(), state::parameter, s.parameters("after"));
        write_all(m.executor(), state::statistic, s.of("after", p.view().statistics));
        golden_masks.applied = false;
        std::vector<std::uint8_t> bytes;
        std::vector<std::int32_t> labels;
        const dataset_view data = pictures_of(g, "inference/", bytes, labels);
        const std::vector<float> wanted = g.floats("inference/logits");
        predictor predict(m, 4);  // 6 rows: a whole run and a part of one
        std::vector<float> found(wanted.size());
        predict.outputs(data, found);
        CHECK(relative_error(found, wanted) < tolerance);
        const reference_loss loss = cross_entropy(6, to_doubles(wanted), one_hot_of(labels, 10), 0);
        trainer t(m);
        const evaluation e = t.evaluate(data, 4);
        CHECK(e.loss == doctest::Approx(loss.loss).epsilon(tolerance));
        CHECK(e.accuracy == doctest::Approx(loss.correct / 6.0));
    }
}

}  // namespace testing
