// SPDX-License-Identifier: MIT
// A history as files that Keras's users already read: history.csv as keras.callbacks.CSVLogger writes it (epoch from 0, keys sorted,
// NA where a value is missing), history.json as History.history (a list per key; null where a value is missing).
#pragma once

#include <strata/core/config.hpp>
#include <strata/training/history.hpp>

#include <string>

namespace strata::inline STRATA_ABI {

struct history_columns {
    bool learning_rate = false;  // Keras has it when a schedule changes it
};

std::string history_csv(const history& history, const history_columns& columns = {});
std::string history_json(const history& history, const history_columns& columns = {});

// Writes history.csv and history.json in `directory`, each as a whole. Throws io_error.
void save_history(const history& history, const std::string& directory, const history_columns& columns = {});

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/files/history_file.ipp>
#endif
