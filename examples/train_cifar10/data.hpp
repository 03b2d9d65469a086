// SPDX-License-Identifier: MIT
// The pictures that the user named with --data: the bundled sample, the full set (fetched once), a directory or an archive.
#pragma once

#include "options.hpp"

#include <strata/data/dataset.hpp>

#include <cstdint>
#include <string>

namespace train_cifar10 {

enum class data_kind { sample, full, part };  // part: fewer rows than the full set, or not all of them taken

struct pictures {
    strata::dataset train{}, test{};
    data_kind kind = data_kind::part;
    std::string source{};                // "the bundled sample", "/data/cifar-10-batches-bin"
    std::int64_t all_training_rows = 0;  // before --limit
    std::string short_batches{};         // a sentence on files with fewer rows than the official ones, or ""
};

// Throws strata::invalid_input for what the user named wrongly or what is damaged, strata::io_error when fetching fails,
// interrupted when Ctrl-C ended it. With `test_only` the training rows are left out where that saves time.
pictures load_pictures(const options& options, bool test_only = false);

}  // namespace train_cifar10
