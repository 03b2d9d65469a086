// SPDX-License-Identifier: MIT
// Opening a GPU: which is chosen and why, and what is said where it cannot be used.
#include <strata/backend/cuda/kernels/binary.hpp>
#include <strata/open.hpp>

#include <doctest/doctest.h>

#include <virtual_gpu/device.hpp>

#include <string>

using namespace strata;

namespace {

// The virtual GPU as the test wants it, and as it was at the end.
class other_device {
public:
    explicit other_device(const vgpu::properties& p) : kept_(vgpu::device()) { vgpu::set_device(p); }
    ~other_device() { vgpu::set_device(kept_); }

private:
    vgpu::properties kept_;
};

std::string said_by(const char* name) {
    try {
        open(name);
    } catch (const unsupported& e) { return e.what(); }
    return "";
}

}  // namespace

TEST_CASE("auto opens the GPU that is visible and usable, and says so") {
    const device opened = open("auto");
    CHECK(opened.name().rfind("cuda: virtual GPU, compute capability 9.0, CUDA 13.", 0) == 0);
    CHECK(opened.reason() == "an NVIDIA device is visible and usable");
    CHECK(cuda::open().reason() == "the program opens NVIDIA device 0 by number");
}

TEST_CASE("a driver that is too old is refused with the fix, and auto does not fall back to the CPU") {
    const other_device old({.driver_version = 11080});
    CHECK(said_by("cuda").find("install a newer driver") != std::string::npos);
    CHECK(cuda::visible_devices().empty());
}

TEST_CASE("a GPU older than Turing is refused by its name") {
    const other_device old({.name = "Tesla V100", .major = 7, .minor = 0});
    CHECK(said_by("cuda").find("Tesla V100 has compute capability 7.0, but strata needs 7.5") != std::string::npos);
    const std::string said = said_by("auto");
    CHECK(said.find("an NVIDIA device is visible, but cannot be used: Tesla V100") == 0);
    CHECK(said.ends_with("take another GPU; or use the cpu (device cpu)"));
}

TEST_CASE("without a device cuda is refused and auto takes the CPU") {
    const other_device none({.devices = 0});
    CHECK(said_by("cuda").find("shows no device") != std::string::npos);
    CHECK_THROWS_AS(cuda::open({.device = 1}), unsupported);
    CHECK_THROWS_AS(cuda::open({.device = -1}), invalid_input);
}

TEST_CASE("tf32 and bf16 are refused on a GPU that has neither") {
    const other_device turing({.name = "T4", .major = 7, .minor = 5});
    if (!cuda::kernels_serve(cuda::kernel_architectures(), 7, 5)) {  // a build for newer ones says so
        CHECK(said_by("cuda").find("T4 has compute capability 7.5, and the kernels of this strata were compiled for") == 0);
        return;
    }
    const device opened = cuda::open();
    CHECK(opened.supports(precision::fp32));
    CHECK_FALSE(opened.supports(precision::tf32));
    CHECK_FALSE(opened.supports(precision::bf16));
}
