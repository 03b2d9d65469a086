// SPDX-License-Identifier: MIT
// Streams and events: order across streams, asking without waiting, and times.
#include <strata/backend/cuda/runtime/memory.hpp>
#include <strata/backend/cuda/runtime/status.hpp>
#include <strata/backend/cuda/runtime/stream.hpp>

#include <utility>

#include <doctest/doctest.h>
#include <virtual_gpu/testing.hpp>

using namespace strata::cuda;

TEST_CASE("streams and events are destroyed with their last owner") {
    const testing::machine clean;
    {
        stream a, b = std::move(a);
        CHECK(a.get() == nullptr);
        a = std::move(b);
        CHECK(a.get() != nullptr);
        event marks, moved = std::move(marks);
        moved.record(a);
        moved.synchronize();
    }
    CHECK(vgpu::live().empty());
    CHECK(vgpu::misuse().empty());
}

TEST_CASE("a stream that waits for an event runs after what was before it") {
    const testing::machine clean(vgpu::order::shuffled, 3);
    const stream first, second;
    const device_memory memory(4);
    auto* const value = reinterpret_cast<float*>(memory.data());
    REQUIRE(testing::put(first.get(), value, 2) == cudaSuccess);
    const event written;
    written.record(first);
    second.wait(written);
    REQUIRE(testing::add(second.get(), value, 5) == cudaSuccess);
    second.synchronize();
    const vgpu::access open;
    CHECK(*value == 7);
    CHECK(vgpu::misuse().empty());
}

TEST_CASE("an event is asked without waiting") {
    const testing::machine clean(vgpu::order::late);
    const stream on;
    const device_memory memory(4);
    const event mark;
    CHECK(mark.done());  // never recorded
    REQUIRE(testing::put(on.get(), reinterpret_cast<float*>(memory.data()), 1) == cudaSuccess);
    mark.record(on);
    CHECK_FALSE(mark.done());
    CHECK(cudaPeekAtLastError() == cudaSuccess);
    CHECK(vgpu::counters().synchronisations == 0);
    mark.synchronize();
    CHECK(mark.done());
}

TEST_CASE("two events with timing tell the time between them, without it an error") {
    const testing::machine clean;
    const stream on;
    const event begin(event_timing::on), end(event_timing::on), untimed;
    begin.record(on);
    end.record(on);
    untimed.record(on);
    on.synchronize();
    CHECK(end.milliseconds_since(begin) >= 0);
    CHECK_THROWS_AS(untimed.milliseconds_since(begin), cuda_error);
}

TEST_CASE("what the work ends with is thrown where the host waits") {
    const testing::machine clean;
    const stream on;
    const device_memory memory(4);
    vgpu::fail_work("put", 1, cudaErrorIllegalAddress);
    REQUIRE(testing::put(on.get(), reinterpret_cast<float*>(memory.data()), 1) == cudaSuccess);
    CHECK_THROWS_WITH_AS(on.synchronize(), doctest::Contains("cudaErrorIllegalAddress"), cuda_error);
}
