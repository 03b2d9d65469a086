// SPDX-License-Identifier: MIT
// A status of cuBLASLt as an exception, and its handle.
#include <strata/backend/cuda/cublaslt/status.hpp>

#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <virtual_gpu/testing.hpp>

using namespace strata;

TEST_CASE("success throws nothing; a failure names what was done, cuBLASLt's name and text, and the place") {
    CHECK_NOTHROW(cublaslt::check(CUBLAS_STATUS_SUCCESS, "cublasLtMatmul"));
    try {
        cublaslt::check(CUBLAS_STATUS_EXECUTION_FAILED, "cublasLtMatmul of dense #3");
        FAIL("nothing was thrown");
    } catch (const cublaslt::cublaslt_error& e) {
        const std::string said = e.what();
        CHECK(e.status == CUBLAS_STATUS_EXECUTION_FAILED);
        CHECK(said.find("cublasLtMatmul of dense #3: cuBLASLt says CUBLAS_STATUS_EXECUTION_FAILED, ") == 0);
        CHECK(said.find("status_test.cpp:") != std::string::npos);
    }
}

TEST_CASE("a handle is destroyed with its last owner; one that cannot be made is an error") {
    const testing::machine clean;
    {
        cublaslt::handle a, b = std::move(a);
        CHECK(a.get() == nullptr);
        CHECK(b.get() != nullptr);
        a = std::move(b);
        CHECK(vgpu::live().size() == 1);
    }
    CHECK(vgpu::live().empty());
    vgpu::fail("cublasLtCreate", 1, CUBLAS_STATUS_NOT_INITIALIZED);
    CHECK_THROWS_WITH_AS(cublaslt::handle(), doctest::Contains("cublasLtCreate"), cublaslt::cublaslt_error);
    vgpu::clear_faults();
}
