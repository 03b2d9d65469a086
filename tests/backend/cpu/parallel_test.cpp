// SPDX-License-Identifier: MIT
// The launchers call a kernel once for every index, at any number of threads, and the number of threads is put back afterwards.
#include <strata/backend/cpu/parallel.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

using namespace strata::cpu;

namespace {

struct counting {
    int* calls;
    void operator()(std::size_t i) const { ++calls[i]; }
};

}  // namespace

TEST_CASE("every index is visited once, for counts around the chunks and at one and three threads") {
    for (const int threads : {1, 3}) {
        const thread_scope scope(threads);
        for (const std::size_t count : {0u, 1u, 2u, 4095u, 4096u, 4097u, 20000u}) {
            std::vector<int> rows(count + 1, 0), elements(count + 1, 0);
            for_each_index(count, counting{rows.data()});
            for_each_element(count, counting{elements.data()});
            std::vector<int> once(count, 1);
            once.push_back(0);  // nothing behind the end
            CHECK(rows == once);
            CHECK(elements == once);
        }
    }
}

TEST_CASE("a thread scope sets the number of threads for this thread alone, and ends") {
    const int before = default_threads();
    {
        const thread_scope outer(3);
        CHECK(default_threads() == 3);
        {
            const thread_scope inner(1);
            CHECK(default_threads() == 1);
            int elsewhere = 0;
            std::thread([&] { elsewhere = default_threads(); }).join();
            CHECK(elsewhere == before);
        }
        CHECK(default_threads() == 3);
    }
    CHECK(default_threads() == before);
}
