// SPDX-License-Identifier: MIT
// Which rows train and which validate; and the seeded permutation behind it, the same on every platform.
//
// tail is Keras's split: with n rows, [0, floor(n (1 - validation_split))) train and the rest validates, in the order given.
// shuffled permutes the rows first. stratified permutes them, too, and gives each class its share of the validation rows.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/random.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace strata::inline STRATA_ABI {

struct row_split {
    std::vector<std::int64_t> train, validation;
};

enum class split_mode { tail, shuffled, stratified };

// `labels` (rows) are class indices, read by stratified alone; tail reads no seed. Throws invalid_input when validation_split is not
// above 0 and below 1, or leaves either side empty. (No validation at all is not a split: callers leave it out.)
[[nodiscard]] row_split split_rows(std::span<const std::int32_t> labels, std::int64_t rows, double validation_split,
                                   split_mode mode = split_mode::tail, std::uint64_t seed = 0);

// Puts `values` in an order drawn from `stream` (Fisher and Yates); each order is equally likely. At most 2^32 - 1 values.
void shuffle(std::span<std::int64_t> values, const random_stream& stream);

// The numbers 0 .. rows - 1 in an order drawn from `stream`.
[[nodiscard]] std::vector<std::int64_t> permutation(std::int64_t rows, const random_stream& stream);

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/data/split.ipp>
#endif
