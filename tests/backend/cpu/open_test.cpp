// SPDX-License-Identifier: MIT
// Opening the CPU: what it is called, what it supports, and which options are refused with a sentence.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace strata;

TEST_CASE("the device tells processor, instruction set, threads and oneDNN's version, and why it was chosen") {
    const std::string name = cpu::open({.threads = 2}).name();
    for (const char* words : {"cpu: ", "2 threads", "oneDNN "}) {
        CAPTURE(words);
        CHECK(name.find(words) != std::string::npos);
    }
    CHECK(cpu::open({.threads = 1}).name().find("1 thread,") != std::string::npos);
    CHECK(cpu::open().name().find(" thread") != std::string::npos);
    CHECK_FALSE(cpu::open().reason().empty());
}

TEST_CASE("a negative number of threads is refused, naming the option") {
    try {
        cpu::open({.threads = -2});
        FAIL("it did not throw");
    } catch (const invalid_input& e) {
        CHECK(std::string(e.what()).find("threads") != std::string::npos);
        CHECK(std::string(e.what()).find("-2") != std::string::npos);
    }
}

TEST_CASE("a precision that the CPU lacks is refused with a sentence, by the device and by a model") {
    const device on = cpu::open({.threads = 1});
    CHECK(on.supports(precision::fp32));
    CHECK_FALSE(on.supports(precision::tf32));
    program p({1, 1, 2});
    build::dense(p, p.input(), {.units = 2});
    for (const precision wanted : {precision::tf32, precision::bf16}) {
        if (on.supports(wanted)) continue;
        try {
            model m(p.view(), on, {.precision = wanted});
            FAIL("it did not throw");
        } catch (const unsupported& e) { CHECK(std::string(e.what()).find(name_of(wanted)) != std::string::npos); }
    }
}
