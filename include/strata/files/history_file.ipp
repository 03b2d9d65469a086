// SPDX-License-Identifier: MIT
// Bodies of history_file.hpp: columns by name, in Keras's sorted order, written in two forms.
#pragma once

#include <strata/files/history_file.hpp>

#include <strata/core/finite.hpp>
#include <strata/disk/atomic_file.hpp>
#include <strata/files/json.hpp>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI {

namespace history_file_detail {

struct column {
    const char* key;
    std::vector<double> values;
};

STRATA_INLINE std::vector<column> columns_of(const history& history, const history_columns& wanted) {
    constexpr double missing = std::numeric_limits<double>::quiet_NaN();
    const auto made = [&](const char* key, auto value) {
        column result{key, {}};
        for (const epoch_result& e : history.epochs) result.values.push_back(value(e));
        return result;
    };
    std::vector<column> result;
    result.push_back(made("accuracy", [](const epoch_result& e) { return e.accuracy; }));
    if (wanted.learning_rate)
        result.push_back(made("learning_rate", [](const epoch_result& e) { return static_cast<double>(e.learning_rate); }));
    result.push_back(made("loss", [](const epoch_result& e) { return e.loss; }));
    const bool validated =
        std::any_of(history.epochs.begin(), history.epochs.end(), [](const epoch_result& e) { return e.has_validation; });
    if (validated) {
        result.push_back(made("val_accuracy", [](const epoch_result& e) { return e.has_validation ? e.val_accuracy : missing; }));
        result.push_back(made("val_loss", [](const epoch_result& e) { return e.has_validation ? e.val_loss : missing; }));
    }
    return result;
}

STRATA_INLINE std::string cell(double value) { return is_finite(value) ? json::number(value) : "NA"; }

}  // namespace history_file_detail

STRATA_INLINE std::string history_csv(const history& history, const history_columns& columns) {
    const auto all = history_file_detail::columns_of(history, columns);
    std::string text = "epoch";
    for (const auto& column : all) text += std::string(",") + column.key;
    text += '\n';
    for (std::size_t i = 0; i < history.epochs.size(); ++i) {
        text += std::to_string(history.epochs[i].epoch);
        for (const auto& column : all) text += "," + history_file_detail::cell(column.values[i]);
        text += '\n';
    }
    return text;
}

STRATA_INLINE std::string history_json(const history& history, const history_columns& columns) {
    std::string text = "{";
    for (const auto& column : history_file_detail::columns_of(history, columns)) {
        if (text.size() > 1) text += ",";
        text += "\n  " + json::quoted(column.key) + ": [";
        for (std::size_t i = 0; i < column.values.size(); ++i) text += (i == 0 ? "" : ", ") + json::number(column.values[i]);
        text += "]";
    }
    return text + "\n}\n";
}

STRATA_INLINE void save_history(const history& history, const std::string& directory, const history_columns& columns) {
    write_file(directory + "/history.csv", history_csv(history, columns));
    write_file(directory + "/history.json", history_json(history, columns));
}

}  // namespace strata::inline STRATA_ABI
