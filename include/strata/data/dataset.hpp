// SPDX-License-Identifier: MIT
// Labelled pictures in memory: a view on the caller's arrays, and an owner of bytes read from files.
//
// Pictures lie row after row as (rows, H, W, C), as bytes or as floats; what a network sees is value * scale + offset
// (bytes: [0, 1] by default, as the tutorial's pixels / 255). Labels are class indices, or one-hot rows (rows, classes).
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/shape.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI {

// How a stored value becomes the network's input.
struct preprocessing {
    float scale = 1.0f, offset = 0.0f;
    bool operator==(const preprocessing&) const = default;
};
inline constexpr preprocessing bytes_to_unit{.scale = 1.0f / 255.0f};

struct dataset_view {
    shape picture{};
    int classes = 0;
    std::span<const std::uint8_t> bytes{};  // (rows, H, W, C); either these
    std::span<const float> floats{};        // (rows, H, W, C); or these
    std::span<const std::int32_t> labels{}; // (rows); either these
    std::span<const float> one_hot{};       // (rows, classes); or these
    preprocessing input{};

    constexpr std::int64_t rows() const {
        const auto values = static_cast<std::int64_t>(bytes.empty() ? floats.size() : bytes.size());
        return picture.size() == 0 ? 0 : values / picture.size();
    }
    constexpr bool empty() const { return rows() == 0; }
    dataset_view slice(std::int64_t first, std::int64_t count) const;  // rows [first, first + count)

    // Throws invalid_input with a sentence when sizes disagree or a label is outside [0, classes).
    void check() const;
    // Throws invalid_input for a row number that the data do not have.
    void check_rows(std::span<const std::int64_t> numbers) const;
};

// Views on the caller's arrays; the arrays must outlive the view.
dataset_view view_of(shape picture, int classes, std::span<const std::uint8_t> bytes, std::span<const std::int32_t> labels,
                     preprocessing input = bytes_to_unit);
dataset_view view_of(shape picture, int classes, std::span<const float> floats, std::span<const std::int32_t> labels,
                     preprocessing input = {});
// The same with one-hot rows of labels, (rows, classes), as Keras's to_categorical makes them.
dataset_view view_of_one_hot(shape picture, int classes, std::span<const std::uint8_t> bytes, std::span<const float> one_hot,
                             preprocessing input = bytes_to_unit);
dataset_view view_of_one_hot(shape picture, int classes, std::span<const float> floats, std::span<const float> one_hot,
                             preprocessing input = {});

// Pictures as bytes, owned.
struct dataset {
    shape picture{};
    std::vector<std::uint8_t> bytes;   // (rows, H, W, C)
    std::vector<std::int32_t> labels;  // (rows)
    std::vector<std::string> class_names;

    dataset_view view() const;
    operator dataset_view() const { return view(); }
    std::int64_t rows() const { return static_cast<std::int64_t>(labels.size()); }
};

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/data/dataset.ipp>
#endif
