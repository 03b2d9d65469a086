// SPDX-License-Identifier: MIT
// Single operations and losses against Keras and PyTorch. A custom operation before the one under test records the gradient that
// reaches its input; another after it records its output and sends the stored gradient back.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/device_step.hpp>
#include <support/golden.hpp>

#include <string>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

std::vector<float> sent_back, recorded_output, recorded_gradient;

void pass_on(const cpu::custom_forward& f) { std::copy(f.src.begin(), f.src.end(), f.dst.begin()); }
void record_gradient(const cpu::custom_backward& b) {
    recorded_gradient.assign(b.grad_dst.begin(), b.grad_dst.end());
    std::fill(b.grad_weight.begin(), b.grad_weight.end(), 0.0f);
    REQUIRE(b.grad_src.empty());  // nobody needs the gradient of the network's input
}
void record_output(const cpu::custom_forward& f) {
    recorded_output.assign(f.src.begin(), f.src.end());
    std::fill(f.dst.begin(), f.dst.end(), 0.0f);
}
void send_back(const cpu::custom_backward& b) { std::copy(sent_back.begin(), sent_back.end(), b.grad_src.begin()); }

const custom_operation tap{"tap"}, sink{"sink"};

device opened() { return cpu::open({.threads = 1, .kernels = {{&tap, pass_on, record_gradient}, {&sink, record_output, send_back}}}); }

shape shape_of_rows(const std::vector<std::int64_t>& dims) {
    if (dims.size() == 2) return {1, 1, static_cast<int>(dims[1])};
    return {static_cast<int>(dims[1]), static_cast<int>(dims[2]), static_cast<int>(dims[3])};
}

// "conv_3x3_s2_same_odd": 3x3, stride 2, same.
window window_of(const std::string& name) {
    const auto x = name.find_first_of("0123456789") + 1;
    const int kernel = name[x - 1] - '0', stride = name[name.find("_s", x) + 2] - '0';
    if (name.find("same") != std::string::npos) return same(kernel, stride);
    const auto pad = name.find("pad");
    return pad == std::string::npos ? valid(kernel, stride) : padded(kernel, stride, name[pad + 3] - '0');
}

tensor operation_of(program& p, tensor x, const golden& g, const std::string& name) {
    const auto starts = [&](const char* with) { return name.rfind(with, 0) == 0; };
    const bool has_bias = g.has("ops/" + name + "/bias");
    if (starts("conv_")) return build::conv2d(p, x, {.filters = 4, .win = window_of(name), .use_bias = has_bias});
    if (starts("max_pool_")) return build::max_pool2d(p, x, window_of(name));
    if (starts("avg_pool_")) return build::avg_pool2d(p, x, window_of(name));
    if (starts("global_avg_pool")) return build::global_avg_pool2d(p, x);
    if (starts("leaky_relu")) return build::leaky_relu(p, x, g.name == "keras" ? 0.3f : 0.01f);
    if (starts("dense")) return build::dense(p, x, {.units = 4, .use_bias = has_bias});
    if (starts("softmax")) return build::softmax(p, x);
    if (starts("batch_norm")) return build::batch_norm(p, x);
    FAIL("no operation for " << name);
    return {};
}

program around(shape in, auto middle) {
    program p(in);
    tensor x = build::custom(p, p.input(), {.operation = &tap, .output = in, .parameter_size = 1});
    x = middle(p, x);
    build::custom(p, x, {.operation = &sink, .output = {1, 1, 2}});
    p.check();
    return p;
}

// f32 sums of at most some hundred products on both sides.
constexpr double tolerance = 2e-6;

}  // namespace

TEST_CASE("single operations give the frameworks' outputs and gradients") {
    for (const golden& g : golden_files()) {
        int checked = 0;
        for (const std::string& name : g.cases("ops")) {
            INFO(g.name << ", " << name);
            const std::string prefix = "ops/" + name + "/";
            const auto dims = g.dims(prefix + "input");
            const std::vector<float> input = g.floats(prefix + "input");
            const program p = around(shape_of_rows(dims), [&](program& q, tensor x) { return operation_of(q, x, g, name); });
            const program_view v = p.view();
            model m(v, opened(), {.conventions = g.conventions});
            for (std::size_t i = 1; i < v.parameters.size(); ++i)
                m.executor().write(state::parameter, i, g.floats(prefix + v.parameters[i].role));
            m.executor().configure(sgd{.learning_rate = 0}, {});
            sent_back = g.floats(prefix + "grad_output");
            const std::vector<std::int32_t> labels(static_cast<std::size_t>(dims[0]), 0);
            run_step(m.executor(), view_of(v.input_shape(), 2, input, labels), 0);

            CHECK(relative_error(recorded_output, g.floats(prefix + "output")) < tolerance);
            CHECK(relative_error(recorded_gradient, g.floats(prefix + "grad_input")) < 10 * tolerance);
            const auto gradients = read_all(m.executor(), v, state::gradient);
            for (std::size_t i = 1; i < gradients.size(); ++i)
                CHECK(relative_error(gradients[i], g.floats(prefix + "grad_" + v.parameters[i].role)) < 10 * tolerance);
            const auto statistics = read_all(m.executor(), v, state::statistic);
            for (std::size_t i = 0; i < statistics.size(); ++i)
                CHECK(relative_error(statistics[i], g.floats(prefix + v.statistics[i].role)) < tolerance);
            ++checked;
        }
        CHECK(checked >= 8);
    }
}

TEST_CASE("the loss and its gradient are the frameworks', with label smoothing and with extreme logits, for indices and one-hot rows") {
    for (const golden& g : golden_files()) {
        CHECK(g.cases("loss").size() == 3);
        for (const std::string& name : g.cases("loss"))
            for (const bool as_one_hot : {false, true}) {
                INFO(g.name << ", " << name << ", one-hot " << as_one_hot);
                const std::string prefix = "loss/" + name + "/";
                const std::vector<float> logits = g.floats(prefix + "logits");
                const std::vector<std::int32_t> labels = g.integers(prefix + "labels");
                const std::vector<float> one_hot = to_floats(one_hot_of(labels, 10));
                program p({1, 1, 10});
                build::custom(p, p.input(), {.operation = &tap, .output = {1, 1, 10}, .parameter_size = 1});
                model m(p.view(), opened(), {});
                m.executor().configure(sgd{.learning_rate = 0}, {.label_smoothing = g.floats(prefix + "label_smoothing")[0]});
                dataset_view data = view_of({1, 1, 10}, 10, logits, labels);
                if (as_one_hot) {
                    data.labels = {};
                    data.one_hot = one_hot;
                }
                const step_result result = run_step(m.executor(), data, 0);
                CHECK(result.loss == doctest::Approx(g.floats(prefix + "loss")[0]).epsilon(1e-6));
                CHECK(relative_error(recorded_gradient, g.floats(prefix + "grad_logits")) < tolerance);
            }
    }
}
