// SPDX-License-Identifier: MIT
// model: initial values, variables by name, what it refuses, the share of initial statistics.
#include <strata/training/model.hpp>

#include <strata/core/error.hpp>
#include <strata/core/random.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/flatten.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <training/recording_device.hpp>

using namespace strata;
using testing::message_of_thrown;
using testing::recording;

namespace {

program with_batch_norm(float first_momentum) {
    program p({4, 4, 3});
    tensor x = build::conv2d(p, p.input(), {.filters = 5, .win = same(3)});
    x = build::batch_norm(p, x, {.momentum = first_momentum});
    x = build::conv2d(p, x, {.filters = 2, .win = same(3)});
    x = build::batch_norm(p, x);
    x = build::flatten(p, x);
    build::dense(p, x, {.units = 3});
    return p;
}

const variable weights{
    .role = "weight", .rank = 2, .dims = {100, 301, 1, 1}, .initial = initial_value::weights, .fan_in = 301, .fan_out = 100};

}  // namespace

TEST_CASE("weights are uniform within the limit of their convention, and fill it") {
    for (const initializer how : {initializer::glorot_uniform, initializer::torch_uniform}) {
        const double limit = how == initializer::glorot_uniform ? std::sqrt(6.0 / 401.0) : 1.0 / std::sqrt(301.0);
        const std::vector<float> values = initial_values(weights, 0, 1, how);
        REQUIRE(values.size() == 30100);
        double sum = 0, squares = 0, largest = 0;
        for (const float value : values) {
            sum += static_cast<double>(value);
            squares += static_cast<double>(value) * static_cast<double>(value);
            largest = std::max(largest, std::abs(static_cast<double>(value)));
        }
        CHECK(largest <= limit);
        CHECK(largest > 0.999 * limit);
        CHECK(std::abs(sum / 30100) < 0.02 * limit);
        CHECK(squares / 30100 == doctest::Approx(limit * limit / 3).epsilon(0.02));
    }
}

TEST_CASE("initial values are a function of seed and number") {
    const std::vector<float> values = initial_values(weights, 2, 7, initializer::glorot_uniform);
    CHECK(values == initial_values(weights, 2, 7, initializer::glorot_uniform));
    CHECK(values != initial_values(weights, 3, 7, initializer::glorot_uniform));
    CHECK(values != initial_values(weights, 2, 8, initializer::glorot_uniform));
    const random_stream stream{.seed = 7, .purpose = random_purpose::initialize, .layer = 2};
    const double limit = std::sqrt(6.0 / 401.0);
    for (const std::size_t i : {0u, 1u, 5u, 30099u})
        CHECK(static_cast<double>(values[i]) == doctest::Approx(limit * (2.0 * static_cast<double>(stream.uniform(i)) - 1.0)));
}

TEST_CASE("biases are zero for Keras and uniform for PyTorch; gammas are one, betas zero") {
    const variable bias{.role = "bias", .dims = {64, 1, 1, 1}, .initial = initial_value::bias, .fan_in = 25, .fan_out = 9};
    CHECK(initial_values(bias, 0, 1, initializer::glorot_uniform) == std::vector<float>(64, 0.0f));
    const std::vector<float> torch = initial_values(bias, 0, 1, initializer::torch_uniform);
    CHECK(*std::max_element(torch.begin(), torch.end()) > 0.1f);
    CHECK(*std::max_element(torch.begin(), torch.end()) <= 0.2f);
    const variable gamma{.role = "gamma", .dims = {3, 1, 1, 1}, .initial = initial_value::ones};
    CHECK(initial_values(gamma, 0, 1, initializer::torch_uniform) == std::vector<float>(3, 1.0f));
}

TEST_CASE("a model begins with its initial values, numbered parameters first, then statistics") {
    recording log;
    const program p = with_batch_norm(unset);
    const model net(p.view(), open_recording(log), {.conventions = conventions::torch, .seed = 3});
    CHECK(log.options.seed == 3);
    CHECK(log.options.conventions == conventions::torch);
    REQUIRE(log.values.size() == p.view().parameters.size() + p.view().statistics.size());
    for (std::size_t i = 0; i < p.view().parameters.size(); ++i)
        CHECK(log.values.at({state::parameter, i}) ==
              initial_values(p.view().parameters[i], static_cast<std::uint32_t>(i), 3, initializer::torch_uniform));
    CHECK(net.read("batch_norm.moving_mean") == std::vector<float>(5, 0.0f));
    CHECK(net.read("batch_norm_1.moving_variance") == std::vector<float>(2, 1.0f));
}

TEST_CASE("variables are read and written by name") {
    recording log;
    model net(with_batch_norm(unset).view(), open_recording(log));
    const std::vector<std::string> names = net.names();
    REQUIRE(names.size() == 14);
    CHECK(names[0] == "conv2d.weight");
    CHECK(names[4] == "conv2d_1.weight");
    CHECK(names[10] == "batch_norm.moving_mean");
    CHECK(net.classes() == 3);
    const std::vector<float> values{1, 2, 3};
    net.write("dense.bias", values);
    CHECK(net.read("dense.bias") == values);
    CHECK(message_of_thrown<invalid_input>([&] { net.write("dense.bias", std::vector<float>(4)); }) ==
          "model: \"dense.bias\" has 3 values, but 4 were given");
    CHECK(message_of_thrown<invalid_input>([&] { (void)net.read("dense.gamma"); }).find("no variable \"dense.gamma\"") !=
          std::string::npos);
}

TEST_CASE("the model keeps a program of its own, and moves") {
    static_assert(!std::is_copy_constructible_v<model>);
    recording log;
    model first = [&] {
        const program p = with_batch_norm(unset);
        return model(p.view(), open_recording(log));
    }();
    const model net = std::move(first);
    CHECK(net.names().front() == "conv2d.weight");
    CHECK(net.program().input_shape() == shape{4, 4, 3});
}

TEST_CASE("the share of initial statistics is the slowest layer's momentum to the power of the steps") {
    recording log;
    model net(with_batch_norm(0.5f).view(), open_recording(log));
    CHECK(net.initial_statistics_share() == 1.0);
    net.executor().set_steps(195);
    CHECK(net.initial_statistics_share() == doctest::Approx(std::pow(0.99, 195)).epsilon(1e-4));
    model torch(with_batch_norm(0.99f).view(), open_recording(log), {.conventions = conventions::torch});
    torch.executor().set_steps(10);
    CHECK(torch.initial_statistics_share() == doctest::Approx(std::pow(0.99, 10)).epsilon(1e-4));
    model without(testing::small_program().view(), open_recording(log));
    CHECK(without.initial_statistics_share() == 0.0);
}

TEST_CASE("statistics that were imported hold nothing of their initial values, whatever the steps; the other layers' still do") {
    recording log;
    model net(with_batch_norm(0.5f).view(), open_recording(log));
    CHECK(net.imported_statistics().empty());
    net.write("batch_norm_1.moving_mean", std::vector<float>(2, 4.0f));
    CHECK(net.initial_statistics_share() == 1.0);  // its variance is still the initial one
    net.write("batch_norm_1.moving_variance", std::vector<float>(2, 3.0f));
    net.write("batch_norm.gamma", std::vector<float>(5, 2.0f));  // no statistic
    CHECK(net.imported_statistics() == std::vector<std::string>{"batch_norm_1.moving_mean", "batch_norm_1.moving_variance"});
    net.executor().set_steps(3);
    CHECK(net.initial_statistics_share() == doctest::Approx(0.125));
    net.write("batch_norm.moving_mean", std::vector<float>(5, 4.0f));
    net.write("batch_norm.moving_variance", std::vector<float>(5, 3.0f));
    CHECK(net.initial_statistics_share() == 0.0);
}

TEST_CASE("an empty program, and a precision that the device lacks, are refused") {
    recording log;
    CHECK(message_of_thrown<invalid_input>([&] { model(program({2, 2, 1}).view(), open_recording(log)); }).find("no layer") !=
          std::string::npos);
    const auto tf32 = [&] { model(testing::small_program().view(), open_recording(log), {.precision = precision::tf32}); };
    CHECK(message_of_thrown<unsupported>(tf32).find("precision tf32: the device (recording)") != std::string::npos);
    log.has_tf32 = true;
    CHECK_NOTHROW(tf32());
    CHECK(log.options.precision == precision::tf32);
}
