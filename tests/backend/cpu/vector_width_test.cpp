// SPDX-License-Identifier: MIT
// The vectors' width is that of the instruction set which the device's name tells.
#include <strata/backend/cpu/vector_width.hpp>

#include <doctest/doctest.h>

#include <string>

TEST_CASE("the vectors' width is that of oneDNN's instruction set") {
    const std::string used = strata::cpu::onednn::instruction_set();
    const std::string width(name_of(strata::cpu::vector_width_here()));
    CAPTURE(used);
    CHECK((width == "avx512") == (used.find("AVX-512") != std::string::npos));
    CHECK((width == "avx2") == (used.find("AVX2") != std::string::npos));
}
