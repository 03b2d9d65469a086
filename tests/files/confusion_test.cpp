// SPDX-License-Identifier: MIT
// The confusion matrix and its scores, against numbers counted by hand.
#include <strata/files/confusion.hpp>

#include <strata/core/error.hpp>

#include <doctest/doctest.h>

TEST_CASE("scores are what a hand count gives") {
    strata::confusion_matrix m(3);
    const int pairs[][2] = {{0, 0}, {0, 0}, {0, 1}, {1, 1}, {1, 0}, {1, 1}, {1, 1}, {2, 0}};
    for (const auto& [label, predicted] : pairs) m.add(label, predicted);
    CHECK(m.rows() == 8);
    CHECK(m.count(0, 1) == 1);
    CHECK(m.count(1, 0) == 1);
    CHECK(m.labelled(1) == 4);
    CHECK(m.predicted(0) == 4);
    CHECK(m.accuracy() == doctest::Approx(5.0 / 8));
    CHECK(m.precision(0) == doctest::Approx(2.0 / 4));
    CHECK(m.recall(0) == doctest::Approx(2.0 / 3));
    CHECK(m.f1(0) == doctest::Approx(2 * (0.5 * 2 / 3) / (0.5 + 2.0 / 3)));
    CHECK(m.precision(1) == doctest::Approx(3.0 / 4));
    CHECK(m.recall(1) == doctest::Approx(3.0 / 4));
}

TEST_CASE("a class that never appears or is never predicted scores 0, not a division by 0") {
    strata::confusion_matrix m(3);
    m.add(2, 0);
    CHECK(m.precision(1) == 0);
    CHECK(m.recall(1) == 0);
    CHECK(m.f1(1) == 0);
    CHECK(m.f1(2) == 0);
    CHECK(strata::confusion_matrix(2).accuracy() == 0);
}

TEST_CASE("a class outside the matrix is refused") {
    strata::confusion_matrix m(2);
    CHECK_THROWS_AS(m.add(2, 0), strata::invalid_input);
    CHECK_THROWS_AS(m.add(0, -1), strata::invalid_input);
    CHECK_THROWS_AS(strata::confusion_matrix(0), strata::invalid_input);
}
