// SPDX-License-Identifier: MIT
#pragma once

#include <strata/backend/cuda/runtime/status.hpp>
#include <strata/backend/cuda/runtime/stream.hpp>

namespace strata::inline STRATA_ABI::cuda {

STRATA_INLINE stream::stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags"); }

STRATA_INLINE stream::~stream() {
    if (stream_ != nullptr && cudaStreamDestroy(stream_) != cudaSuccess) cudaGetLastError();
}

STRATA_INLINE void stream::synchronize() const { check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }

STRATA_INLINE void stream::wait(const event& before) const { check(cudaStreamWaitEvent(stream_, before.get(), 0), "cudaStreamWaitEvent"); }

STRATA_INLINE event::event(event_timing timing) {
    check(cudaEventCreateWithFlags(&event_, timing == event_timing::on ? cudaEventDefault : cudaEventDisableTiming),
          "cudaEventCreateWithFlags");
}

STRATA_INLINE event::~event() {
    if (event_ != nullptr && cudaEventDestroy(event_) != cudaSuccess) cudaGetLastError();
}

STRATA_INLINE void event::record(const stream& in) const { check(cudaEventRecord(event_, in.get()), "cudaEventRecord"); }

STRATA_INLINE bool event::done() const {
    const cudaError_t status = cudaEventQuery(event_);
    if (status == cudaErrorNotReady) {
        cudaGetLastError();
        return false;
    }
    check(status, "cudaEventQuery");
    return true;
}

STRATA_INLINE void event::synchronize() const { check(cudaEventSynchronize(event_), "cudaEventSynchronize"); }

STRATA_INLINE float event::milliseconds_since(const event& earlier) const {
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, earlier.get(), event_), "cudaEventElapsedTime");
    return milliseconds;
}

}  // namespace strata::inline STRATA_ABI::cuda
