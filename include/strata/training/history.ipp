// SPDX-License-Identifier: MIT
// Bodies of history.hpp: columns of the epochs under Keras's keys.
#pragma once

#include <strata/training/history.hpp>

#include <limits>

namespace strata::inline STRATA_ABI {

namespace history_detail {

STRATA_INLINE std::vector<double> column(const std::vector<epoch_result>& epochs, double epoch_result::* value) {
    std::vector<double> values;
    values.reserve(epochs.size());
    for (const epoch_result& epoch : epochs) values.push_back(epoch.*value);
    return values;
}

STRATA_INLINE std::vector<double> validation_column(const std::vector<epoch_result>& epochs, double epoch_result::* value) {
    bool any = false;
    std::vector<double> values = column(epochs, value);
    for (std::size_t i = 0; i < values.size(); ++i) {
        any = any || epochs[i].has_validation;
        if (!epochs[i].has_validation) values[i] = std::numeric_limits<double>::quiet_NaN();
    }
    return any ? values : std::vector<double>{};
}

}  // namespace history_detail

STRATA_INLINE std::vector<double> history::loss() const { return history_detail::column(epochs, &epoch_result::loss); }
STRATA_INLINE std::vector<double> history::accuracy() const { return history_detail::column(epochs, &epoch_result::accuracy); }
STRATA_INLINE std::vector<double> history::val_loss() const { return history_detail::validation_column(epochs, &epoch_result::val_loss); }
STRATA_INLINE std::vector<double> history::val_accuracy() const {
    return history_detail::validation_column(epochs, &epoch_result::val_accuracy);
}

}  // namespace strata::inline STRATA_ABI
