// SPDX-License-Identifier: MIT
// A data set that does not fit the device: its rows pass through a ring of two halves there, in the order of the epoch. While steps read
// one half, the other is filled through pinned memory and a stream of its own. Position p of the epoch lies in row p mod (2 * half).
#pragma once

#include <strata/backend/cuda/runtime/memory.hpp>
#include <strata/backend/cuda/runtime/stream.hpp>
#include <strata/core/config.hpp>
#include <strata/data/dataset.hpp>
#include <strata/kernels/step_state.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace strata::inline STRATA_ABI::cuda {

// Sets the fields of a step_state that say where the data lie: pictures and labels as the view holds them.
void point_at(kernels::step_state& state, const dataset_view& view, const device_memory& pictures, const device_memory& labels);

class row_ring {
public:
    // half: rows of one half, at least a batch. The arrays of the view must outlive the ring.
    row_ring(const dataset_view& data, std::int64_t half);
    ~row_ring();

    void point(kernels::step_state& state) const;         // sets the fields of the data
    std::vector<std::int64_t> row_table() const;           // what state.rows holds: positions in the ring
    std::int64_t half() const { return half_; }
    std::int64_t bytes() const;

    // Starts an epoch over these rows of the data. No step may be in flight.
    void begin(std::span<const std::int64_t> order);
    // Before a step over the positions [first, first + count) is enqueued: it waits for their upload.
    void before(const stream& steps, std::int64_t first, std::int64_t count);
    // After it was enqueued: what it and earlier steps have used up is filled anew.
    void after(const stream& steps, std::int64_t end);

private:
    // Pictures and labels of one half, in pinned memory.
    struct staging {
        mapped_memory pictures, labels;
        event uploaded, used;
    };

    void fill(std::int64_t chunk);

    dataset_view data_;
    std::int64_t half_, picture_bytes_, label_bytes_;  // bytes of a row
    std::vector<std::int64_t> order_;
    device_memory pictures_, labels_;
    std::array<staging, 2> halves_;
    std::int64_t filled_ = 0, waited_ = 0, used_ = 0;  // chunks
    stream uploads_;                                    // last: destroyed before what it writes
};

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/row_ring.ipp>
#endif
