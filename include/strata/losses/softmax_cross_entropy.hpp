// SPDX-License-Identifier: MIT
// The loss: softmax cross-entropy on logits, the mean over the rows of a batch, with optional label smoothing
// (target = onehot * (1 - smoothing) + smoothing / classes, as in Keras and PyTorch). Labels are class indices or one-hot rows.
#pragma once

#include <strata/core/config.hpp>

namespace strata::inline STRATA_ABI {

struct softmax_cross_entropy {
    float label_smoothing = 0;  // in [0, 1)
};

}  // namespace strata::inline STRATA_ABI
