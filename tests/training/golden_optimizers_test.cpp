// SPDX-License-Identifier: MIT
// Optimizers against Keras and PyTorch: four steps with given gradients, from zero over 1e-8 to 30, under weight decay and changing
// learning rates: parameters and slots after each. A custom operation's kernel hands the stored gradient to its parameter.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/device_step.hpp>
#include <support/golden.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

std::vector<float> given_gradient;

void zeros(const cpu::custom_forward& f) { std::fill(f.dst.begin(), f.dst.end(), 0.0f); }
void give_gradient(const cpu::custom_backward& b) { std::copy(given_gradient.begin(), given_gradient.end(), b.grad_weight.begin()); }
const custom_operation given{"given"};

optimizer optimizer_of(const golden& g, const std::string& prefix, const std::string& name) {
    const float decay = g.floats(prefix + "weight_decay")[0];
    if (name.rfind("adam", 0) == 0) return adam{.weight_decay = decay};
    return sgd{.momentum = g.floats(prefix + "momentum")[0], .nesterov = g.floats(prefix + "nesterov")[0] != 0, .weight_decay = decay};
}

std::vector<float> row(const std::vector<float>& all, std::size_t i) {
    return {all.begin() + static_cast<std::ptrdiff_t>(8 * i), all.begin() + static_cast<std::ptrdiff_t>(8 * i + 8)};
}

// Every value alone: gradients differ by nine orders of magnitude, and a norm would see the largest only.
void check_values(const std::string& what, const std::vector<float>& found, const std::vector<float>& wanted) {
    REQUIRE(found.size() == wanted.size());
    for (std::size_t k = 0; k < wanted.size(); ++k) {
        INFO(what << " " << k << ": " << found[k] << " instead of " << wanted[k]);
        CHECK(std::abs(found[k] - wanted[k]) <= 2e-6f * std::abs(wanted[k]) + 1e-30f);
    }
}

}  // namespace

TEST_CASE("adam and sgd take the frameworks' steps on given gradients") {
    for (const golden& g : golden_files()) {
        int checked = 0;
        for (const std::string& name : g.cases("optim")) {
            const std::string prefix = "optim/" + name + "/";
            program p({1, 1, 1});
            build::custom(p, p.input(), {.operation = &given, .output = {1, 1, 2}, .parameter_size = 8});
            conventions how = g.conventions;
            if (name.rfind("adamw", 0) == 0) how.decoupled_weight_decay = true;
            model m(p.view(), cpu::open({.threads = 1, .kernels = {{&given, zeros, give_gradient}}}), {.conventions = how});
            backend::executor& executor = m.executor();
            executor.write(state::parameter, 0, g.floats(prefix + "initial"));
            executor.configure(optimizer_of(g, prefix, name), {});
            const std::vector<float> rates = g.floats(prefix + "learning_rate"), gradients = g.floats(prefix + "gradients");
            const std::vector<float> input(1, 0.0f);
            const std::vector<std::int32_t> labels(1, 0);
            for (std::size_t i = 0; i < 4; ++i) {
                INFO(g.name << ", " << name << ", step " << i);
                given_gradient = row(gradients, i);
                run_step(executor, view_of({1, 1, 1}, 2, input, labels), rates[i]);
                const auto read = [&](state which) { return read_all(executor, p.view(), which)[0]; };
                check_values("parameter", read(state::parameter), row(g.floats(prefix + "parameters"), i));
                if (g.has(prefix + "first_moment")) {
                    check_values("first moment", read(state::slot0), row(g.floats(prefix + "first_moment"), i));
                    check_values("second moment", read(state::slot1), row(g.floats(prefix + "second_moment"), i));
                }
                if (g.has(prefix + "velocity")) check_values("velocity", read(state::slot0), row(g.floats(prefix + "velocity"), i));
                ++checked;
            }
        }
        CHECK(checked >= 40);
    }
}
