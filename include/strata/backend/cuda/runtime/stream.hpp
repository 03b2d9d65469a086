// SPDX-License-Identifier: MIT
// Streams, in which work runs in order, and events, which mark a place in a stream. Owned, move-only.
#pragma once

#include <strata/core/config.hpp>

#include <utility>

#include <cuda_runtime_api.h>

namespace strata::inline STRATA_ABI::cuda {

class event;

// A stream of its own: it does not wait for the default stream. Destroying it does not wait for its work.
class stream {
public:
    stream();
    stream(stream&& other) noexcept : stream_(std::exchange(other.stream_, nullptr)) {}
    stream& operator=(stream&& other) noexcept {
        std::swap(stream_, other.stream_);
        return *this;
    }
    ~stream();

    cudaStream_t get() const { return stream_; }
    void synchronize() const;              // waits on the host; throws what the work ended with
    void wait(const event& before) const;  // what is enqueued from now on runs after the event

private:
    cudaStream_t stream_ = nullptr;
};

enum class event_timing : bool { off, on };

class event {
public:
    explicit event(event_timing timing = event_timing::off);
    event(event&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
    event& operator=(event&& other) noexcept {
        std::swap(event_, other.event_);
        return *this;
    }
    ~event();

    cudaEvent_t get() const { return event_; }
    void record(const stream& in) const;
    bool done() const;          // whether the work before it is done, without waiting; true when never recorded
    void synchronize() const;   // waits on the host for the work before it
    float milliseconds_since(const event& earlier) const;  // both with timing, both done

private:
    cudaEvent_t event_ = nullptr;
};

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/runtime/stream.ipp>
#endif
