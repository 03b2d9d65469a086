// SPDX-License-Identifier: MIT
// Filling the ring.
#pragma once

#include <strata/backend/cuda/row_ring.hpp>

#include <strata/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace strata::inline STRATA_ABI::cuda {

namespace detail {

STRATA_INLINE const std::byte* picture_row(const dataset_view& data, std::int64_t row) {
    const std::int64_t at = row * data.picture.size();
    return data.floats.empty() ? reinterpret_cast<const std::byte*>(data.bytes.data() + at)
                               : reinterpret_cast<const std::byte*>(data.floats.data() + at);
}

STRATA_INLINE const std::byte* label_row(const dataset_view& data, std::int64_t row) {
    return data.labels.empty() ? reinterpret_cast<const std::byte*>(data.one_hot.data() + row * data.classes)
                               : reinterpret_cast<const std::byte*>(data.labels.data() + row);
}

}  // namespace detail

STRATA_INLINE row_ring::row_ring(const dataset_view& data, std::int64_t half)
    : data_(data),
      half_(half),
      picture_bytes_(data.picture.size() * (data.floats.empty() ? 1 : 4)),
      label_bytes_(data.labels.empty() ? data.classes * std::int64_t{4} : 4),
      pictures_(2 * half * picture_bytes_),
      labels_(2 * half * label_bytes_) {
    for (staging& s : halves_) {
        s.pictures = mapped_memory(half * picture_bytes_);
        s.labels = mapped_memory(half * label_bytes_);
    }
}

STRATA_INLINE row_ring::~row_ring() {
    try {  // an upload may be on its way
        uploads_.synchronize();
    } catch (const error&) {}
}

STRATA_INLINE void point_at(kernels::step_state& state, const dataset_view& view, const device_memory& pictures,
                            const device_memory& labels) {
    state.bytes = view.floats.empty() ? reinterpret_cast<const std::uint8_t*>(pictures.data()) : nullptr;
    state.floats = view.floats.empty() ? nullptr : reinterpret_cast<const float*>(pictures.data());
    state.labels = view.labels.empty() ? nullptr : reinterpret_cast<const std::int32_t*>(labels.data());
    state.one_hot = view.labels.empty() ? reinterpret_cast<const float*>(labels.data()) : nullptr;
    state.scale = view.input.scale;
    state.offset = view.input.offset;
}

STRATA_INLINE void row_ring::point(kernels::step_state& state) const { point_at(state, data_, pictures_, labels_); }

STRATA_INLINE std::vector<std::int64_t> row_ring::row_table() const {
    std::vector<std::int64_t> table(order_.size());
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<std::int64_t>(i) % (2 * half_);
    return table;
}

STRATA_INLINE std::int64_t row_ring::bytes() const { return pictures_.bytes() + labels_.bytes(); }

STRATA_INLINE void row_ring::begin(std::span<const std::int64_t> order) {
    uploads_.synchronize();
    order_.assign(order.begin(), order.end());
    filled_ = waited_ = used_ = 0;
    fill(0);
    fill(1);
}

// Chunk k holds the positions [k * half, (k + 1) * half) and lies in half k mod 2.
STRATA_INLINE void row_ring::fill(std::int64_t chunk) {
    const std::int64_t first = chunk * half_, last = std::min(first + half_, static_cast<std::int64_t>(order_.size()));
    if (first >= last) return;
    staging& to = halves_[static_cast<std::size_t>(chunk % 2)];
    to.uploaded.synchronize();  // the chunk before it in this half
    for (std::int64_t i = first; i < last; ++i) {
        const std::int64_t row = order_[static_cast<std::size_t>(i)], at = i - first;
        std::memcpy(to.pictures.host() + at * picture_bytes_, detail::picture_row(data_, row), static_cast<std::size_t>(picture_bytes_));
        std::memcpy(to.labels.host() + at * label_bytes_, detail::label_row(data_, row), static_cast<std::size_t>(label_bytes_));
    }
    if (chunk >= 2) uploads_.wait(to.used);
    const std::int64_t offset = chunk % 2 * half_;
    copy(pictures_.data() + offset * picture_bytes_, to.pictures.host(), (last - first) * picture_bytes_, uploads_.get());
    copy(labels_.data() + offset * label_bytes_, to.labels.host(), (last - first) * label_bytes_, uploads_.get());
    to.uploaded.record(uploads_);
    filled_ = chunk + 1;
}

STRATA_INLINE void row_ring::before(const stream& steps, std::int64_t first, std::int64_t count) {
    const std::int64_t last = (first + count - 1) / half_;
    if (last >= filled_) throw error("the rows of this epoch could not all be brought to the device; begin another epoch");
    for (; waited_ <= last; ++waited_) steps.wait(halves_[static_cast<std::size_t>(waited_ % 2)].uploaded);
}

STRATA_INLINE void row_ring::after(const stream& steps, std::int64_t end) {
    for (; (used_ + 1) * half_ <= end; ++used_) {
        halves_[static_cast<std::size_t>(used_ % 2)].used.record(steps);
        fill(used_ + 2);
    }
}

}  // namespace strata::inline STRATA_ABI::cuda
