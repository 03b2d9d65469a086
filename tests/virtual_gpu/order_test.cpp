// SPDX-License-Identifier: MIT
// Streams run lazily and in orders that only the waits of the API forbid: who forgets one sees it.
#include "testing.hpp"

#include <cmath>
#include <set>

using namespace testing;

TEST_CASE("work runs no sooner than somebody waits for it") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* p = on_device(1);
    REQUIRE(put(s, p, 1.0f) == cudaSuccess);
    CHECK(std::isnan(peek(p)));
    REQUIRE(cudaStreamSynchronize(s) == cudaSuccess);
    CHECK(peek(p) == 1.0f);
}

TEST_CASE("a stream keeps its order") {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        const machine m(vgpu::order::shuffled, seed);
        const cudaStream_t s = new_stream();
        float* p = on_device(1);
        REQUIRE(put(s, p, 1.0f) == cudaSuccess);
        for (int i = 0; i < 10; ++i) REQUIRE(vgpu::enqueue(s, "double", {}, {}, [=] { *p = *p * 2.0f + 1.0f; }) == cudaSuccess);
        REQUIRE(cudaStreamSynchronize(s) == cudaSuccess);
        CHECK(peek(p) == 2047.0f);
    }
}

TEST_CASE("without an event another stream's work is late; with one it is there") {
    const machine m(vgpu::order::late);
    const cudaStream_t a = new_stream(), b = new_stream();
    float *p = on_device(1), *q = on_device(1);
    for (const bool waits : {false, true}) {
        REQUIRE(put(a, p, 1.0f) == cudaSuccess);
        if (waits) {
            const cudaEvent_t e = new_event();
            REQUIRE(cudaEventRecord(e, a) == cudaSuccess);
            REQUIRE(cudaStreamWaitEvent(b, e, 0) == cudaSuccess);
        }
        REQUIRE(take(b, q, p) == cudaSuccess);
        REQUIRE(cudaStreamSynchronize(b) == cudaSuccess);
        CHECK(std::isnan(peek(q)) == !waits);
    }
}

TEST_CASE("a missing wait is also reported by name, in every order") {
    for (const auto how : {vgpu::order::late, vgpu::order::shuffled, vgpu::order::eager}) {
        const machine m(how);
        const cudaStream_t a = new_stream(), b = new_stream();
        float *p = on_device(1), *q = on_device(1);
        REQUIRE(put(a, p, 1.0f, "writer") == cudaSuccess);
        REQUIRE(take(b, q, p, "reader") == cudaSuccess);
        CHECK(mentions(vgpu::misuse(), "'reader' reads what 'writer' writes"));
    }
}

TEST_CASE("what is ordered by an event, by the host or only read is no race") {
    const machine m;
    const cudaStream_t a = new_stream(), b = new_stream(), c = new_stream();
    const cudaEvent_t e = new_event(), f = new_event();
    float *p = on_device(1), *q = on_device(1), *r = on_device(1);
    REQUIRE(put(a, p, 1.0f) == cudaSuccess);
    cudaEventRecord(e, a);
    cudaStreamWaitEvent(b, e, 0);
    REQUIRE(take(b, q, p) == cudaSuccess);  // by an event
    cudaEventRecord(f, b);
    cudaStreamWaitEvent(c, f, 0);
    REQUIRE(take(c, r, p) == cudaSuccess);  // by two
    cudaEventRecord(f, c);
    cudaEventSynchronize(f);
    REQUIRE(add(a, p, 1.0f) == cudaSuccess);  // by the host
    CHECK(vgpu::misuse().empty());
    cudaStreamSynchronize(a);
    const cudaStream_t d = new_stream();
    REQUIRE(take(c, q, p) == cudaSuccess);
    REQUIRE(take(d, r, p) == cudaSuccess);  // both only read p
    CHECK(vgpu::misuse().empty());
    REQUIRE(put(d, q, 1.0f) == cudaSuccess);
    CHECK(vgpu::misuse().size() == 1);
}

TEST_CASE("destroying a stream does not tell the host that its work is done") {
    const machine m;
    const cudaStream_t a = new_stream(), b = new_stream();
    float* p = on_device(1);
    REQUIRE(put(a, p, 1.0f) == cudaSuccess);
    REQUIRE(cudaStreamDestroy(a) == cudaSuccess);
    CHECK(peek(p) == 1.0f);
    REQUIRE(add(b, p, 1.0f) == cudaSuccess);
    CHECK(vgpu::misuse().size() == 1);
    vgpu::clear_misuse();
    cudaDeviceSynchronize();
    REQUIRE(add(new_stream(), p, 1.0f) == cudaSuccess);
    CHECK(vgpu::misuse().empty());
}

TEST_CASE("independent streams are met in several orders") {
    std::set<std::vector<int>> seen;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        const machine m(vgpu::order::shuffled, seed);
        std::vector<int> order;
        for (int i = 0; i < 3; ++i)
            REQUIRE(vgpu::enqueue(new_stream(), "note", {}, {}, [&order, i] { order.push_back(i); }) == cudaSuccess);
        REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
        CHECK(order.size() == 3);
        seen.insert(order);
    }
    CHECK(seen.size() == 6);
}

TEST_CASE("the same seed gives the same order") {
    const auto run = [] {
        const machine m(vgpu::order::mixed, 42);
        std::vector<int> order;
        for (int i = 0; i < 8; ++i)
            REQUIRE(vgpu::enqueue(new_stream(), "note", {}, {}, [&order, i] { order.push_back(i); }) == cudaSuccess);
        cudaDeviceSynchronize();
        return order;
    };
    CHECK(run() == run());
}

TEST_CASE("an event that was recorded again stands for the newer work only in later waits") {
    const machine m(vgpu::order::late);
    const cudaStream_t a = new_stream(), b = new_stream();
    const cudaEvent_t e = new_event();
    float *p = on_device(1), *q = on_device(1);
    REQUIRE(put(a, p, 1.0f) == cudaSuccess);
    cudaEventRecord(e, a);
    cudaStreamWaitEvent(b, e, 0);
    REQUIRE(vgpu::enqueue(a, "later", {}, {}, [=] { *p = 2.0f; }) == cudaSuccess);
    cudaEventRecord(e, a);
    REQUIRE(take(b, q, p) == cudaSuccess);
    cudaStreamSynchronize(b);
    CHECK(peek(q) == 1.0f);
    cudaEventSynchronize(e);
    CHECK(peek(p) == 2.0f);
}

TEST_CASE("an event that was never recorded is done, and waiting for it waits for nothing") {
    const machine m;
    const cudaEvent_t e = new_event();
    CHECK(cudaEventQuery(e) == cudaSuccess);
    CHECK(cudaEventSynchronize(e) == cudaSuccess);
    CHECK(cudaStreamWaitEvent(new_stream(), e, 0) == cudaSuccess);
}

TEST_CASE("asking whether an event is done gets there after some tries") {
    const machine m;
    const cudaStream_t s = new_stream();
    const cudaEvent_t e = new_event();
    float* p = on_device(1);
    REQUIRE(put(s, p, 1.0f) == cudaSuccess);
    cudaEventRecord(e, s);
    CHECK(cudaEventQuery(e) == cudaErrorNotReady);
    int tries = 1;
    while (cudaEventQuery(e) == cudaErrorNotReady) REQUIRE(++tries < 100);
    CHECK(peek(p) == 1.0f);
    CHECK(vgpu::counters().synchronisations == 0);
    CHECK(vgpu::misuse().empty());
    REQUIRE(put(s, p, 2.0f) == cudaSuccess);
    CHECK(cudaStreamQuery(s) == cudaErrorNotReady);
    for (tries = 0; cudaStreamQuery(s) == cudaErrorNotReady; ++tries) REQUIRE(tries < 100);
    CHECK(peek(p) == 2.0f);
}

TEST_CASE("waiting for an event with work behind it is no queue-draining synchronisation") {
    const machine m(vgpu::order::late);
    const cudaStream_t s = new_stream();
    const cudaEvent_t e = new_event();
    float* p = on_device(1);
    REQUIRE(put(s, p, 1.0f) == cudaSuccess);
    cudaEventRecord(e, s);
    REQUIRE(add(s, p, 1.0f) == cudaSuccess);
    cudaEventSynchronize(e);
    CHECK(peek(p) == 1.0f);
    CHECK(vgpu::counters().event_waits == 1);
    CHECK(vgpu::counters().synchronisations == 0);
    cudaEventRecord(e, s);
    cudaEventSynchronize(e);
    CHECK(peek(p) == 2.0f);
    CHECK(vgpu::counters().synchronisations == 1);
    cudaStreamSynchronize(s);  // there was nothing left to wait for
    CHECK(vgpu::counters().synchronisations == 1);
}

TEST_CASE("blocking streams follow the default stream, non-blocking ones do not") {
    const machine m(vgpu::order::late);
    const cudaStream_t blocking = new_stream(cudaStreamDefault), own = new_stream();
    float *p = on_device(1), *q = on_device(1), *r = on_device(1);
    REQUIRE(put(nullptr, p, 1.0f) == cudaSuccess);
    REQUIRE(take(own, q, p) == cudaSuccess);
    REQUIRE(cudaStreamSynchronize(own) == cudaSuccess);
    CHECK(std::isnan(peek(q)));
    CHECK(vgpu::misuse().size() == 1);
    REQUIRE(take(blocking, r, p) == cudaSuccess);
    REQUIRE(cudaStreamSynchronize(blocking) == cudaSuccess);
    CHECK(peek(r) == 1.0f);
    CHECK(vgpu::misuse().size() == 1);
}

TEST_CASE("time between two events is told when both have run and both keep time") {
    const machine m(vgpu::order::late);
    const cudaStream_t s = new_stream();
    const cudaEvent_t a = new_event(cudaEventDefault), b = new_event(cudaEventDefault), timeless = new_event();
    float milliseconds = -1;
    cudaEventRecord(a, s);
    cudaEventRecord(b, s);
    cudaEventRecord(timeless, s);
    CHECK(cudaEventElapsedTime(&milliseconds, a, b) == cudaErrorNotReady);
    cudaStreamSynchronize(s);
    CHECK(cudaEventElapsedTime(&milliseconds, a, b) == cudaSuccess);
    CHECK(milliseconds >= 0);
    CHECK(cudaEventElapsedTime(&milliseconds, a, timeless) == cudaErrorInvalidResourceHandle);
}

TEST_CASE("destroyed streams and events are refused") {
    const machine m;
    const cudaStream_t s = new_stream(), other = new_stream();
    const cudaEvent_t e = new_event();
    float* p = on_device(1);
    cudaStreamDestroy(s);
    cudaEventDestroy(e);
    CHECK(put(s, p, 1.0f) == cudaErrorInvalidResourceHandle);
    CHECK(cudaStreamSynchronize(s) == cudaErrorInvalidResourceHandle);
    CHECK(cudaStreamDestroy(s) == cudaErrorInvalidResourceHandle);
    CHECK(cudaEventRecord(e, other) == cudaErrorInvalidResourceHandle);
    CHECK(cudaEventDestroy(e) == cudaErrorInvalidResourceHandle);
    CHECK(vgpu::misuse().size() == 5);
}

TEST_CASE("a CUDA call inside queued work is refused") {
    const machine m;
    const cudaStream_t s = new_stream();
    cudaError_t inside = cudaSuccess;
    REQUIRE(vgpu::enqueue(s, "caller", {}, {}, [&] { inside = cudaStreamSynchronize(s); }) == cudaSuccess);
    cudaStreamSynchronize(s);
    CHECK(inside == cudaErrorNotPermitted);
    CHECK(vgpu::misuse().size() == 1);
}
