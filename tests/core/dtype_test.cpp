// SPDX-License-Identifier: MIT
// Sizes of element types, and what a precision stores and is called.
#include <strata/core/dtype.hpp>

#include <doctest/doctest.h>

#include <string_view>

static_assert(strata::bytes_of(strata::dtype::u8) == 1);
static_assert(strata::bytes_of(strata::dtype::bf16) == 2);
static_assert(strata::bytes_of(strata::dtype::i32) == 4);
static_assert(strata::bytes_of(strata::dtype::f32) == 4);

TEST_CASE("tf32 changes the products and not what is stored; bf16 changes both") {
    CHECK(strata::storage_of(strata::precision::fp32) == strata::dtype::f32);
    CHECK(strata::storage_of(strata::precision::tf32) == strata::dtype::f32);
    CHECK(strata::storage_of(strata::precision::bf16) == strata::dtype::bf16);
}

TEST_CASE("precisions have the names that --precision takes") {
    CHECK(strata::name_of(strata::precision::fp32) == std::string_view("fp32"));
    CHECK(strata::name_of(strata::precision::tf32) == std::string_view("tf32"));
    CHECK(strata::name_of(strata::precision::bf16) == std::string_view("bf16"));
}
