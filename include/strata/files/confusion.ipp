// SPDX-License-Identifier: MIT
// Bodies of confusion.hpp.
#pragma once

#include <strata/files/confusion.hpp>

#include <strata/core/error.hpp>

#include <string>

namespace strata::inline STRATA_ABI {

namespace confusion_detail {

STRATA_INLINE double ratio(std::int64_t part, std::int64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace confusion_detail

STRATA_INLINE confusion_matrix::confusion_matrix(int classes) : classes_(classes) {
    if (classes < 1) throw invalid_input("confusion matrix: there are " + std::to_string(classes) + " classes; give at least 1");
    counts_.resize(static_cast<std::size_t>(classes) * static_cast<std::size_t>(classes));
}

STRATA_INLINE void confusion_matrix::add(int label, int predicted) {
    if (label < 0 || label >= classes_ || predicted < 0 || predicted >= classes_)
        throw invalid_input("confusion matrix: class " + std::to_string(label) + " taken for " + std::to_string(predicted) +
                            ", but there are " + std::to_string(classes_) + " classes");
    ++counts_[at(label, predicted)];
}

STRATA_INLINE std::int64_t confusion_matrix::rows() const {
    std::int64_t sum = 0;
    for (const std::int64_t value : counts_) sum += value;
    return sum;
}

STRATA_INLINE std::int64_t confusion_matrix::labelled(int label) const {
    std::int64_t sum = 0;
    for (int i = 0; i < classes_; ++i) sum += count(label, i);
    return sum;
}

STRATA_INLINE std::int64_t confusion_matrix::predicted(int label) const {
    std::int64_t sum = 0;
    for (int i = 0; i < classes_; ++i) sum += count(i, label);
    return sum;
}

STRATA_INLINE double confusion_matrix::accuracy() const {
    std::int64_t right = 0;
    for (int i = 0; i < classes_; ++i) right += count(i, i);
    return confusion_detail::ratio(right, rows());
}

STRATA_INLINE double confusion_matrix::precision(int label) const { return confusion_detail::ratio(count(label, label), predicted(label)); }

STRATA_INLINE double confusion_matrix::recall(int label) const { return confusion_detail::ratio(count(label, label), labelled(label)); }

STRATA_INLINE double confusion_matrix::f1(int label) const {
    return confusion_detail::ratio(2 * count(label, label), labelled(label) + predicted(label));
}

}  // namespace strata::inline STRATA_ABI
