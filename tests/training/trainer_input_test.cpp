// SPDX-License-Identifier: MIT
// What fit(), evaluate() and train_step() refuse: a sentence that names the option, and no step is taken.
#include <strata/training/trainer.hpp>

#include <strata/core/error.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
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
    numbered_rows data{10};
    model net{testing::small_program().view(), open_recording(log), {}};

    // The message of what fit refuses; no step may have been taken.
    std::string refused(const fit_options& options) { return refused(data.view(), options); }
    std::string refused(const dataset_view& view, const fit_options& options) {
        const std::string message = message_of_thrown<invalid_input>([&] { trainer(net).fit(view, options); });
        CHECK(log.steps.empty());
        return message;
    }
};

bool names(const std::string& message, const std::string& words) {
    if (message.find(words) != std::string::npos) return true;
    MESSAGE("the message is: ", message);
    return false;
}

}  // namespace

TEST_CASE("numbers out of range are named") {
    fixture f;
    CHECK(names(f.refused({.epochs = -1}), "negative epochs: epochs is -1"));
    CHECK(names(f.refused({.epochs = 3, .initial_epoch = -2}), "initial_epoch is -2"));
    CHECK(names(f.refused({.batch_size = 0}), "batch_size is 0"));
    CHECK(names(f.refused({.batch_size = -4}), "batch_size is -4"));
    CHECK(names(f.refused({.batch_size = 2, .validation_batch_size = -1}), "validation_batch_size is -1"));
}

TEST_CASE("a batch above the rows that train is refused, validation rows not counted") {
    fixture f;
    CHECK(names(f.refused({.batch_size = 11}), "batch_size is 11, above the 10 training rows"));
    CHECK(names(f.refused({.batch_size = 9, .validation_split = 0.2}), "batch_size is 9, above the 8 training rows"));
}

TEST_CASE("a validation split outside [0, 1), or one that leaves a side empty, is refused") {
    fixture f;
    CHECK(names(f.refused({.batch_size = 1, .validation_split = 1.0}), "validation_split is 1;"));
    CHECK(names(f.refused({.batch_size = 1, .validation_split = -0.1}), "validation_split is -0.1"));
    CHECK(names(f.refused({.batch_size = 1, .validation_split = std::nan("")}), "validation_split is nan"));
    CHECK(names(f.refused({.batch_size = 1, .validation_split = 0.95}), "validation_split 0.95 leaves no row to train on"));
    CHECK(names(f.refused(f.data.view().slice(0, 1), {.batch_size = 1, .validation_split = 0.5}), "leaves no row to train on"));
}

TEST_CASE("validation rows and a validation split together are refused") {
    fixture f;
    const numbered_rows other(4);
    CHECK(names(f.refused({.batch_size = 2, .validation_split = 0.5, .validation = other.view()}), "both given"));
}

TEST_CASE("pictures and classes that are not the network's are named, for data, validation, evaluate and train_step") {
    fixture f;
    const numbered_rows more(10, 4);
    const std::vector<float> floats(40);
    const std::vector<std::int32_t> labels(10);
    const dataset_view wide = view_of({2, 2, 1}, 3, std::span<const float>(floats), labels);
    CHECK(names(f.refused(more.view(), {}), "data: there are 4 classes, but the network gives 3"));
    CHECK(names(f.refused(wide, {}), "data: the pictures are (2, 2, 1), but the network takes (2, 1, 1)"));
    CHECK(names(f.refused({.batch_size = 2, .validation = more.view()}), "validation: there are 4 classes"));
    trainer train(f.net);
    CHECK(names(message_of_thrown<invalid_input>([&] { train.evaluate(more.view()); }), "data: there are 4 classes"));
    CHECK(names(message_of_thrown<invalid_input>([&] { train.train_step(wide); }), "batch: the pictures are (2, 2, 1)"));
    CHECK(names(message_of_thrown<invalid_input>([&] { train.evaluate(f.data.view(), 0); }), "batch_size is 0"));
    CHECK(f.log.evaluations.empty());
}

TEST_CASE("a label outside the classes is named with its row") {
    fixture f;
    f.data.labels[7] = 3;
    CHECK(names(f.refused({}), "row 7 has label 3"));
    f.data.labels[7] = -1;
    CHECK(names(f.refused({}), "row 7 has label -1"));
}

TEST_CASE("data without rows are refused") {
    fixture f;
    CHECK(names(f.refused(f.data.view().slice(0, 0), {}), "there are none"));
}

TEST_CASE("learning rates that are no rates are refused, also from a schedule") {
    fixture f;
    const auto schedule = [](std::int64_t step) { return step == 1 ? -1.0f : 0.1f; };
    CHECK(names(f.refused({.batch_size = 5, .learning_rate = schedule}), "learning_rate is -1"));
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const auto fit = [&] { trainer(f.net, adam{.learning_rate = nan}).fit(f.data.view(), {.batch_size = 5}); };
    CHECK(names(message_of_thrown<invalid_input>(fit), "learning_rate is nan"));
    const auto step = [&] { trainer(f.net, adam{.learning_rate = -0.5f}).train_step(f.data.view()); };
    CHECK(names(message_of_thrown<invalid_input>(step), "learning_rate is -0.5"));
    CHECK(f.log.steps.empty());
}

TEST_CASE("label smoothing outside [0, 1) is refused when the trainer is made") {
    fixture f;
    const auto make = [&] { trainer(f.net, adam{}, {.label_smoothing = 1.0f}); };
    CHECK(names(message_of_thrown<invalid_input>(make), "label_smoothing is 1"));
}
