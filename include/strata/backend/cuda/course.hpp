// SPDX-License-Identifier: MIT
// The rows that training or evaluation goes over, in their order, and the step_state that says on the device where it stands. The data lie
// on the device as a whole, or pass through it.
#pragma once

#include <strata/backend/cuda/row_ring.hpp>
#include <strata/backend/cuda/runtime/memory.hpp>
#include <strata/backend/cuda/runtime/stream.hpp>
#include <strata/backend/device.hpp>
#include <strata/core/config.hpp>
#include <strata/data/dataset.hpp>
#include <strata/kernels/step_state.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace strata::inline STRATA_ABI::cuda {

// A data set on the device, as bytes or floats as it was given; one that does not fit stays where it is and passes through a row_ring.
struct resident_data final : backend::resident_data {
    resident_data(const dataset_view& v, std::int64_t number_of_data, bool whole, const stream& on);
    void point(kernels::step_state& state) const;  // sets the fields of the data; of one that is on the device

    dataset_view view;
    std::int64_t number;  // of the executor's data sets
    bool on_device;
    device_memory pictures, labels;
};

class course {
public:
    course() : state_(sizeof(kernels::step_state)) {}

    // Begins anew: rows of the data, a learning rate per step, and what `from` says of seed, steps and launches. Nothing may be in flight.
    // passing_bytes: of the device, for data that do not lie there.
    void begin(const resident_data& data, std::span<const std::int64_t> rows, std::span<const float> rates, int batch,
               const kernels::step_state& from, std::int64_t passing_bytes, const stream& on);
    // Around each launch over the rows [first, first + count).
    void before(const stream& on, std::int64_t first, std::int64_t count) const;
    void after(const stream& on, std::int64_t end) const;

    std::int64_t rows() const { return static_cast<std::int64_t>(rows_.size()); }
    kernels::step_state* state() const { return reinterpret_cast<kernels::step_state*>(state_.data()); }  // on the device
    std::int64_t bytes() const { return row_table_.bytes() + rate_table_.bytes() + state_.bytes() + (ring_ ? ring_->bytes() : 0); }

private:
    void begin_ring(const resident_data& data, std::span<const std::int64_t> rows, int batch, std::int64_t passing_bytes, const stream& on);

    std::vector<std::int64_t> rows_;
    std::vector<float> rates_;
    kernels::step_state begin_{};  // as it is uploaded
    device_memory row_table_, rate_table_, state_;
    std::unique_ptr<row_ring> ring_;  // kept for the next time
    std::int64_t ring_of_ = -1;  // resident_data::number
    bool passes_ = false;  // the data of now go through the ring
};

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/course.ipp>
#endif
