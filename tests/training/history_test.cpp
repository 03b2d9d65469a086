// SPDX-License-Identifier: MIT
// history: Keras's columns.
#include <strata/training/history.hpp>

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

using namespace strata;

TEST_CASE("the columns hold one value per epoch, in order") {
    history h;
    h.epochs.push_back({.epoch = 0, .loss = 2.5, .accuracy = 0.1, .has_validation = true, .val_loss = 2.25, .val_accuracy = 0.15});
    h.epochs.push_back({.epoch = 1, .loss = 1.5, .accuracy = 0.4, .has_validation = true, .val_loss = 1.75, .val_accuracy = 0.35});
    CHECK(h.loss() == std::vector<double>{2.5, 1.5});
    CHECK(h.accuracy() == std::vector<double>{0.1, 0.4});
    CHECK(h.val_loss() == std::vector<double>{2.25, 1.75});
    CHECK(h.val_accuracy() == std::vector<double>{0.15, 0.35});
}

TEST_CASE("without validation there are no validation columns; an epoch that was not validated is NaN among others") {
    history h;
    h.epochs.push_back({.epoch = 0, .loss = 2.5});
    CHECK(h.val_loss().empty());
    CHECK(h.val_accuracy().empty());
    h.epochs.push_back({.epoch = 1, .loss = 1.5, .has_validation = true, .val_loss = 1.0, .val_accuracy = 0.5});
    REQUIRE(h.val_loss().size() == 2);
    CHECK(std::isnan(h.val_loss()[0]));
    CHECK(h.val_loss()[1] == 1.0);
    CHECK(std::isnan(h.val_accuracy()[0]));
}

TEST_CASE("an empty history has empty columns") {
    CHECK(history{}.loss().empty());
    CHECK(history{}.val_loss().empty());
}
