// SPDX-License-Identifier: MIT
// Bodies of split.hpp.
#pragma once

#include <strata/data/split.hpp>

#include <strata/core/error.hpp>
#include <strata/core/finite.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <numeric>
#include <string>
#include <utility>

namespace strata::inline STRATA_ABI {

namespace split_detail {

// Uniform integers from the words of one stream, in order.
class bounded_draws {
public:
    explicit bounded_draws(const random_stream& stream) : stream_(stream) {}

    // In [0, bound), without bias: Lemire, "Fast random integer generation in an interval", 2019. bound > 0.
    std::uint32_t below(std::uint32_t bound) {
        std::uint64_t product = std::uint64_t{word()} * bound;
        if (static_cast<std::uint32_t>(product) < bound) {
            const std::uint32_t threshold = (0u - bound) % bound;  // 2^32 mod bound
            while (static_cast<std::uint32_t>(product) < threshold) product = std::uint64_t{word()} * bound;
        }
        return static_cast<std::uint32_t>(product >> 32);
    }

private:
    std::uint32_t word() {
        if (next_ % 4 == 0) block_ = stream_.block(next_ / 4);
        return block_.word[next_++ % 4];
    }

    random_stream stream_;
    philox_counter block_{};
    std::uint64_t next_ = 0;
};

// How many of `rows` train; the rest validates.
STRATA_INLINE std::int64_t checked_split_at(std::int64_t rows, double validation_split) {
    char number[32];
    std::snprintf(number, sizeof number, "%g", validation_split);
    const std::string option = std::string("validation_split ") + number;
    if (rows < 0 || rows > INT64_C(0xFFFFFFFF))
        throw invalid_input("rows: " + std::to_string(rows) + " is not between 0 and 4,294,967,295");
    if (!(is_finite(validation_split) && validation_split >= 0.0 && validation_split <= 1.0))
        throw invalid_input(option + " is no fraction: give one above 0 and below 1, such as 0.2");
    const auto split_at = static_cast<std::int64_t>(std::floor(static_cast<double>(rows) * (1.0 - validation_split)));
    if (split_at > 0 && split_at < rows) return split_at;
    throw invalid_input(option + " leaves no row to " + (split_at == 0 ? "train" : "validate") + " on: of " + std::to_string(rows) +
                        " rows " + std::to_string(split_at) + " would train and " + std::to_string(rows - split_at) +
                        " validate; give a fraction such as 0.2, or more rows");
}

// How many rows of each class validate: its share of `validation`, in whole rows, by largest remainder (then the lower class).
STRATA_INLINE std::vector<std::int64_t> quotas(const std::vector<std::int64_t>& per_class, std::int64_t rows, std::int64_t validation) {
    std::vector<std::int64_t> quota(per_class.size());
    std::vector<std::pair<std::int64_t, std::size_t>> remainders(per_class.size());
    std::int64_t left = validation;
    for (std::size_t c = 0; c < per_class.size(); ++c) {
        const std::uint64_t share = static_cast<std::uint64_t>(per_class[c]) * static_cast<std::uint64_t>(validation);  // below 2^64
        quota[c] = static_cast<std::int64_t>(share / static_cast<std::uint64_t>(rows));
        remainders[c] = {-static_cast<std::int64_t>(share % static_cast<std::uint64_t>(rows)), c};
        left -= quota[c];
    }
    std::sort(remainders.begin(), remainders.end());
    for (std::size_t i = 0; left > 0; ++i, --left) ++quota[remainders[i].second];
    return quota;
}

STRATA_INLINE row_split stratified_split(std::span<const std::int32_t> labels, const std::vector<std::int64_t>& order,
                                         std::int64_t split_at) {
    std::vector<std::int32_t> names(labels.begin(), labels.end());  // the labels in use, whatever they are
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    const auto class_of = [&](std::int64_t row) {
        return static_cast<std::size_t>(std::lower_bound(names.begin(), names.end(), labels[static_cast<std::size_t>(row)]) -
                                        names.begin());
    };
    const auto rows = static_cast<std::int64_t>(order.size());
    std::vector<std::int64_t> per_class(names.size());
    for (const std::int64_t row : order) ++per_class[class_of(row)];
    std::vector<std::int64_t> quota = quotas(per_class, rows, rows - split_at);
    row_split split;
    for (const std::int64_t row : order)
        if (std::int64_t& wanted = quota[class_of(row)]; wanted > 0) {
            split.validation.push_back(row);
            --wanted;
        } else {
            split.train.push_back(row);
        }
    return split;
}

}  // namespace split_detail

STRATA_INLINE void shuffle(std::span<std::int64_t> values, const random_stream& stream) {
    if (values.size() > 0xFFFFFFFFu)
        throw invalid_input("shuffle: " + std::to_string(values.size()) + " values are more than 4,294,967,295");
    split_detail::bounded_draws draws(stream);
    for (auto i = static_cast<std::uint32_t>(values.size()); i > 1; --i) std::swap(values[i - 1], values[draws.below(i)]);
}

STRATA_INLINE std::vector<std::int64_t> permutation(std::int64_t rows, const random_stream& stream) {
    if (rows < 0) throw invalid_input("permutation: there are no " + std::to_string(rows) + " rows");
    std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    shuffle(order, stream);
    return order;
}

STRATA_INLINE row_split split_rows(std::span<const std::int32_t> labels, std::int64_t rows, double validation_split, split_mode mode,
                                   std::uint64_t seed) {
    const std::int64_t split_at = split_detail::checked_split_at(rows, validation_split);
    if (mode == split_mode::stratified && labels.size() != static_cast<std::size_t>(rows))
        throw invalid_input("split_mode::stratified needs a class index for each of the " + std::to_string(rows) + " rows, but there are " +
                            std::to_string(labels.size()) + " labels");
    std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    if (mode != split_mode::tail) shuffle(order, {.seed = seed, .purpose = random_purpose::split});
    if (mode == split_mode::stratified) return split_detail::stratified_split(labels, order, split_at);
    const auto middle = order.begin() + split_at;
    return {.train = {order.begin(), middle}, .validation = {middle, order.end()}};
}

}  // namespace strata::inline STRATA_ABI
