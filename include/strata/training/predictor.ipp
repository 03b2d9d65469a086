// SPDX-License-Identifier: MIT
// Bodies of predictor.hpp: pictures in runs of at most the batch size, then probabilities or classes of what comes out.
#pragma once

#include <strata/training/predictor.hpp>

#include <strata/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

namespace strata::inline STRATA_ABI {

namespace predictor_detail {

STRATA_INLINE bool ends_in_softmax(const program_view& program) {
    for (const operation& op : program.operations)
        if (op.dst == program.output) return op.kind == op_kind::softmax;
    return false;
}

STRATA_INLINE void check_pictures(const shape& wanted, const dataset_view& pictures) {
    if (pictures.picture != wanted)
        throw invalid_input("predictor: the pictures are " + text_of(pictures.picture) + ", but the network takes " + text_of(wanted));
    const std::size_t values = pictures.bytes.size() + pictures.floats.size();
    if ((!pictures.bytes.empty() && !pictures.floats.empty()) || values % static_cast<std::size_t>(wanted.size()) != 0)
        throw invalid_input("predictor: give bytes or floats, whole pictures of " + text_of(wanted) + "; there are " +
                            std::to_string(pictures.bytes.size()) + " bytes and " + std::to_string(pictures.floats.size()) + " floats");
}

// In place; the largest value is taken out first.
STRATA_INLINE void softmax(std::span<float> row) {
    const float largest = *std::max_element(row.begin(), row.end());
    float sum = 0;
    for (float& value : row) sum += value = std::exp(value - largest);
    for (float& value : row) value /= sum;
}

}  // namespace predictor_detail

STRATA_INLINE predictor::predictor(model& model, int batch_size)
    : input_(model.program().input_shape()),
      classes_(static_cast<std::size_t>(model.classes())),
      batch_size_(batch_size),
      ends_in_softmax_(predictor_detail::ends_in_softmax(model.program())) {
    if (batch_size < 1) throw invalid_input("predictor: batch_size is " + std::to_string(batch_size) + "; give at least 1");
    inference_ = model.executor().make_inference(batch_size);
}

STRATA_INLINE void predictor::outputs(const dataset_view& pictures, std::span<float> out) {
    predictor_detail::check_pictures(input_, pictures);
    const std::size_t results = static_cast<std::size_t>(pictures.rows()) * classes_;
    if (out.size() != results)
        throw invalid_input("predictor: there is room for " + std::to_string(out.size()) + " values, but " +
                            std::to_string(pictures.rows()) + " pictures give " + std::to_string(results));
    dataset_view unlabelled = pictures;
    unlabelled.labels = {};
    unlabelled.one_hot = {};
    for (std::int64_t first = 0; first < pictures.rows(); first += batch_size_) {
        const std::int64_t count = std::min<std::int64_t>(batch_size_, pictures.rows() - first);
        inference_->run(unlabelled.slice(first, count),
                        out.subspan(static_cast<std::size_t>(first) * classes_, static_cast<std::size_t>(count) * classes_));
    }
}

STRATA_INLINE void predictor::probabilities(const dataset_view& pictures, std::span<float> out) {
    outputs(pictures, out);
    if (ends_in_softmax_) return;
    for (std::size_t first = 0; first < out.size(); first += classes_) predictor_detail::softmax(out.subspan(first, classes_));
}

STRATA_INLINE std::vector<float> predictor::probabilities(const dataset_view& pictures) {
    predictor_detail::check_pictures(input_, pictures);  // before so much memory is asked for
    std::vector<float> out(static_cast<std::size_t>(pictures.rows()) * classes_);
    probabilities(pictures, out);
    return out;
}

STRATA_INLINE std::vector<int> predictor::classes(const dataset_view& pictures) {
    predictor_detail::check_pictures(input_, pictures);
    std::vector<float> out(static_cast<std::size_t>(pictures.rows()) * classes_);
    outputs(pictures, out);
    std::vector<int> best;
    best.reserve(static_cast<std::size_t>(pictures.rows()));
    for (auto row = out.begin(); row != out.end(); row += static_cast<std::ptrdiff_t>(classes_))
        best.push_back(static_cast<int>(std::max_element(row, row + static_cast<std::ptrdiff_t>(classes_)) - row));
    return best;
}

}  // namespace strata::inline STRATA_ABI
