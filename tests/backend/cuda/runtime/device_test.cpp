// SPDX-License-Identifier: MIT
// Which devices there are, and why one cannot be used: each reason with its fix.
#include <strata/backend/cuda/runtime/device.hpp>
#include <strata/backend/cuda/runtime/status.hpp>

#include <string>

#include <doctest/doctest.h>
#include <virtual_gpu/testing.hpp>

using namespace strata::cuda;

namespace {

std::string why(const vgpu::properties& device, int index = 0) {
    const testing::machine clean;
    vgpu::set_device(device);
    return why_unusable(index);
}
bool says(const std::string& sentence, const char* words) { return sentence.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("a device is told with its name, capability and memory") {
    const testing::machine clean;
    vgpu::set_device(vgpu::properties{.name = "H100", .major = 9, .minor = 0, .memory = std::size_t{80} << 30, .devices = 2});
    const auto all = visible_devices();
    REQUIRE(all.size() == 2);
    CHECK(all[1].index == 1);
    CHECK(all[0].name == "H100");
    CHECK(all[0].major == 9);
    CHECK(all[0].memory == std::int64_t{80} << 30);
    CHECK(all[0].multiprocessors == 132);
    CHECK(why_unusable(1).empty());
}

TEST_CASE("versions are written as people write them") {
    CHECK(text_of_cuda_version(13000) == "13.0");
    CHECK(text_of_cuda_version(12090) == "12.9");
    CHECK(text_of_cudnn_version(91900) == "9.19.0");
    CHECK(text_of_cudnn_version(90802) == "9.8.2");
}

TEST_CASE("each reason why a device cannot be used says the fix") {
    CHECK(why({}).empty());
    CHECK(says(why({.devices = 0}), "CUDA_VISIBLE_DEVICES"));
    CHECK(says(why({.devices = 2}, 2), "there is no NVIDIA device 2: the driver shows 2"));
    CHECK(says(why({.devices = 1}, -1), "there is no NVIDIA device -1"));
    const std::string old = why({.driver_version = 12020});
    CHECK(says(old, "the NVIDIA driver is too old: it knows CUDA 12.2"));
    CHECK(says(old, "install a newer driver"));
    CHECK(says(why({.driver_version = 0}), "no NVIDIA driver is loaded; install one"));
    const std::string weak = why({.name = "GTX 1080", .major = 6, .minor = 1});
    CHECK(says(weak, "GTX 1080 has compute capability 6.1, but strata needs 7.5"));
    CHECK(says(why({.driver_version = 14000, .runtime_version = 14000}), "strata was built with CUDA"));
}

TEST_CASE("without a driver there are no devices, and no error is left behind") {
    const testing::machine clean;
    vgpu::set_device(vgpu::properties{.driver_version = 0});
    CHECK(visible_devices().empty());
    CHECK(cudaPeekAtLastError() == cudaSuccess);
    CHECK_THROWS_AS(properties_of(0), cuda_error);
}

TEST_CASE("a scope makes a device the current one, and the earlier one again") {
    const testing::machine clean;
    vgpu::set_device(vgpu::properties{.devices = 2});
    const auto current = [] {
        int index = -1;
        check(cudaGetDevice(&index), "cudaGetDevice");
        return index;
    };
    {
        const device_scope other(1);
        CHECK(current() == 1);
        const device_scope same(1);
    }
    CHECK(current() == 0);
    CHECK_THROWS_AS(device_scope(5), cuda_error);
    CHECK(current() == 0);
}
