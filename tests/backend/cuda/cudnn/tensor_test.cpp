// SPDX-License-Identifier: MIT
#include <strata/backend/cuda/cudnn/tensor.hpp>

#include <doctest/doctest.h>

using namespace strata::cudnn;

namespace {

constexpr tensor x = channels_last(0, data_type::f32, 8, 32, 30, 3), w = filter(1, data_type::f32, 96, 5, 3, 7);

static_assert(x.dims == std::array<std::int64_t, 4>{8, 3, 32, 30} && x.strides == std::array<std::int64_t, 4>{2880, 1, 90, 3});
static_assert(w.dims == std::array<std::int64_t, 4>{96, 7, 5, 3} && w.strides == std::array<std::int64_t, 4>{105, 1, 21, 7});
static_assert(x.bytes() == 8 * 32 * 30 * 3 * 4 && with_type(x, data_type::bf16).bytes() == 8 * 32 * 30 * 3 * 2);
static_assert(as_virtual(x).is_virtual && !x.is_virtual && !(as_virtual(x) == x));
static_assert(per_channel(2, data_type::f32, 96).elements() == 96);

}  // namespace

TEST_CASE("a tensor describes itself in the order of memory") {
    CHECK(describe(x) == "(8,32,30,3) f32");
    CHECK(describe(with_type(w, data_type::bf16)) == "(96,5,3,7) bf16");
    CHECK(describe(as_virtual(x)) == "(8,32,30,3) f32 virtual");
    const tensor plain{.dims = {8, 3, 32, 30}, .strides = {2880, 960, 30, 1}};  // (N, C, H, W) in memory
    CHECK(describe(plain) == "(8,3,32,30) f32");
}

TEST_CASE("bytes reach from the first element to the last, with the gaps between") {
    const tensor padded_rows{.dims = {4, 10, 1, 1}, .strides = {16, 1, 16, 16}};
    CHECK(padded_rows.elements() == 40);
    CHECK(padded_rows.bytes() == (3 * 16 + 10) * 4);
}
