// SPDX-License-Identifier: MIT
// Our own kernels, loaded from the embedded binary and launched.
#include <strata/backend/cuda/runtime/kernels.hpp>
#include <strata/backend/cuda/runtime/memory.hpp>
#include <strata/backend/cuda/runtime/status.hpp>

#include <cstdint>
#include <utility>

#include <doctest/doctest.h>
#include <virtual_gpu/testing.hpp>

using namespace strata;
using namespace strata::cuda;

TEST_CASE("a body runs for each index below the count, behind its kernel's name") {
    const testing::machine clean;
    {
        const kernel_library library;
        const stream on;
        constexpr std::int64_t count = 1000;
        const device_memory src(count * 4), dst(count * 2);
        auto* const from = reinterpret_cast<float*>(src.data());
        auto* const to = reinterpret_cast<kernels::bf16*>(dst.data());
        {
            const vgpu::access open;
            for (std::int64_t i = 0; i < count; ++i) from[i] = static_cast<float>(i);
            to[999] = kernels::bf16(-1.0f);
        }
        library.launch(on, kernels::narrow{from, to}, count - 1);
        library.launch(on, kernels::narrow{nullptr, nullptr}, 0);
        on.synchronize();
        const vgpu::access open;
        CHECK(static_cast<float>(to[17]) == 17.0f);
        CHECK(static_cast<float>(to[998]) == static_cast<float>(kernels::bf16(998.0f)));
        CHECK(static_cast<float>(to[999]) == -1.0f);
        const vgpu::counts counts = vgpu::counters();
        CHECK(counts.launches == 1);
        CHECK(counts.kernels.at("strata_narrow").runs == 1);
        CHECK(counts.kernels.at("strata_narrow").read == (count - 1) * 4);
        CHECK(counts.kernels.at("strata_narrow").written == (count - 1) * 2);
    }
    CHECK(vgpu::live().empty());
    CHECK(vgpu::misuse().empty());
}

TEST_CASE("the library moves, and is unloaded once") {
    const testing::machine clean;
    {
        kernel_library a;
        kernel_library b = std::move(a);
        const stream on;
        const device_memory memory(4);
        zero(memory.data(), 4, on.get());
        b.launch(on, kernels::widen{reinterpret_cast<kernels::bf16*>(memory.data()), reinterpret_cast<float*>(memory.data())}, 1);
        on.synchronize();
    }
    CHECK(vgpu::live().empty());
    CHECK(vgpu::misuse().empty());
}

TEST_CASE("a device that the binary has nothing for is named") {
    const testing::machine clean;
    vgpu::set_device(vgpu::properties{.major = 6, .minor = 1});
    CHECK_THROWS_WITH_AS(kernel_library(), doctest::Contains("6.1, and the kernels of this strata were compiled for"), unsupported);
    CHECK(vgpu::live().empty());
    vgpu::set_device(vgpu::properties{.major = 13, .minor = 0});  // newer than any: the PTX serves it
    CHECK_NOTHROW(kernel_library());
}

TEST_CASE("loading that fails at any call leaves nothing, and a launch that fails names its kernel") {
    for (const char* call : {"cudaGetDevice", "cudaDeviceGetAttribute", "cudaLibraryLoadData", "cudaLibraryGetKernel"}) {
        const testing::machine clean;
        vgpu::fail(call, 1, cudaErrorUnknown);
        CHECK_THROWS_WITH_AS(kernel_library(), doctest::Contains(call), cuda_error);
        CHECK(vgpu::live().empty());
        vgpu::clear_faults();
    }
    const testing::machine clean;
    const kernel_library library;
    const stream on;
    const device_memory memory(4);
    vgpu::fail("cudaLaunchKernelExC", 1, cudaErrorLaunchOutOfResources);
    const kernels::narrow body{reinterpret_cast<float*>(memory.data()), reinterpret_cast<kernels::bf16*>(memory.data())};
    CHECK_THROWS_WITH_AS(library.launch(on, body, 1), doctest::Contains("strata_narrow"), cuda_error);
    vgpu::clear_faults();
}
