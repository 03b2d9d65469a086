// SPDX-License-Identifier: MIT
// A captured graph is the work of its stream, again and again; what goes wrong during the capture leaves a stream that works.
#include <strata/backend/cuda/runtime/graph.hpp>
#include <strata/backend/cuda/runtime/memory.hpp>
#include <strata/backend/cuda/runtime/status.hpp>

#include <stdexcept>
#include <utility>

#include <doctest/doctest.h>
#include <virtual_gpu/testing.hpp>

using namespace strata::cuda;

TEST_CASE("each launch runs the captured work once; capturing runs nothing") {
    const testing::machine clean;
    {
        const stream on;
        const device_memory memory(4);
        auto* const value = reinterpret_cast<float*>(memory.data());
        zero(value, 4, on.get());
        captured_graph graph;
        CHECK(graph.empty());
        graph = captured_graph::capture(on, [&] {
            REQUIRE(testing::add(on.get(), value, 1) == cudaSuccess);
            REQUIRE(testing::add(on.get(), value, 10) == cudaSuccess);
        });
        CHECK_FALSE(graph.empty());
        CHECK(graph.nodes() == 2);
        const captured_graph moved = std::move(graph);
        CHECK(graph.empty());
        for (int i = 0; i < 3; ++i) moved.launch(on);
        on.synchronize();
        const vgpu::access open;
        CHECK(*value == 33);
        CHECK(vgpu::counters().graph_launches == 3);
    }
    CHECK(vgpu::live().empty());
    CHECK(vgpu::misuse().empty());
}

TEST_CASE("what the work throws ends the capture and goes on, and the stream can be captured again") {
    const testing::machine clean;
    const stream on;
    const device_memory memory(4);
    auto* const value = reinterpret_cast<float*>(memory.data());
    CHECK_THROWS_WITH_AS(captured_graph::capture(on,
                                                 [&] {
                                                     REQUIRE(testing::put(on.get(), value, 1) == cudaSuccess);
                                                     throw std::runtime_error("no plan");
                                                 }),
                         "no plan", std::runtime_error);
    CHECK_NOTHROW(captured_graph::capture(on, [&] { REQUIRE(testing::put(on.get(), value, 2) == cudaSuccess); }).launch(on));
    on.synchronize();
    const vgpu::access open;
    CHECK(*value == 2);
}

TEST_CASE("each call of a capture that fails is named, and nothing of it is left") {
    for (const char* call : {"cudaStreamBeginCapture", "cudaStreamEndCapture", "cudaGraphGetNodes", "cudaGraphInstantiate"}) {
        const testing::machine clean;
        const stream on;
        const device_memory memory(4);
        const auto before = vgpu::live().size();
        vgpu::fail(call, 1, cudaErrorUnknown);
        CHECK_THROWS_WITH_AS(captured_graph::capture(on, [&] { zero(memory.data(), 4, on.get()); }), doctest::Contains(call), cuda_error);
        vgpu::clear_faults();
        CHECK(vgpu::live().size() == before);
    }
}

TEST_CASE("waiting during a capture is an error, not a wait") {
    const testing::machine clean;
    const stream on;
    CHECK_THROWS_AS(captured_graph::capture(on, [&] { on.synchronize(); }), cuda_error);
}
