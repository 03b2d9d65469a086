// SPDX-License-Identifier: MIT
// Memory of the device and of the host: owned once, freed once, and an error that says how much was asked for.
#include <strata/backend/cuda/runtime/memory.hpp>
#include <strata/backend/cuda/runtime/status.hpp>
#include <strata/backend/cuda/runtime/stream.hpp>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <virtual_gpu/testing.hpp>

using namespace strata::cuda;

TEST_CASE("memory is aligned, moves without a copy, and is freed with its last owner") {
    const testing::machine clean;
    {
        device_memory a(1000), empty;
        CHECK(reinterpret_cast<std::uintptr_t>(a.data()) % 256 == 0);
        std::byte* const at = a.data();
        device_memory b = std::move(a);
        CHECK(b.data() == at);
        CHECK(b.bytes() == 1000);
        CHECK(a.data() == nullptr);
        CHECK(a.bytes() == 0);
        empty = std::move(b);
        CHECK(empty.data() == at);
        CHECK(device_memory(0).data() == nullptr);
        const mapped_memory pinned(64);
        CHECK(vgpu::live().size() == 2);
    }
    CHECK(vgpu::live().empty());
    CHECK(vgpu::misuse().empty());
}

TEST_CASE("what does not fit says how much was asked for, how much is free and what there is") {
    const testing::machine clean;
    vgpu::set_memory(std::size_t{64} << 20);
    const device_memory some(std::int64_t{40} << 20);
    try {
        const device_memory more(std::int64_t{30} << 20);
        FAIL("it fitted");
    } catch (const out_of_memory& e) {
        const std::string said = e.what();
        CHECK(e.asked == std::int64_t{30} << 20);
        CHECK(e.free == std::int64_t{24} << 20);
        CHECK(e.total == std::int64_t{64} << 20);
        CHECK(said.find("30 MiB were asked for, 24 MiB of 64 MiB are free") != std::string::npos);
        CHECK(said.find("smaller batch") != std::string::npos);
    }
    CHECK(cudaPeekAtLastError() == cudaSuccess);
    CHECK_NOTHROW(device_memory(std::int64_t{24} << 20));
}

TEST_CASE("mapped memory is freed when its address on the device cannot be had") {
    const testing::machine clean;
    vgpu::fail("cudaHostGetDevicePointer", 1, cudaErrorInvalidValue);
    CHECK_THROWS_AS(mapped_memory(64), cuda_error);
    CHECK(vgpu::live().empty());
    vgpu::clear_faults();
    vgpu::fail("cudaHostAlloc", 1, cudaErrorMemoryAllocation);
    CHECK_THROWS_WITH_AS(mapped_memory(64), doctest::Contains("pinned"), cuda_error);
    vgpu::clear_faults();
}

TEST_CASE("copies and fills run in stream order") {
    const testing::machine clean;
    const stream on;
    const device_memory there(16);
    const mapped_memory from(16), back(16);
    const float values[4]{1, 2, 3, 4};
    std::memcpy(from.host(), values, sizeof values);
    copy(there.data(), from.host(), 16, on.get());
    zero(there.data() + 4, 4, on.get());
    copy(back.host(), there.data(), 16, on.get());
    copy(nullptr, nullptr, 0, on.get());
    zero(nullptr, 0, on.get());
    on.synchronize();
    float seen[4];
    std::memcpy(seen, back.host(), sizeof seen);
    CHECK(seen[0] == 1);
    CHECK(seen[1] == 0);
    CHECK(seen[3] == 4);
    CHECK_THROWS_AS(copy(there.data(), from.host(), 17, on.get()), cuda_error);
}
