// SPDX-License-Identifier: MIT
// By what a device says it would train batch norm.
#include <strata/backend/cuda/batch_norm_way.hpp>

#include <doctest/doctest.h>

#include <virtual_gpu/device.hpp>

#include <string>
#include <vector>

using namespace strata;

TEST_CASE("batch norm is cuDNN's where the channels are a multiple of 16 bytes, on GPUs since Ampere; else own kernels'") {
    const std::string own = "by own kernels, as cuDNN 9.";
    CHECK(cuda::batch_norm_way(4) == "by cuDNN");
    CHECK(cuda::batch_norm_way(6).starts_with(own));
    CHECK(cuda::batch_norm_way(6).ends_with(" has no engine for it"));
    CHECK(cuda::batch_norm_way(12, precision::tf32) == "by cuDNN");
    CHECK(cuda::batch_norm_way(12, precision::bf16).starts_with(own));
    CHECK(cuda::batch_norm_way(16, precision::bf16) == "by cuDNN");
    const vgpu::properties kept = vgpu::device();
    vgpu::set_device(vgpu::properties{.name = "T4", .major = 7, .minor = 5});
    CHECK(cuda::batch_norm_way(8).starts_with(own));
    vgpu::set_device(kept);
    CHECK(vgpu::live() == std::vector<std::string>{});
    CHECK(vgpu::misuse() == std::vector<std::string>{});
}
