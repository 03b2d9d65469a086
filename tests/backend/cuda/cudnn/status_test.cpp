// SPDX-License-Identifier: MIT
#include <strata/backend/cuda/cudnn/status.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace strata::cudnn;

TEST_CASE("success is no error, anything else is one that carries status, version, place and what was tried") {
    CHECK_NOTHROW(check(CUDNN_STATUS_SUCCESS, "nothing"));
    try {
        check(CUDNN_STATUS_NOT_SUPPORTED_SHAPE, "finalizing a thing");
        FAIL("a refusal was passed over");
    } catch (const cudnn_error& e) {
        CHECK(e.status == CUDNN_STATUS_NOT_SUPPORTED_SHAPE);
        const std::string text = e.what();
        CHECK(text.find("cuDNN " + version() + ": finalizing a thing: NOT_SUPPORTED_SHAPE (3002)") == 0);
        CHECK(text.find("[status_test.cpp:") != text.npos);
    }
}

TEST_CASE("the library's own text is part of the error") {
    cudnnBackendDescriptor_t tensor = nullptr;
    REQUIRE(cudnnBackendCreateDescriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR, &tensor) == CUDNN_STATUS_SUCCESS);
    const std::string text = text_of(cudnnBackendFinalize(tensor));
    cudnnBackendDestroyDescriptor(tensor);
    CHECK(text.find("BAD_PARAM (2000): ") == 0);
    CHECK(text.size() > 25);
}

TEST_CASE("a refusal is told from a failure") {
    CHECK(is_refusal(CUDNN_STATUS_NOT_SUPPORTED));
    CHECK(is_refusal(CUDNN_STATUS_NOT_SUPPORTED_SHAPE));
    CHECK(!is_refusal(CUDNN_STATUS_INTERNAL_ERROR_COMPILATION_FAILED));
    CHECK(!is_refusal(CUDNN_STATUS_BAD_PARAM));
    CHECK(!is_refusal(CUDNN_STATUS_SUCCESS));
}

TEST_CASE("the version is the loaded library's, part by part") {
    const std::size_t number = cudnnGetVersion();
    CHECK(version().find(std::to_string(number / 10000) + '.') == 0);
    CHECK(version().find("91") != 0);
}
