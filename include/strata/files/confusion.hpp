// SPDX-License-Identifier: MIT
// A confusion matrix, and what is read from it: accuracy, and precision, recall and F1 of each class.
#pragma once

#include <strata/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace strata::inline STRATA_ABI {

class confusion_matrix {
public:
    confusion_matrix() = default;
    // Throws invalid_input when there are no classes.
    explicit confusion_matrix(int classes);

    // Throws invalid_input for a class that is not one.
    void add(int label, int predicted);

    int classes() const { return classes_; }
    std::int64_t count(int label, int predicted) const { return counts_[at(label, predicted)]; }
    std::int64_t rows() const;                // all
    std::int64_t labelled(int label) const;   // rows of that class
    std::int64_t predicted(int label) const;  // rows that were taken for it
    double accuracy() const;                  // 0 without rows
    // 0 where there is nothing to divide by, as scikit-learn does.
    double precision(int label) const;
    double recall(int label) const;
    double f1(int label) const;

private:
    std::size_t at(int label, int predicted) const {
        return static_cast<std::size_t>(label) * static_cast<std::size_t>(classes_) + static_cast<std::size_t>(predicted);
    }

    int classes_ = 0;
    std::vector<std::int64_t> counts_;  // (label, predicted)
};

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/files/confusion.ipp>
#endif
