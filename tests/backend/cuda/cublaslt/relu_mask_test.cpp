// SPDX-License-Identifier: MIT
// The order of a rectifier's mask is learnt from the library, whatever it is, and refused where it is not one.
#include <strata/backend/cuda/cublaslt/relu_mask.hpp>

#include <cstddef>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <virtual_gpu/cudnn/options.hpp>
#include <virtual_gpu/testing.hpp>

using namespace strata;

namespace {

std::optional<kernels::mask_order> learn(dtype type, std::string* why = nullptr) {
    const cublaslt::handle handle;
    const cuda::stream on;
    return cublaslt::learn_mask_order(handle, type, cublaslt::compute::f32, on, why);
}

// Another order of what the virtual GPU leaves opaque, while it lives.
struct order_by {
    explicit order_by(std::uint64_t seed) : before(vgpu::scrambled()) { vgpu::scramble(seed); }
    ~order_by() { vgpu::scramble(before); }
    order_by(const order_by&) = delete;
    order_by& operator=(const order_by&) = delete;
    std::uint64_t before;
};

}  // namespace

TEST_CASE("an order that is not scrambled is that of the columns") {
    const testing::machine clean;
    const order_by plain(0);
    for (const dtype type : {dtype::f32, dtype::bf16}) {
        const auto order = learn(type);
        REQUIRE(order);
        for (std::size_t i = 0; i < 128; ++i) CHECK(order->bit[i] == i);
    }
}

TEST_CASE("each scrambled order is learnt, and they differ") {
    const testing::machine clean;
    std::vector<kernels::mask_order> orders;
    for (const std::uint64_t seed : {2U, 3U, 4U}) {
        const order_by scrambled(seed);
        const auto order = learn(dtype::f32);
        REQUIRE(order);
        std::vector<bool> taken(128);
        for (const std::uint8_t bit : order->bit) {
            CHECK(!taken[bit]);
            taken[bit] = true;
        }
        orders.push_back(*order);
    }
    CHECK(!(orders[0] == orders[1]));
    CHECK(!(orders[1] == orders[2]));
}

TEST_CASE("a refused epilogue gives no order, and says so") {
    const testing::machine clean;
    for (const char* name : {"RELU_AUX_BIAS", "DRELU"}) {
        vgpu::refuse(name);
        std::string why;
        CHECK(!learn(dtype::f32, &why));
        CHECK(why == "an epilogue has no algorithm");
        vgpu::accept_all();
    }
}

TEST_CASE("an order that differs from row to row is none") {
    const testing::machine clean;
    vgpu::refuse("one order of the mask for all rows");
    std::string why;
    CHECK(!learn(dtype::bf16, &why));
    CHECK(why.find("bits") != why.npos);
    vgpu::accept_all();
}
