// SPDX-License-Identifier: MIT
// Prediction with a model: its own arena and scratchpad, so several predictors of one model run at the same time, one per thread.
// While the model is being trained, no predictor of it may run. A predictor keeps what it needs of the model alive.
#pragma once

#include <strata/core/config.hpp>
#include <strata/data/dataset.hpp>
#include <strata/training/model.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace strata::inline STRATA_ABI {

class predictor {
public:
    // batch_size: how many pictures one run takes; more are taken in several runs.
    explicit predictor(model& model, int batch_size = 1);

    // Class probabilities (rows, classes): softmax of the network's output, unless it ends in softmax itself.
    // The view needs no labels. Throws invalid_input when pictures have another shape than the network's input.
    std::vector<float> probabilities(const dataset_view& pictures);
    void probabilities(const dataset_view& pictures, std::span<float> out);
    // What the network gives, (rows, classes): logits, or probabilities when it ends in softmax.
    void outputs(const dataset_view& pictures, std::span<float> out);
    // Whether the network itself gives probabilities.
    bool ends_in_softmax() const { return ends_in_softmax_; }
    // The most probable class of each row.
    std::vector<int> classes(const dataset_view& pictures);

private:
    shape input_;
    std::size_t classes_;
    int batch_size_;
    bool ends_in_softmax_;
    std::unique_ptr<backend::inference> inference_;
};

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/training/predictor.ipp>
#endif
