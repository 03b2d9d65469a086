// SPDX-License-Identifier: MIT
// function_ref calls what it refers to, without a copy, and says when it refers to nothing.
#include <strata/core/function_ref.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <type_traits>

namespace {

using answer = strata::function_ref<int(int)>;
static_assert(std::is_trivially_copyable_v<answer> && sizeof(answer) == 2 * sizeof(void*));
static_assert(std::is_constructible_v<answer, int (*)(int)>);
static_assert(!std::is_constructible_v<answer, void (*)(int)>, "a callable without an answer is refused");
static_assert(!std::is_constructible_v<answer, int (*)(int, int)>, "a callable of two is refused");
static_assert(!std::is_constructible_v<answer, int>);

int twice(answer f, int x) { return f(f(x)); }
int halve(int x) { return x / 2; }

}  // namespace

TEST_CASE("function_ref calls the object itself, not a copy of it") {
    int calls = 0;
    auto counts = [&calls, own = 0](int x) mutable {
        ++calls;
        return x + ++own;
    };
    CHECK(twice(counts, 10) == 13);  // 10 + 1, + 2: the second call sees the state that the first left
    CHECK(twice(counts, 10) == 17);
    CHECK(calls == 4);
}

TEST_CASE("function_ref takes functions, temporaries and constant objects") {
    CHECK(twice(halve, 12) == 3);
    CHECK(twice([](int x) { return x * x; }, 3) == 81);
    const auto plus = [](int x) { return x + 1; };
    CHECK(twice(plus, 3) == 5);
}

TEST_CASE("function_ref passes move-only arguments on and references through") {
    const auto take = [](std::unique_ptr<int> p, int& out) { out = *p; };
    const strata::function_ref<void(std::unique_ptr<int>, int&)> f = take;
    int out = 0;
    f(std::make_unique<int>(42), out);
    CHECK(out == 42);
}

TEST_CASE("a function_ref that was not given anything is false") {
    CHECK_FALSE(static_cast<bool>(answer{}));
    CHECK(static_cast<bool>(answer(halve)));
}

TEST_CASE("a copy of a function_ref refers to the same object") {
    int seen = 0;
    auto remember = [&seen](int x) { return seen = x; };
    const answer first = remember;
    answer second;
    second = first;
    CHECK(second(5) == 5);
    CHECK(seen == 5);
}
