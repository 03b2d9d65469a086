// SPDX-License-Identifier: MIT
#include <strata/backend/cuda/cudnn/handle.hpp>

#include <doctest/doctest.h>

#include <string>
#include <type_traits>

using namespace strata::cudnn;

static_assert(!std::is_copy_constructible_v<handle> && std::is_nothrow_move_constructible_v<handle>);

TEST_CASE("a handle cannot be had without a GPU, and the error says what cuDNN says") {
    try {
        const handle h;
        WARN_MESSAGE(false, "this machine has a GPU: nothing is refused");
    } catch (const cudnn_error& e) {
        const std::string text = e.what();
        CHECK(text.find("cudnnCreate: ") != text.npos);
        CHECK(text.find('(' + std::to_string(static_cast<int>(e.status)) + ')') != text.npos);
    }
}
