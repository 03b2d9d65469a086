// SPDX-License-Identifier: MIT
// Pictures of random floats with random labels, the same for the same seed, as a data set that a test owns.
#pragma once

#include <strata/core/shape.hpp>
#include <strata/data/dataset.hpp>
#include <support/random_values.hpp>

#include <cstdint>
#include <vector>

namespace testing {

struct random_pictures {
    strata::shape picture;
    int classes;
    std::vector<float> values;
    std::vector<std::int32_t> labels;

    random_pictures(strata::shape size, int class_count, std::int64_t rows, std::uint64_t seed, double low = 0, double high = 1)
        : picture(size), classes(class_count) {
        dice draw(seed);
        values = to_floats(draw.values(rows * size.size(), low, high));
        for (std::int64_t n = 0; n < rows; ++n) labels.push_back(draw.between(0, classes - 1));
    }
    strata::dataset_view view() const { return strata::view_of(picture, classes, values, labels); }
};

}  // namespace testing
