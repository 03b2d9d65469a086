// SPDX-License-Identifier: MIT
// What fit() reports: one entry per epoch, with Keras's keys.
#pragma once

#include <strata/core/config.hpp>

#include <cstdint>
#include <vector>

namespace strata::inline STRATA_ABI {

struct epoch_result {
    int epoch = 0;              // counted from 0, as in Keras's CSVLogger
    double loss = 0, accuracy = 0;          // running means over the rows of the epoch, from training-mode outputs before each update
    bool has_validation = false;
    double val_loss = 0, val_accuracy = 0;  // after the epoch, in inference mode
    float learning_rate = 0;                // of the last step
    double seconds = 0;
    std::int64_t steps = 0;                 // of this epoch (fewer than planned when stopped)
};

struct history {
    std::vector<epoch_result> epochs;
    bool stopped = false;  // by a callback

    // Keras's keys, one value per epoch.
    std::vector<double> loss() const;
    std::vector<double> accuracy() const;
    std::vector<double> val_loss() const;
    std::vector<double> val_accuracy() const;
};

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/training/history.ipp>
#endif
