// SPDX-License-Identifier: MIT
// predictor: pictures in runs of the batch size, probabilities, classes, what it refuses. On the recording device: a picture's first
// value v gives the outputs v, -1, -2.
#include <strata/training/predictor.hpp>

#include <strata/core/error.hpp>
#include <strata/layers/softmax.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <training/recording_device.hpp>

using namespace strata;
using testing::message_of_thrown;
using testing::numbered_rows;
using testing::recording;

namespace {

struct fixture {
    recording log;
    numbered_rows data{7};
    model net{testing::small_program().view(), open_recording(log), {}};
};

}  // namespace

TEST_CASE("pictures are taken in runs of at most the batch size, in order") {
    fixture f;
    predictor predict(f.net, 3);
    std::vector<float> out(21);
    predict.outputs(f.data.view(), out);
    CHECK(f.log.inference_rows == std::vector<std::int64_t>{3, 3, 1});
    for (std::size_t row = 0; row < 7; ++row) {
        CHECK(out[3 * row] == static_cast<float>(row));
        CHECK(out[3 * row + 2] == -2.0f);
    }
}

TEST_CASE("probabilities are the softmax of the outputs, also of very large ones") {
    fixture f;
    f.data.floats[12] = 5000.0f;  // row 6
    predictor predict(f.net, 2);
    const std::vector<float> out = predict.probabilities(f.data.view());
    REQUIRE(out.size() == 21);
    for (std::size_t row = 0; row < 6; ++row) {
        const double v = static_cast<double>(row), sum = std::exp(v) + std::exp(-1.0) + std::exp(-2.0);
        CHECK(static_cast<double>(out[3 * row]) == doctest::Approx(std::exp(v) / sum).epsilon(1e-6));
        CHECK(static_cast<double>(out[3 * row + 1]) == doctest::Approx(std::exp(-1.0) / sum).epsilon(1e-6));
    }
    CHECK(out[18] == 1.0f);
    CHECK(out[19] == 0.0f);
}

TEST_CASE("a network that ends in softmax gives its probabilities as they are") {
    fixture f;
    program p = testing::small_program();
    build::softmax(p, {p.output()});
    model net(p.view(), open_recording(f.log), {});
    predictor predict(net, 4);
    std::vector<float> outputs(21);
    predict.outputs(f.data.view(), outputs);
    CHECK(predict.probabilities(f.data.view()) == outputs);
}

TEST_CASE("the class is the first of the largest outputs") {
    fixture f;
    f.data.floats[0] = -1.0f;   // the same as the second output
    f.data.floats[2] = -1.5f;
    f.data.floats[4] = 0.25f;
    predictor predict(f.net, 16);
    const std::vector<int> classes = predict.classes(f.data.view());
    REQUIRE(classes.size() == 7);
    CHECK(classes[0] == 0);
    CHECK(classes[1] == 1);
    CHECK(classes[2] == 0);
}

TEST_CASE("pictures need no labels, and none give nothing") {
    fixture f;
    predictor predict(f.net);
    const dataset_view bare{.picture = {2, 1, 1}, .floats = f.data.floats};
    CHECK(predict.classes(bare).size() == 7);
    CHECK(f.log.inference_rows == std::vector<std::int64_t>(7, 1));
    CHECK(predict.classes({.picture = {2, 1, 1}}).empty());
}

TEST_CASE("wrong pictures, a wrong output size and a wrong batch size are refused with a sentence") {
    fixture f;
    predictor predict(f.net, 2);
    const auto message = [&](const dataset_view& pictures, std::size_t room) {
        std::vector<float> out(room);
        return message_of_thrown<invalid_input>([&] { predict.outputs(pictures, out); });
    };
    const std::vector<std::uint8_t> bytes(14);
    CHECK(message({.picture = {1, 2, 1}, .floats = f.data.floats}, 21).find("are (1, 2, 1), but the network takes (2, 1, 1)") !=
          std::string::npos);
    CHECK(message({.picture = {2, 1, 1}, .bytes = bytes, .floats = f.data.floats}, 21).find("give bytes or floats") != std::string::npos);
    CHECK(message({.picture = {2, 1, 1}, .floats = std::span(f.data.floats).first(3)}, 3).find("whole pictures") != std::string::npos);
    CHECK(message(f.data.view(), 20).find("room for 20 values, but 7 pictures give 21") != std::string::npos);
    CHECK(message_of_thrown<invalid_input>([&] { predictor(f.net, 0); }).find("batch_size is 0") != std::string::npos);
    CHECK(f.log.inference_rows.empty());
}
