// SPDX-License-Identifier: MIT
// Opening the CPU: what it is called, what it supports, and which options are refused with a sentence.
#include <strata/backend/cpu/onednn.hpp>
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include <stdlib.h>

using namespace strata;

TEST_CASE("the device tells processor, instruction set, threads and oneDNN's version") {
    const std::string name = cpu::open({.threads = 2}).name();
    for (const char* words : {"cpu: ", "2 threads", "oneDNN "}) {
        CAPTURE(words);
        CHECK(name.find(words) != std::string::npos);
    }
    CHECK(cpu::open({.threads = 1}).name().find("1 thread,") != std::string::npos);
    CHECK(cpu::open().name().find(" thread") != std::string::npos);
}

TEST_CASE("the reason says who chose the CPU, and where threads and instruction set come from") {
    const auto has = [](const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; };
    const std::string asked = cpu::open({.threads = 3}).reason();
    CHECK(has(asked, "the program opens the CPU by name; 3 threads, as the program asks; "));
    CHECK(has(asked, cpu::onednn::instruction_set()));

    const char* before = std::getenv("OMP_NUM_THREADS");
    const std::string kept = before == nullptr ? "" : before;
    ::setenv("OMP_NUM_THREADS", "2", 1);
    CHECK(has(cpu::open().reason(), "as OMP_NUM_THREADS says"));
    ::unsetenv("OMP_NUM_THREADS");
    CHECK(has(cpu::open().reason(), "as many as OpenMP gives"));
    if (before != nullptr) ::setenv("OMP_NUM_THREADS", kept.c_str(), 1);
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
