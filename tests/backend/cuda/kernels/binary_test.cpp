// SPDX-License-Identifier: MIT
// The embedded bytes are a fat binary, whole.
#include <strata/backend/cuda/kernels/binary.hpp>
#include <strata/backend/cuda/kernels/list.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace strata;

TEST_CASE("the embedded bytes begin as a fat binary begins, and are as long as it says") {
    const auto bytes = cuda::kernel_binary();
    REQUIRE(bytes.size() > 16);
    CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % 8 == 0);
    std::uint32_t magic = 0;
    std::uint16_t header = 0;
    std::uint64_t length = 0;
    std::memcpy(&magic, bytes.data(), sizeof magic);
    std::memcpy(&header, bytes.data() + 6, sizeof header);
    std::memcpy(&length, bytes.data() + 8, sizeof length);
    CHECK(magic == 0xBA55ED50u);
    CHECK(bytes.size() == header + length);
}

TEST_CASE("kernels serve devices of their major version that are no older, and of any version above the newest") {
    const std::vector<int> all{75, 80, 86, 90, 120}, newest{90};
    for (const int device : {75, 80, 87, 89, 90, 120, 121, 130}) CHECK(cuda::kernels_serve(all, device / 10, device % 10));
    for (const int device : {61, 70, 72, 100}) CHECK_FALSE(cuda::kernels_serve(all, device / 10, device % 10));
    CHECK(cuda::kernels_serve(newest, 10, 0));
    CHECK_FALSE(cuda::kernels_serve(newest, 8, 9));
    const std::string why = cuda::why_no_kernels(std::vector<int>{86, 90}, "T4", 7, 5);
    CHECK(why.find("T4 has compute capability 7.5, and the kernels of this strata were compiled for 8.6, 9.0 and newer") == 0);
    CHECK(why.find("without STRATA_CUDA_ARCHITECTURES") != std::string::npos);
}

TEST_CASE("what the embedded kernels were compiled for is told, the lowest first") {
    const auto architectures = cuda::kernel_architectures();
    REQUIRE(!architectures.empty());
    CHECK(std::is_sorted(architectures.begin(), architectures.end()));
    CHECK(architectures.front() >= 75);
}
