// SPDX-License-Identifier: MIT
// Whole training steps of the small AlexNet against Keras and PyTorch, each from the same stored state: loss, every gradient, moving
// statistics, parameters and Adam's state after; then prediction. The stored dropout masks are applied by a custom operation.
// Tolerances: the frameworks' own f32 gradients are up to 1.4e-5 from float64 (tests/golden/README.md); 1e-4 leaves room for another
// order of summation and none for another formula.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/device_step.hpp>
#include <support/golden.hpp>

#include <cmath>
#include <span>
#include <string>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

std::vector<float> masks[2];  // of the step that runs: 1 where a unit is kept
bool masked = true;           // false: prediction

void masked_dropout(const cpu::custom_forward& f) {
    const auto& mask = masks[static_cast<std::size_t>(f.attribute)];
    for (std::size_t i = 0; i < f.dst.size(); ++i) f.dst[i] = masked ? f.src[i] * mask[i] * 2.0f : f.src[i];
}
void masked_dropout_backward(const cpu::custom_backward& b) {
    const auto& mask = masks[static_cast<std::size_t>(b.attribute)];
    for (std::size_t i = 0; i < b.grad_src.size(); ++i) b.grad_src[i] = b.grad_dst[i] * mask[i] * 2.0f;
}
const custom_operation dropout_operation{"masked_dropout"};

device opened() { return cpu::open({.threads = 1, .kernels = {{&dropout_operation, masked_dropout, masked_dropout_backward}}}); }

// models/alexnet_cifar at the widths of tests/golden/canonical.py.
program small_alexnet() {
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
        x = build::custom(p, x, {.operation = &dropout_operation, .output = p.of(x), .attribute = static_cast<float>(i)});
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

void write_all(backend::executor& executor, state which, const arrays& values) {
    for (std::size_t i = 0; i < values.size(); ++i) executor.write(which, i, values[i]);
}

void load_state(backend::executor& executor, const stored_step& s) {
    write_all(executor, state::parameter, s.parameters("before"));
    write_all(executor, state::statistic, s.of("before", s.program.statistics));
    executor.configure(adam{.learning_rate = 1e-3f}, {});
    write_all(executor, state::slot0, s.parameters("adam_m_before"));
    write_all(executor, state::slot1, s.parameters("adam_v_before"));
    executor.set_steps(s.from.integers(s.prefix + "t")[0] - 1);
}

void check_each(const char* what, const arrays& found, const arrays& wanted, double tolerance) {
    REQUIRE(found.size() == wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const std::string which = std::string(what) + " " + std::to_string(i);
        INFO(which);
        CHECK(relative_error(found[i], wanted[i]) < tolerance);
    }
}

arrays minus(const arrays& a, const arrays& b) {
    arrays d = a;
    for (std::size_t i = 0; i < a.size(); ++i)
        for (std::size_t k = 0; k < a[i].size(); ++k) d[i][k] -= b[i][k];
    return d;
}

// Adam's first updates are about rate * sign(gradient): where a gradient is zero by mathematics (the bias of a filter that is active
// everywhere, before a batch norm) they are the sign of its rounding. Such values, a thousandth of the rest or less, are left out.
arrays significant(arrays updates, const arrays& gradients) {
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

dataset_view pictures_of(const golden& g, const std::string& prefix, std::vector<std::uint8_t>& bytes, std::vector<std::int32_t>& labels) {
    bytes = g.file.bytes(prefix + "pictures");
    labels = g.integers(prefix + "labels");
    return view_of({32, 32, 3}, 10, bytes, labels);
}

}  // namespace

TEST_CASE("a training step of the small AlexNet is Keras's and PyTorch's: loss, gradients, statistics, Adam, parameters") {
    const program p = small_alexnet();
    for (const golden& g : golden_files())
        for (const std::string number : {"0", "1", "2"}) {
            INFO(g.name << ", step " << number);
            const stored_step s{g, "step" + number + "/", p.view()};
            model m(p.view(), opened(), {.conventions = g.conventions});
            load_state(m.executor(), s);
            masks[0] = g.floats(s.prefix + "mask/dropout");
            masks[1] = g.floats(s.prefix + "mask/dropout_1");
            masked = true;
            std::vector<std::uint8_t> bytes;
            std::vector<std::int32_t> labels;
            const step_result result = run_step(m.executor(), pictures_of(g, s.prefix, bytes, labels), 1e-3f);

            CHECK(result.step == g.integers(s.prefix + "t")[0]);
            CHECK(result.loss == doctest::Approx(g.floats(s.prefix + "loss")[0]).epsilon(1e-5));
            const values logits = to_doubles(g.floats(s.prefix + "logits"));
            CHECK(result.correct == cross_entropy(6, logits, one_hot_of(labels, 10), 0).correct);
            const auto read = [&](state which) { return read_all(m.executor(), p.view(), which); };
            check_each("gradient", read(state::gradient), s.parameters("grad"), 1e-4);
            check_each("statistic", read(state::statistic), s.of("after", p.view().statistics), 1e-6);
            check_each("first moment", read(state::slot0), s.parameters("adam_m_after"), 1e-4);
            check_each("second moment", read(state::slot1), s.parameters("adam_v_after"), 1e-4);
            const arrays before = s.parameters("before"), gradients = s.parameters("grad");
            check_each("update", significant(minus(read(state::parameter), before), gradients),
                       significant(minus(s.parameters("after"), before), gradients), 3e-4);
        }
}

TEST_CASE("the stored gradients agree with the float64 ones, so what is compared above is not noise") {
    const program p = small_alexnet();
    for (const golden& g : golden_files())
        for (const std::string number : {"0", "1", "2"}) {
            const stored_step s{g, "step" + number + "/", p.view()};
            check_each("gradient", s.parameters("grad"), s.parameters("grad_f64ref"), 2e-5);
        }
}

TEST_CASE("prediction from the state after the last step gives Keras's and PyTorch's logits") {
    const program p = small_alexnet();
    for (const golden& g : golden_files()) {
        INFO(g.name);
        const stored_step s{g, "step2/", p.view()};
        model m(p.view(), opened(), {.conventions = g.conventions});
        write_all(m.executor(), state::parameter, s.parameters("after"));
        write_all(m.executor(), state::statistic, s.of("after", p.view().statistics));
        masked = false;
        std::vector<std::uint8_t> bytes;
        std::vector<std::int32_t> labels;
        const dataset_view data = pictures_of(g, "inference/", bytes, labels);
        const std::vector<float> wanted = g.floats("inference/logits");
        predictor predict(m, 4);  // 6 rows: a whole run and a part of one
        std::vector<float> found(wanted.size());
        predict.outputs(data, found);
        CHECK(relative_error(found, wanted) < 1e-5);
        const reference_loss loss = cross_entropy(6, to_doubles(wanted), one_hot_of(labels, 10), 0);
        trainer t(m);
        const evaluation e = t.evaluate(data, 4);
        CHECK(e.loss == doctest::Approx(loss.loss).epsilon(1e-5));
        CHECK(e.accuracy == doctest::Approx(loss.correct / 6.0));
    }
}
