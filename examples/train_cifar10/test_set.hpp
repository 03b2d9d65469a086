// SPDX-License-Identifier: MIT
// The model on the test set: loss, accuracy and confusion in one pass of a predictor; and what the accuracy may be compared with.
#pragma once

#include "data.hpp"
#include "options.hpp"

#include <strata/backend/device.hpp>
#include <strata/core/function_ref.hpp>
#include <strata/data/dataset.hpp>
#include <strata/files/confusion.hpp>
#include <strata/training/model.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace train_cifar10 {

struct test_result {
    strata::evaluation figures;
    strata::confusion_matrix confusion;
    std::int64_t non_finite_rows = 0;  // whose outputs hold NaN or infinity: then the rest says nothing
};

// Nothing when go_on, which is asked every few hundred rows with the seconds that the rest will take, says no.
std::optional<test_result> run_on_test_set(strata::model& model, const strata::dataset_view& rows, int batch_size,
                                           strata::function_ref<bool(double seconds_left)> go_on);

// Sentences to be read with the test accuracy.
std::vector<std::string> comparisons(const options& options, const pictures& data, bool only_evaluated);

// Keras's trap in words, or "" when the statistics hold less than 5 % of their initial values.
std::string statistics_warning(const strata::model& model, const char* which_accuracy);

}  // namespace train_cifar10
