// SPDX-License-Identifier: MIT
// Uploads of data, order and state.
#pragma once

#include <strata/backend/cuda/course.hpp>

#include <algorithm>

namespace strata::inline STRATA_ABI::cuda {

namespace detail {

template <typename T>
device_memory on_device(std::span<const T> values, const stream& on) {
    const auto bytes = static_cast<std::int64_t>(values.size_bytes());
    device_memory memory(bytes);
    if (bytes > 0) copy(memory.data(), values.data(), bytes, on.get());
    return memory;
}

// Makes room for the values, and enqueues their copy; they must stay until the stream is done.
template <typename T>
void upload(device_memory& to, const std::vector<T>& values, const stream& on) {
    const auto bytes = static_cast<std::int64_t>(values.size() * sizeof(T));
    if (to.bytes() < bytes) to = device_memory(bytes);
    if (bytes > 0) copy(to.data(), values.data(), bytes, on.get());
}

}  // namespace detail

STRATA_INLINE resident_data::resident_data(const dataset_view& v, std::int64_t number_of_data, bool whole, const stream& on)
    : view(v), number(number_of_data), on_device(whole) {
    if (!whole) return;
    pictures = v.floats.empty() ? detail::on_device(v.bytes, on) : detail::on_device(v.floats, on);
    labels = v.labels.empty() ? detail::on_device(v.one_hot, on) : detail::on_device(v.labels, on);
    on.synchronize();
}

STRATA_INLINE void resident_data::point(kernels::step_state& state) const { point_at(state, view, pictures, labels); }

STRATA_INLINE void course::begin(const resident_data& data, std::span<const std::int64_t> rows, std::span<const float> rates, int batch,
                                 const kernels::step_state& from, std::int64_t passing_bytes, const stream& on) {
    begin_ = from;
    passes_ = !data.on_device;
    if (passes_) {
        begin_ring(data, rows, batch, passing_bytes, on);
    } else {
        rows_.assign(rows.begin(), rows.end());
        data.point(begin_);
    }
    rates_.assign(rates.begin(), rates.end());
    detail::upload(row_table_, rows_, on);
    detail::upload(rate_table_, rates_, on);
    begin_.rows = reinterpret_cast<const std::int64_t*>(row_table_.data());
    begin_.rates = reinterpret_cast<const float*>(rate_table_.data());
    begin_.rate_count = static_cast<std::int64_t>(rates_.size());
    copy(state_.data(), &begin_, sizeof begin_, on.get());
}

STRATA_INLINE void course::begin_ring(const resident_data& data, std::span<const std::int64_t> rows, int batch, std::int64_t passing_bytes,
                                      const stream& on) {
    if (ring_of_ != data.number || ring_->half() < batch) {
        const std::int64_t row_bytes = data.view.picture.size() * (data.view.floats.empty() ? 1 : 4);
        ring_ = std::make_unique<row_ring>(data.view, std::max<std::int64_t>(passing_bytes / 2 / row_bytes, batch));
        ring_of_ = data.number;
    }
    ring_->begin(rows);
    rows_ = ring_->row_table();
    ring_->point(begin_);
    ring_->before(on, 0, std::min<std::int64_t>(batch, static_cast<std::int64_t>(rows.size())));  // preparations read the first rows
}

STRATA_INLINE void course::before(const stream& on, std::int64_t first, std::int64_t count) const {
    if (passes_) ring_->before(on, first, count);
}

STRATA_INLINE void course::after(const stream& on, std::int64_t end) const {
    if (passes_) ring_->after(on, end);
}

}  // namespace strata::inline STRATA_ABI::cuda
