// SPDX-License-Identifier: MIT
#include "gpus.hpp"

#include <strata/backend/cuda/cudnn/target.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace strata::cudnn;
using namespace strata_tests;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("what does not describe a GPU is refused with cuDNN's words") {
    CHECK_THROWS_AS(target::described("{}"), strata::invalid_input);
    std::string json = gpu_json("h100_sm90");
    json.replace(json.find("\"warpSize\""), 10, "\"warpSice\"");
    try {
        (void)target::described(json);
        FAIL("a GPU without warpSize was accepted");
    } catch (const strata::invalid_input& e) { CHECK(contains(e.what(), "warpSize")); }
}

TEST_CASE("a described GPU gives its description back") { CHECK(contains(gpu("h100_sm90").json(), "H100")); }
