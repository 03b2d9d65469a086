// SPDX-License-Identifier: MIT
// Devices by name, in a program that has the CPU backend and no CUDA backend.
#include <strata/open.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace strata;

namespace {

template <typename Error>
std::string said_by(const char* name) {
    try {
        open(name);
    } catch (const Error& e) { return e.what(); }
    return "";
}

}  // namespace

#if defined(STRATA_HAS_CPU)
TEST_CASE("auto opens the CPU where there is no CUDA backend, and says why") {
    const device opened = open("auto", {.cpu = {.threads = 1}});
    CHECK(opened.name().rfind("cpu: ", 0) == 0);
    CHECK(opened.reason().find("this build has no CUDA backend; 1 thread") == 0);
    CHECK(open("cpu").reason().find("the cpu was asked for; ") == 0);
    CHECK(open("cpu", {.cpu = {.reason = "it is a test"}}).reason().find("it is a test; ") == 0);
}
#endif

TEST_CASE("cuda never falls back: without its backend it is refused, with the way to get it") {
    CHECK(said_by<unsupported>("cuda").find("-DSTRATA_WITH_CUDA=ON") != std::string::npos);
}

TEST_CASE("a device that is not known is refused with the names of those that are") {
    CHECK(said_by<invalid_input>("tpu") == "device tpu: give auto, cpu or cuda");
}
