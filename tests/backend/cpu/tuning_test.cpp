// SPDX-License-Identifier: MIT
// What was measured on one machine holds on machines like it, and is refused, by name, on others.
#include <strata/backend/cpu/tuning.hpp>

#include <strata/core/error.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/relu.hpp>
#include <strata/network/builder.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace strata;
using namespace strata::cpu;

namespace {

const machine here{
    .processor = "AMD EPYC", .instruction_set = "AVX2", .onednn = "2.6.3", .strata = "0.1.0", .width = vector_width::avx2, .threads = 2};

convolution_case case_of(convolution_pass pass) {
    return {.pass = pass,
            .batch = 32,
            .in = {15, 15, 96},
            .filters = 256,
            .rows = {5, 1, 2, 2},
            .columns = {5, 1, 1, 3},
            .threads = 2,
            .width = vector_width::avx2};
}

std::string refused_with(const machine& there) {
    try {
        check_fits({.measured_on = there, .cases = {}}, here, "my.tuning");
    } catch (const invalid_input& e) { return e.what(); }
    return "";
}

}  // namespace

TEST_CASE("the choices of a tuning are those of its cases, and no other case is tuned") {
    const tuning measured{.measured_on = here,
                          .cases = {{case_of(convolution_pass::forward), {4}, {{{0}, 2.0}, {{4}, 1.0}}},
                                    {case_of(convolution_pass::backward_data), {0}, {{{0}, 1.0}, {{4}, 3.0}}}}};
    const convolution_choices choices = measured.choices();
    CHECK(choices.tuned.size() == 2);
    CHECK_FALSE(choices.otherwise);
    CHECK(choices.find(case_of(convolution_pass::forward)).tile == 4);
    CHECK(choices.find(case_of(convolution_pass::backward_data)).tile == 0);
    convolution_case other = case_of(convolution_pass::forward);
    other.batch = 31;
    CHECK(choices.find(other) == shipped_convolution_way(other));
}

TEST_CASE("a tuning of another machine is refused by name, and another processor of the same kind is not") {
    CHECK(refused_with(here).empty());
    machine there = here;
    there.processor = "Intel Xeon";
    CHECK(refused_with(there).empty());
    there = here;
    there.instruction_set = "AVX-512";
    CHECK(refused_with(there) ==
          "my.tuning: it was measured with the instruction set AVX-512, and this run has AVX2; measure again (train_cifar10 --tune, or "
          "cpu::tune)");
    there = here;
    there.width = vector_width::baseline;
    CHECK(refused_with(there).find("vectors of baseline, and this run has avx2") != std::string::npos);
    there = here;
    there.threads = 8;
    CHECK(refused_with(there).find("threads: 8, and this run has 2") != std::string::npos);
    there = here;
    there.onednn = "3.5.1";
    CHECK(refused_with(there).find("oneDNN 3.5.1, and this run has 2.6.3") != std::string::npos);
    there = here;
    there.strata = "0.0.9";
    CHECK(refused_with(there).find("strata 0.0.9, and this run has 0.1.0") != std::string::npos);
}

TEST_CASE("a choice is one JSON object with every number of its case") {
    CHECK(json_of(case_of(convolution_pass::backward_weights), {5}) ==
          "{\"pass\": \"backward_weights\", \"batch\": 32, \"in\": [15, 15, 96], \"filters\": 256, \"kernel\": [5, 5], "
          "\"stride\": [1, 1], \"padding\": [2, 2, 1, 3], \"threads\": 2, \"vectors\": \"avx2\", \"tile\": 5}");
    CHECK(json_of(std::vector<convolution_choices::entry>{}) == "[]");
    CHECK(json_of({{case_of(convolution_pass::forward), {0}}, {case_of(convolution_pass::forward), {3}}}).find("\"tile\": 0},\n  {") !=
          std::string::npos);
}

TEST_CASE(
    "the cases of a program are its convolutions' passes; the first needs no gradient of its data, and prediction needs none at all") {
    program p({8, 8, 3});
    tensor x = build::conv2d(p, p.input(), {.filters = 4, .win = same(3)});
    x = build::conv2d(p, build::relu(p, x), {.filters = 6, .win = same(5)});
    const auto training = convolution_cases(p.view(), 16, program_use::training, 2, vector_width::avx2);
    const auto passes = [](const auto& cases) {
        std::string text;
        for (const program_case& c : cases) text += std::string(name_of(c.which.pass)) + " " + std::to_string(c.operation) + "; ";
        return text;
    };
    CHECK(passes(training) == "forward 0; backward_weights 0; forward 2; backward_weights 2; backward_data 2; ");
    const auto of = [&](program_use use) { return passes(convolution_cases(p.view(), 16, use, 2, vector_width::avx2)); };
    CHECK(of(program_use::evaluation) == "forward 0; forward 2; ");
    CHECK(of(program_use::prediction) == "inference 0; inference 2; ");
    CHECK(training.back().which == convolution_case{.pass = convolution_pass::backward_data,
                                                    .batch = 16,
                                                    .in = {8, 8, 4},
                                                    .filters = 6,
                                                    .rows = {5, 1, 2, 2},
                                                    .columns = {5, 1, 2, 2},
                                                    .threads = 2,
                                                    .width = vector_width::avx2});
}
