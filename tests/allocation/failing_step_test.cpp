// SPDX-License-Identifier: MIT
// Memory runs out at each allocation of a training step in turn: the step throws, nothing has changed, and the next step is as if it
// had not been. The global operator new is replaced, which is why this is a program of its own. Only what this program's own code
// allocates is refused: oneDNN promises nothing about exceptions that pass through it.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/random_pictures.hpp>
#include <support/snapshot.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

#include <dlfcn.h>

namespace {

thread_local int allocations_left = -1;  // before one is refused; below zero: none is

bool is_ours(void* caller) {
    Dl_info here{}, there{};
    static const int somewhere = 0;
    return ::dladdr(&somewhere, &here) != 0 && ::dladdr(caller, &there) != 0 && here.dli_fbase == there.dli_fbase;
}

void* allocate(std::size_t bytes, std::size_t alignment, void* caller) {
    if (allocations_left >= 0 && is_ours(caller) && allocations_left-- == 0) throw std::bad_alloc();
    void* const found = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment + (bytes == 0 ? alignment : 0));
    if (found == nullptr) throw std::bad_alloc();
    return found;
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes, alignof(std::max_align_t), __builtin_return_address(0)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return allocate(bytes, static_cast<std::size_t>(alignment), __builtin_return_address(0));
}
void operator delete(void* data) noexcept { std::free(data); }
void operator delete(void* data, std::size_t) noexcept { std::free(data); }
void operator delete(void* data, std::align_val_t) noexcept { std::free(data); }
void operator delete(void* data, std::size_t, std::align_val_t) noexcept { std::free(data); }

using namespace strata;
using namespace testing;

namespace {

program small_network() {
    program p({6, 6, 2});
    tensor x = build::max_pool2d(p, build::relu(p, build::conv2d(p, p.input(), {.filters = 3, .win = same(3)})), valid(2));
    x = build::dropout(p, build::flatten(p, build::batch_norm(p, x)), 0.25f);
    build::dense(p, x, {.units = 3});
    p.check();
    return p;
}

}  // namespace

TEST_CASE("a step in which an allocation fails, whichever, has changed nothing, and the next one works") {
    const program p = small_network();
    const device cpu_device = cpu::open({.threads = 1});
    const random_pictures data({6, 6, 2}, 3, 8, 3);
    const dataset_view all = data.view();
    model m(p.view(), cpu_device, {}), undisturbed(p.view(), cpu_device, {});
    trainer t(m), u(undisturbed);
    for (trainer* each : {&t, &u}) each->train_step(all.slice(0, 1));  // makes the optimizer's state
    // The first step of a batch size makes its programs and its arenas; later ones allocate little. Of either, each allocation.
    for (const int rows : {8, 8, 5}) {
        const snapshot before = snapshot::of(m);
        int refused = 0;
        for (bool done = false; !done;) {
            allocations_left = refused;
            try {
                t.train_step(all.slice(0, rows));
                done = true;
            } catch (const std::bad_alloc&) { ++refused; }
            allocations_left = -1;
            if (!done) REQUIRE(snapshot::of(m) == before);
        }
        CAPTURE(rows);
        CHECK(refused > 0);
        u.train_step(all.slice(0, rows));
        REQUIRE(snapshot::of(m) == snapshot::of(undisturbed));
    }
}
