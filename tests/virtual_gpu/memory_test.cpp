// SPDX-License-Identifier: MIT
// Memory of the virtual GPU: closed to the host, full of NaN, guarded at its end, and never used again once it is freed.
#include "testing.hpp"

#include <cmath>

using namespace testing;

TEST_CASE("touching device memory from host code crashes") {
    const machine m;
    float* p = on_device(4);
    CHECK(crashes([&] { *p = 1.0f; }));
    CHECK(crashes([&] { static_cast<void>(*static_cast<volatile float*>(p)); }));
    CHECK_FALSE(crashes([&] {
        const vgpu::access open;
        *p = 1.0f;
    }));
}

TEST_CASE("device memory is closed again after queued work ran") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* p = on_device(4);
    REQUIRE(put(s, p, 1.0f) == cudaSuccess);
    REQUIRE(cudaStreamSynchronize(s) == cudaSuccess);
    CHECK(crashes([&] { *p = 2.0f; }));
    CHECK(peek(p) == 1.0f);
}

TEST_CASE("fresh device memory is NaN") {
    const machine m;
    const float* p = on_device(1000);
    CHECK(std::isnan(peek(p)));
    CHECK(std::isnan(peek(p + 999)));
    CHECK(std::isnan(peek(reinterpret_cast<const double*>(p))));
}

TEST_CASE("fresh pinned memory is NaN") {
    const machine m;
    CHECK(std::isnan(*pinned(16, cudaHostAllocDefault)));
    CHECK(std::isnan(*pinned(16, cudaHostAllocMapped)));
}

TEST_CASE("an allocation begins at a multiple of 256 bytes, and no more is promised") {
    const machine m;
    bool more = true;
    for (std::size_t bytes : {1u, 255u, 256u, 257u, 5000u}) {
        const auto address = reinterpret_cast<std::uintptr_t>(on_device<char>(bytes));
        CHECK(address % 256 == 0);
        more = more && address % 512 == 0;
    }
    CHECK_FALSE(more);
}

TEST_CASE("queued work that runs past the end of an allocation crashes") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* p = on_device(64);  // 256 bytes: the guard page begins right behind them
    CHECK(crashes([&] {
        if (vgpu::enqueue(s, "overrun", {}, {}, [=] { p[64] = 1.0f; }) != cudaSuccess) return;
        cudaStreamSynchronize(s);
    }));
}

TEST_CASE("a write into the padding behind an allocation is seen when it is freed") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* p = on_device(3);
    REQUIRE(vgpu::enqueue(s, "overrun", {}, {}, [=] { p[3] = 1.0f; }) == cudaSuccess);
    REQUIRE(cudaStreamSynchronize(s) == cudaSuccess);
    CHECK(vgpu::misuse().empty());
    REQUIRE(cudaFree(p) == cudaSuccess);
    CHECK(mentions(vgpu::misuse(), "written past the end of device memory of 12 bytes"));
}

TEST_CASE("freed memory is refused by work, by copies and by cudaFree") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* p = on_device(4);
    REQUIRE(cudaFree(p) == cudaSuccess);
    CHECK(put(s, p, 1.0f) == cudaErrorInvalidValue);
    float host = 0;
    CHECK(cudaMemcpyAsync(&host, p, sizeof host, cudaMemcpyDefault, s) == cudaErrorInvalidValue);
    CHECK(cudaFree(p) == cudaErrorInvalidValue);
    CHECK(vgpu::misuse().size() == 3);
    CHECK(mentions(vgpu::misuse(), "it was freed"));
    CHECK(crashes([&] {
        const vgpu::access open;
        *p = 1.0f;
    }));
}

TEST_CASE("freed addresses do not come back") {
    const machine m;
    const float* first = on_device(4);
    for (int i = 0; i < 50; ++i) {
        float* p = on_device(4);
        CHECK(p != first);
        REQUIRE(cudaFree(p) == cudaSuccess);
    }
}

TEST_CASE("cudaFree waits for queued work, and it is counted") {
    const machine m;
    const cudaStream_t s = new_stream();
    float *p = on_device(1), *other = on_device(1);
    REQUIRE(put(s, p, 3.0f) == cudaSuccess);
    REQUIRE(cudaFree(other) == cudaSuccess);
    CHECK(peek(p) == 3.0f);
    CHECK(vgpu::counters().synchronisations == 1);
}

TEST_CASE("regions that begin in host memory or end past the allocation are refused") {
    const machine m;
    const cudaStream_t s = new_stream();
    float host = 0;
    float* p = on_device(4);
    CHECK(put(s, &host, 1.0f) == cudaErrorInvalidValue);
    CHECK(mentions(vgpu::misuse(), "the device cannot touch it"));
    CHECK(vgpu::enqueue(s, "long", {{p, 17}}, {}, [] {}) == cudaErrorInvalidValue);
    CHECK(mentions(vgpu::misuse(), "past its end"));
}

TEST_CASE("memory runs out, and what is free is told") {
    const machine m;
    vgpu::set_memory(1 << 20);
    std::size_t free_bytes = 0, total = 0;
    void* p = nullptr;
    REQUIRE(cudaMalloc(&p, 1000) == cudaSuccess);
    REQUIRE(cudaMemGetInfo(&free_bytes, &total) == cudaSuccess);
    CHECK(total == 1 << 20);
    CHECK(free_bytes == (1 << 20) - 1024);
    void* q = nullptr;
    CHECK(cudaMalloc(&q, 1 << 20) == cudaErrorMemoryAllocation);
    CHECK(q == nullptr);
    CHECK(cudaGetLastError() == cudaErrorMemoryAllocation);
    CHECK(cudaGetLastError() == cudaSuccess);
    REQUIRE(cudaFree(p) == cudaSuccess);
    CHECK(cudaMalloc(&q, 1 << 20) == cudaSuccess);
    CHECK(vgpu::misuse().empty());
}

TEST_CASE("mapped memory has two addresses, and the host sees what the device wrote once it ran") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* host = pinned(8);
    void* address = nullptr;
    REQUIRE(cudaHostGetDevicePointer(&address, host + 2, 0) == cudaSuccess);
    auto* mapped = static_cast<float*>(address);
    CHECK(mapped != host + 2);
    CHECK(vgpu::find(mapped).kind == vgpu::memory_kind::mapped);
    host[2] = 5.0f;
    REQUIRE(add(s, mapped, 2.0f) == cudaSuccess);
    CHECK(host[2] == 5.0f);
    REQUIRE(cudaStreamSynchronize(s) == cudaSuccess);
    CHECK(host[2] == 7.0f);
    CHECK(crashes([&] { *mapped = 1.0f; }));
}

TEST_CASE("pinned memory that was not allocated as mapped has no address on the device") {
    const machine m;
    void* address = nullptr;
    CHECK(cudaHostGetDevicePointer(&address, pinned(8, cudaHostAllocDefault), 0) == cudaErrorInvalidValue);
    float pageable = 0;
    CHECK(cudaHostGetDevicePointer(&address, &pageable, 0) == cudaErrorInvalidValue);
    CHECK(vgpu::misuse().size() == 2);
}

TEST_CASE("cudaFree and cudaFreeHost do not free each other's memory") {
    const machine m;
    CHECK(cudaFree(pinned(4)) == cudaErrorInvalidValue);
    CHECK(cudaFreeHost(on_device(4)) == cudaErrorInvalidValue);
    CHECK(cudaFree(on_device(4) + 1) == cudaErrorInvalidValue);
    CHECK(cudaFree(nullptr) == cudaSuccess);
}

TEST_CASE("what is not freed is listed") {
    const machine m;
    float* p = on_device(128);
    float* q = pinned(2);
    const cudaStream_t s = new_stream();
    const cudaEvent_t e = new_event();
    CHECK(vgpu::live().size() == 4);
    CHECK(mentions(vgpu::live(), "device memory of 512 bytes"));
    REQUIRE(put(s, p, 1.0f) == cudaSuccess);
    CHECK(mentions(vgpu::live(), "1 pieces of work queued"));
    cudaFree(p);
    cudaFreeHost(q);
    cudaStreamDestroy(s);
    cudaEventDestroy(e);
    CHECK(vgpu::live().empty());
}
