// SPDX-License-Identifier: MIT
// A graph runs its actions in order; values that are alive together have bytes of their own, others share them.
#include <strata/backend/cpu/graph.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

using namespace strata;
using namespace strata::cpu;
using onednn::layout;
using onednn::memory_desc;

namespace {

const memory_desc row = memory_desc::of({64}, layout::rows);  // 256 bytes

void add_one(graph& g, const value& from, const value& to) {
    g.add_kernel("add one", {from, to}, [from, to](const graph& in, const run_context&) {
        for (int i = 0; i < 64; ++i) in.data(to)[i] = in.data(from)[i] + 1;
    });
}

}  // namespace

TEST_CASE("a chain of actions needs the bytes of two values, whatever its length, and computes in order") {
    const onednn::engine engine = onednn::make_engine();
    const onednn::stream stream = onednn::make_stream(engine);
    graph g(engine);
    std::vector<value> values{g.new_value(row)};
    g.touch(values[0]);
    for (int i = 0; i < 10; ++i) {
        values.push_back(g.new_value(row));
        add_one(g, values[static_cast<std::size_t>(i)], values.back());
    }
    g.touch(values.back());
    g.finish();
    CHECK(g.size() == 10);
    CHECK(g.arena_bytes() == 2 * 256);
    const arena bytes(g.arena_bytes());
    g.bind(bytes.data(), nullptr);
    g.data(values[0])[7] = 5;
    g.run({stream.get()}, 0, 10);
    CHECK(g.data(values.back())[7] == 15.0f);
    g.data(values[0])[7] = 5;
    g.run({stream.get()}, 0, 3);  // a part of it
    CHECK(g.data(values[3])[7] == 8.0f);
}

TEST_CASE("a value that is read later keeps its bytes until then") {
    const onednn::engine engine = onednn::make_engine();
    const onednn::stream stream = onednn::make_stream(engine);
    graph g(engine);
    const value a = g.new_value(row), b = g.new_value(row), c = g.new_value(row), d = g.new_value(row);
    g.touch(a);
    add_one(g, a, b);
    add_one(g, b, c);
    g.add("sum", g.make().sum(row, row, row), {{DNNL_ARG_SRC_0, a}, {DNNL_ARG_SRC_1, c}, {DNNL_ARG_DST, d}});
    g.touch(d);
    g.finish();
    CHECK(g.arena_bytes() == 3 * 256);  // a, b, c; d where b was
    const arena bytes(g.arena_bytes()), scratchpad(g.scratchpad_bytes() + 1);
    g.bind(bytes.data(), scratchpad.data());
    for (int i = 0; i < 64; ++i) g.data(a)[i] = static_cast<float>(i);
    g.run({stream.get()}, 0, g.size());
    CHECK(g.data(d)[10] == 10.0f + 12.0f);
}

TEST_CASE("a value at a fixed address is read and written there") {
    const onednn::engine engine = onednn::make_engine();
    const onednn::stream stream = onednn::make_stream(engine);
    graph g(engine);
    std::vector<float> parameters(64, 2), result(64, 0);
    add_one(g, graph::at(row, parameters.data()), graph::at(row, result.data()));
    g.finish();
    CHECK(g.arena_bytes() == 0);
    g.bind(nullptr, nullptr);
    g.run({stream.get()}, 0, 1);
    CHECK(result == std::vector<float>(64, 3));
}

TEST_CASE("an observer is told each action after it ran, with the bytes of what it names; without one nobody is") {
    struct listener final : action_observer {
        explicit listener(const float* values) : result(values) {}
        void ran(const action_purpose& purpose, const char* what, std::int64_t bytes) override {
            heard.push_back(what + std::to_string(bytes) + at(*result));
            purposes.push_back(purpose);
        }
        static std::string at(float v) { return v == 0 ? " not yet" : " done"; }
        const float* result;
        std::vector<std::string> heard;
        std::vector<action_purpose> purposes;
    };
    const onednn::engine engine = onednn::make_engine();
    const onednn::stream stream = onednn::make_stream(engine);
    graph g(engine);
    std::vector<float> a(64, 2), b(64, 0), c(64, 0);
    const value from = graph::at(row, a.data()), between = graph::at(row, b.data()), to = graph::at(row, c.data());
    g.set_place("here", 3);
    add_one(g, from, between);
    g.add("sum", g.make().sum(row, row, row), {{DNNL_ARG_SRC_0, from}, {DNNL_ARG_SRC_1, between}, {DNNL_ARG_DST, to}});
    g.finish();
    const arena scratchpad(g.scratchpad_bytes() + 1);
    g.bind(nullptr, scratchpad.data());
    listener hears(c.data());
    g.run({.stream = stream.get(), .observer = &hears}, 0, 2);
    CHECK(hears.heard == std::vector<std::string>{"here: add one512 not yet", "here: sum768 done"});
    for (const action_purpose& purpose : hears.purposes) CHECK((purpose.operation == 3 && !purpose.pass.has_value()));
    g.run({.stream = stream.get()}, 0, 2);
    CHECK(hears.heard.size() == 2);
}

TEST_CASE("what is added within a pass belongs to it until the scope ends, and a reorder multiplies nothing") {
    struct listener final : action_observer {
        void ran(const action_purpose& purpose, const char*, std::int64_t) override {
            heard += std::to_string(purpose.operation) + (purpose.pass ? std::string(name_of(*purpose.pass)) : "") +
                     (purpose.reorder ? " reorder" : "") + (purpose.multiplies() ? " multiplies; " : "; ");
        }
        std::string heard;
    };
    const onednn::engine engine = onednn::make_engine();
    const onednn::stream stream = onednn::make_stream(engine);
    graph g(engine);
    std::vector<float> a(64, 2), b(64, 0);
    const value from = graph::at(row, a.data()), to = graph::at(row, b.data());
    g.set_place("first", 1);
    {
        const graph::pass_scope within(g, convolution_pass::backward_data);
        g.add_reorder("reorder", from, to);
        add_one(g, from, to);
    }
    add_one(g, from, to);
    g.set_place("second", 2);
    g.add_reorder("reorder", from, to);
    g.finish();
    const arena scratchpad(g.scratchpad_bytes() + 1);
    g.bind(nullptr, scratchpad.data());
    listener hears;
    g.run({.stream = stream.get(), .observer = &hears}, 0, g.size());
    CHECK(hears.heard == "1backward_data reorder; 1backward_data multiplies; 1; 2 reorder; ");
}
