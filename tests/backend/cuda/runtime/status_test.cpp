// SPDX-License-Identifier: MIT
// A status of the CUDA runtime as an exception.
#include <strata/backend/cuda/runtime/status.hpp>

#include <string>

#include <doctest/doctest.h>
#include <virtual_gpu/testing.hpp>

using namespace strata;

TEST_CASE("success throws nothing; a failure names the call, CUDA's name and text, and the place") {
    const testing::machine clean;
    CHECK_NOTHROW(cuda::check(cudaSuccess, "cudaFree"));
    try {
        cuda::check(cudaErrorInvalidValue, "cudaMemcpyAsync of the labels");
        FAIL("nothing was thrown");
    } catch (const cuda::cuda_error& e) {
        const std::string said = e.what();
        CHECK(e.status == cudaErrorInvalidValue);
        CHECK(said.find("cudaMemcpyAsync of the labels: CUDA says cudaErrorInvalidValue, ") == 0);
        CHECK(said.find(cudaGetErrorString(cudaErrorInvalidValue)) != std::string::npos);
        CHECK(said.find("status_test.cpp:") != std::string::npos);
        CHECK(said.find('/') == std::string::npos);
    }
}

TEST_CASE("an error that was thrown is not reported again") {
    const testing::machine clean;
    CHECK_THROWS_AS(cuda::check(cudaFree(reinterpret_cast<void*>(std::uintptr_t{256})), "cudaFree"), cuda::cuda_error);
    CHECK(cudaPeekAtLastError() == cudaSuccess);
}
