// SPDX-License-Identifier: MIT
// A plan's file gives back what was written for this key, and nothing once a byte is another.
#include "gpus.hpp"

#include <strata/backend/cuda/cudnn/plan_file.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace strata::cudnn;
using namespace strata_tests;

TEST_CASE("engine, notes and JSON come back for the key they were written with, and for no other") {
    operation_graph g;
    g.convolution_forward(pictures(0, data_type::f32, 15, 32), filter(1, data_type::f32, 64, 3, 3, 32), pictures(2, data_type::f32, 15, 64),
                          window::square(3, 1, 1));
    const plan made = find_plan(g, gpu("a100_sm80"), {}, "test");
    const std::string text = plan_text("key", made);
    const auto file = parse_plan(text, "key");
    REQUIRE(file);
    CHECK(file->facts == made.facts());
    CHECK(file->json == made.json());
    CHECK(!parse_plan(text, "another key"));
    for (const std::size_t at : {std::size_t{0}, text.find("engine ") + 7, text.size() - 2}) {
        std::string changed = text;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        CHECK(!parse_plan(changed, "key"));
    }
}

TEST_CASE("a line is taken by its word, with one space and an end") {
    std::string_view text = "engine 12\nnotes";
    CHECK(!take_line(text, "notes"));
    CHECK(take_line(text, "engine") == "12");
    CHECK(text == "notes");
    CHECK(!take_line(text, "notes"));
}
