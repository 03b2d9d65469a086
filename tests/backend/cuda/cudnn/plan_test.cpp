// SPDX-License-Identifier: MIT
#include "gpus.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace strata::cudnn;
using namespace strata_tests;

namespace {

operation_graph convolution() {
    operation_graph g;
    g.convolution_forward(pictures(10, data_type::f32, 15, 96), filter(11, data_type::f32, 256, 5, 5, 96),
                          pictures(12, data_type::f32, 15, 256), window::square(5, 1, 2));
    return g;
}

std::string refusal_of(auto&& act) {
    try {
        act();
    } catch (const strata::invalid_input& e) { return e.what(); }
    return "nothing was refused";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a plan serializes, and loads again for the same GPU with the same workspace") {
    const target on = gpu("h100_sm90");
    const plan made = find_plan(convolution(), on, {.strict_fp32 = true}, "made");
    const std::string json = made.json();
    CHECK(json.size() > 1000);
    CHECK(json.front() == '{');
    CHECK(json.back() == '}');
    const plan loaded = plan::from_json(json, convolution(), on, made.facts(), "loaded");
    CHECK(loaded.json() == json);
    CHECK(loaded.workspace_bytes() == made.workspace_bytes());
    CHECK(loaded.engine() == made.engine());
}

TEST_CASE("a plan of another architecture, or no plan at all, does not load, and the error says whose it was") {
    const plan made = find_plan(convolution(), gpu("h100_sm90"), {}, "made");
    const target other = gpu("rtx4090_sm89");
    for (const std::string& json : {made.json(), std::string("{}"), std::string("no json")}) {
        try {
            (void)plan::from_json(json, convolution(), other, made.facts(), "conv2d #2 forward");
            FAIL("a foreign plan was accepted");
        } catch (const cudnn_error& e) { CHECK(contains(e.what(), "conv2d #2 forward: a stored plan does not load")); }
    }
}

TEST_CASE("a variant pack wants an address for each bound tensor, aligned, and the workspace") {
    const plan made = find_plan(convolution(), gpu("h100_sm90"), {.strict_fp32 = true}, "conv2d #2 forward");
    REQUIRE(made.workspace_bytes() > 0);
    alignas(256) static char memory[1024];
    const std::vector<binding> whole{{10, memory}, {11, memory + 256}, {12, memory + 512}};
    CHECK_NOTHROW(made.pack(whole, memory));

    const std::vector<binding> missing{{10, memory}, {12, memory}};
    CHECK(contains(refusal_of([&] { (void)made.pack(missing, memory); }), "conv2d #2 forward: tensor 11 (256,5,5,96) f32 has no address"));
    const std::vector<binding> misaligned{{10, memory}, {11, memory + 4}, {12, memory}};
    CHECK(contains(refusal_of([&] { (void)made.pack(misaligned, memory); }), "tensor 11 (256,5,5,96) f32 is not aligned to 16 bytes"));
    CHECK(contains(refusal_of([&] { (void)made.pack(whole, nullptr); }), "needs a workspace of"));
}
