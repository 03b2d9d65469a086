// SPDX-License-Identifier: MIT
// An arena is aligned, zeroed and moves its bytes with it.
#include <strata/backend/cpu/arena.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <utility>

using strata::alignment;
using strata::cpu::arena;

TEST_CASE("arenas of any size begin on a boundary and hold zeros") {
    for (const std::int64_t bytes : {1, 255, 256, 257, 100000}) {
        const arena a(bytes);
        CHECK(a.bytes() == bytes);
        CHECK(reinterpret_cast<std::uintptr_t>(a.data()) % static_cast<std::uintptr_t>(alignment) == 0);
        bool zero = true;
        for (std::int64_t i = 0; i < bytes; ++i) zero = zero && a.data()[i] == std::byte{0};
        CHECK(zero);
    }
    CHECK(arena().data() == nullptr);
    CHECK(arena(0).data() == nullptr);
}

TEST_CASE("moving an arena keeps the addresses of what lies in it") {
    arena a(512);
    float* const at = a.floats(256);
    *at = 3;
    const arena b = std::move(a);
    CHECK(b.floats(256) == at);
    CHECK(*b.floats(256) == 3.0f);
}
