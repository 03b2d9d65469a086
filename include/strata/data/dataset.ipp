// SPDX-License-Identifier: MIT
// Bodies of dataset.hpp: slices of a view, and the check that everything a caller gave fits together.
#pragma once

#include <strata/data/dataset.hpp>

#include <strata/core/error.hpp>
#include <strata/core/finite.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

namespace dataset_detail {

STRATA_INLINE std::string rows_of(std::size_t values, std::int64_t per_row, const char* what) {
    return std::to_string(values) + " values are not a whole number of " + what + " of " + std::to_string(per_row) + " values";
}

STRATA_INLINE void check_pictures(const dataset_view& data) {
    const shape& p = data.picture;
    const std::string size = std::to_string(p.height) + " x " + std::to_string(p.width) + " x " + std::to_string(p.channels);
    if (p.height < 1 || p.width < 1 || p.channels < 1)
        throw invalid_input("picture: a shape of " + size + " has no pixels; give height, width and channels of at least 1");
    if (!data.bytes.empty() && !data.floats.empty()) throw invalid_input("pictures: both bytes and floats are given; give one of them");
    if (data.bytes.empty() && data.floats.empty())
        throw invalid_input("pictures: there are none; give bytes or floats of (rows, " + size + ")");
    const char* name = data.bytes.empty() ? "floats" : "bytes";
    const std::size_t values = data.bytes.empty() ? data.floats.size() : data.bytes.size();
    if (values % static_cast<std::size_t>(p.size()) != 0)
        throw invalid_input(std::string(name) + ": " + rows_of(values, p.size(), "pictures") + " (" + size + ")");
}

STRATA_INLINE void check_labels(const dataset_view& data) {
    const std::string rows = std::to_string(data.rows()), classes = std::to_string(data.classes);
    if (data.labels.size() != static_cast<std::size_t>(data.rows()))
        throw invalid_input("labels: there are " + std::to_string(data.labels.size()) + ", but " + rows +
                            " pictures; give one label per picture");
    for (std::size_t row = 0; row < data.labels.size(); ++row)
        if (data.labels[row] < 0 || data.labels[row] >= data.classes)
            throw invalid_input("labels: row " + std::to_string(row) + " has label " + std::to_string(data.labels[row]) +
                                ", but there are " + classes + " classes (0 to " + std::to_string(data.classes - 1) + ")");
}

STRATA_INLINE void check_one_hot(const dataset_view& data) {
    const auto classes = static_cast<std::size_t>(data.classes);
    if (data.one_hot.size() % classes != 0 || data.one_hot.size() / classes != static_cast<std::size_t>(data.rows()))
        throw invalid_input("one_hot: there are " + std::to_string(data.one_hot.size()) + " values, but " + std::to_string(data.rows()) +
                            " pictures of " + std::to_string(data.classes) + " classes; give (rows, classes) values");
    for (std::size_t i = 0; i < data.one_hot.size(); ++i)
        if (!(is_finite(data.one_hot[i]) && data.one_hot[i] >= 0.0f && data.one_hot[i] <= 1.0f))
            throw invalid_input("one_hot: row " + std::to_string(i / classes) + " has " + std::to_string(data.one_hot[i]) + " for class " +
                                std::to_string(i % classes) + "; give values from 0 to 1");
}

}  // namespace dataset_detail

STRATA_INLINE void dataset_view::check_rows(std::span<const std::int64_t> numbers) const {
    const std::int64_t count = rows();
    for (const std::int64_t row : numbers) {
        if (row < 0 || row >= count)
            throw invalid_input("row " + std::to_string(row) + " was asked for, but the data has " + std::to_string(count) + " rows");
    }
}

STRATA_INLINE dataset_view dataset_view::slice(std::int64_t first, std::int64_t count) const {
    const std::int64_t all = rows();
    if (first < 0 || count < 0 || first > all || count > all - first)
        throw invalid_input("slice: " + std::to_string(count) + " rows from row " + std::to_string(first) +
                            " are asked for, but there are " + std::to_string(all) + " rows");
    const auto start = static_cast<std::size_t>(first), length = static_cast<std::size_t>(count);
    const auto cut = [&](auto values, std::int64_t per_row, const char* name) {
        if (values.empty()) return values;
        const auto step = static_cast<std::size_t>(per_row);
        if (values.size() != step * static_cast<std::size_t>(all))
            throw invalid_input("slice: " + std::string(name) + " has " + std::to_string(values.size()) + " values, but there are " +
                                std::to_string(all) + " rows of " + std::to_string(step));
        return values.subspan(start * step, length * step);
    };
    dataset_view part = *this;
    part.bytes = cut(bytes, picture.size(), "bytes");
    part.floats = cut(floats, picture.size(), "floats");
    part.labels = cut(labels, 1, "labels");
    part.one_hot = cut(one_hot, classes, "one_hot");
    return part;
}

STRATA_INLINE void dataset_view::check() const {
    dataset_detail::check_pictures(*this);
    if (classes < 1) throw invalid_input("classes: there are " + std::to_string(classes) + "; give at least 1");
    if (!labels.empty() && !one_hot.empty()) throw invalid_input("labels: both class indices and one_hot are given; give one of them");
    if (one_hot.empty()) dataset_detail::check_labels(*this);
    else dataset_detail::check_one_hot(*this);
}

STRATA_INLINE dataset_view dataset::view() const { return view_of(picture, static_cast<int>(class_names.size()), bytes, labels); }

STRATA_INLINE dataset_view view_of(shape picture, int classes, std::span<const std::uint8_t> bytes, std::span<const std::int32_t> labels,
                                   preprocessing input) {
    return {.picture = picture, .classes = classes, .bytes = bytes, .floats = {}, .labels = labels, .one_hot = {}, .input = input};
}

STRATA_INLINE dataset_view view_of(shape picture, int classes, std::span<const float> floats, std::span<const std::int32_t> labels,
                                   preprocessing input) {
    return {.picture = picture, .classes = classes, .bytes = {}, .floats = floats, .labels = labels, .one_hot = {}, .input = input};
}

STRATA_INLINE dataset_view view_of_one_hot(shape picture, int classes, std::span<const std::uint8_t> bytes, std::span<const float> one_hot,
                                           preprocessing input) {
    return {.picture = picture, .classes = classes, .bytes = bytes, .floats = {}, .labels = {}, .one_hot = one_hot, .input = input};
}

STRATA_INLINE dataset_view view_of_one_hot(shape picture, int classes, std::span<const float> floats, std::span<const float> one_hot,
                                           preprocessing input) {
    return {.picture = picture, .classes = classes, .bytes = {}, .floats = floats, .labels = {}, .one_hot = one_hot, .input = input};
}

}  // namespace strata::inline STRATA_ABI
