// SPDX-License-Identifier: MIT
// Copies behave as the documentation says at its least helpful: pageable bytes are taken at the call, pinned ones when the copy runs.
#include "testing.hpp"

#include <cmath>

using namespace testing;

TEST_CASE("pageable memory is read at the call") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* p = on_device(1);
    float host = 1.0f;
    REQUIRE(cudaMemcpyAsync(p, &host, sizeof host, cudaMemcpyHostToDevice, s) == cudaSuccess);
    host = 2.0f;
    CHECK(std::isnan(peek(p)));
    cudaStreamSynchronize(s);
    CHECK(peek(p) == 1.0f);
}

TEST_CASE("pinned memory is read when the copy runs") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* p = on_device(1);
    for (const unsigned flags : {unsigned{cudaHostAllocDefault}, unsigned{cudaHostAllocMapped}}) {
        float* host = pinned(1, flags);
        *host = 1.0f;
        REQUIRE(cudaMemcpyAsync(p, host, sizeof *host, cudaMemcpyDefault, s) == cudaSuccess);
        *host = 2.0f;
        cudaStreamSynchronize(s);
        CHECK(peek(p) == 2.0f);
    }
}

TEST_CASE("a copy into pageable memory waits, one into pinned memory does not") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* p = on_device(1);
    float pageable = 0;
    float* fixed = pinned(1);
    *fixed = 0;
    REQUIRE(put(s, p, 1.0f) == cudaSuccess);
    REQUIRE(cudaMemcpyAsync(fixed, p, sizeof(float), cudaMemcpyDeviceToHost, s) == cudaSuccess);
    CHECK(*fixed == 0.0f);
    CHECK(vgpu::counters().synchronisations == 0);
    REQUIRE(cudaMemcpyAsync(&pageable, p, sizeof(float), cudaMemcpyDeviceToHost, s) == cudaSuccess);
    CHECK(pageable == 1.0f);
    CHECK(*fixed == 1.0f);
    CHECK(vgpu::counters().synchronisations == 1);
    CHECK(vgpu::counters().copies == 2);
}

TEST_CASE("a blocking copy does not wait for non-blocking streams") {
    const machine m(vgpu::order::late);
    const cudaStream_t s = new_stream();
    float* p = on_device(1);
    float host = 0;
    REQUIRE(put(s, p, 1.0f) == cudaSuccess);
    REQUIRE(cudaMemcpy(&host, p, sizeof host, cudaMemcpyDeviceToHost) == cudaSuccess);
    CHECK(std::isnan(host));
    CHECK(vgpu::misuse().size() == 1);
    cudaStreamSynchronize(s);
    REQUIRE(cudaMemcpy(&host, p, sizeof host, cudaMemcpyDeviceToHost) == cudaSuccess);
    CHECK(host == 1.0f);
    CHECK(vgpu::counters().synchronisations == 3);
}

TEST_CASE("a blocking copy from pageable memory may still be under way when it returns") {
    const machine m(vgpu::order::late);
    float* p = on_device(1);
    float host = 1.0f, back = 0;
    REQUIRE(cudaMemcpy(p, &host, sizeof host, cudaMemcpyHostToDevice) == cudaSuccess);
    CHECK(std::isnan(peek(p)));
    REQUIRE(cudaMemcpy(&back, p, sizeof host, cudaMemcpyDefault) == cudaSuccess);
    CHECK(back == 1.0f);
}

TEST_CASE("memset writes bytes in stream order") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* p = on_device(3);
    REQUIRE(cudaMemsetAsync(p, 0, 2 * sizeof(float), s) == cudaSuccess);
    REQUIRE(add(s, p, 4.0f) == cudaSuccess);
    cudaStreamSynchronize(s);
    CHECK(peek(p) == 4.0f);
    CHECK(peek(p + 1) == 0.0f);
    CHECK(std::isnan(peek(p + 2)));
    CHECK(vgpu::counters().sets == 1);
    CHECK(cudaMemsetAsync(p, 0, 13, s) == cudaErrorInvalidValue);
}

TEST_CASE("a copy that says the wrong direction, or runs past an end, is refused") {
    const machine m;
    const cudaStream_t s = new_stream();
    float *p = on_device(2), *q = on_device(2);
    float host[4] = {};
    CHECK(cudaMemcpyAsync(p, host, 8, cudaMemcpyDeviceToHost, s) == cudaErrorInvalidValue);
    CHECK(cudaMemcpyAsync(p, q, 8, cudaMemcpyHostToDevice, s) == cudaErrorInvalidValue);
    CHECK(cudaMemcpyAsync(p, host, 9, cudaMemcpyHostToDevice, s) == cudaErrorInvalidValue);
    CHECK(cudaMemcpyAsync(nullptr, host, 8, cudaMemcpyDefault, s) == cudaErrorInvalidValue);
    CHECK(vgpu::misuse().size() == 4);
    CHECK(cudaMemcpyAsync(nullptr, host, 0, cudaMemcpyDefault, s) == cudaSuccess);
    CHECK(cudaMemcpyAsync(p, q, 8, cudaMemcpyDefault, s) == cudaSuccess);
}

TEST_CASE("memory that is freed while work for it is queued is not touched") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* fixed = pinned(1);
    float* p = on_device(1);
    *fixed = 3.0f;
    REQUIRE(cudaMemcpyAsync(p, fixed, sizeof(float), cudaMemcpyDefault, s) == cudaSuccess);
    REQUIRE(cudaFreeHost(fixed) == cudaSuccess);  // waits, as the real one does
    CHECK(peek(p) == 3.0f);
    CHECK(vgpu::misuse().empty());
}

TEST_CASE("copies count the bytes they read and write") {
    const machine m;
    const cudaStream_t s = new_stream();
    float *p = on_device(100), *q = on_device(100);
    REQUIRE(cudaMemcpyAsync(p, q, 400, cudaMemcpyDefault, s) == cudaSuccess);
    CHECK(vgpu::counters().bytes_read == 0);
    cudaStreamSynchronize(s);
    CHECK(vgpu::counters().bytes_read == 400);
    CHECK(vgpu::counters().bytes_written == 400);
}
