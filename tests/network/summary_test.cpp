// SPDX-License-Identifier: MIT
// The summary of the tutorial's AlexNet against figures worked out by hand, and its totals as sums over random programs.
#include <strata/models/alexnet_cifar.hpp>
#include <strata/network/summary.hpp>

#include <doctest/doctest.h>

#include <support/random_programs.hpp>

#include <algorithm>
#include <string>

using namespace strata;
using namespace testing;

TEST_CASE("AlexNet for CIFAR-10: parameters, statistics and multiply-adds, layer by layer") {
    const network_summary s = summary(view<alexnet_cifar>());
    CHECK(s.input == shape{32, 32, 3});
    CHECK(s.parameters == 6607946);
    CHECK(s.statistics == 2 * (96 + 256 + 384 + 384 + 256));
    struct expected {
        const char* name;
        shape output;
        std::int64_t parameters, multiply_adds;
    };
    const expected figures[] = {
        {"conv2d", {32, 32, 96}, 2688, 2654208},
        {"max_pool2d", {15, 15, 96}, 0, 0},
        {"batch_norm", {15, 15, 96}, 192, 0},
        {"conv2d_1", {15, 15, 256}, 614656, 138240000},
        {"max_pool2d_1", {7, 7, 256}, 0, 0},
        {"batch_norm_1", {7, 7, 256}, 512, 0},
        {"conv2d_2", {7, 7, 384}, 885120, 43352064},
        {"conv2d_3", {7, 7, 384}, 1327488, 65028096},
        {"conv2d_4", {7, 7, 256}, 884992, 43352064},
        {"max_pool2d_2", {3, 3, 256}, 0, 0},
        {"flatten", {1, 1, 2304}, 0, 0},
        {"dense", {1, 1, 1024}, 2360320, 2359296},
        {"dense_1", {1, 1, 512}, 524800, 524288},
        {"dense_2", {1, 1, 10}, 5130, 5120},
    };
    for (const expected& e : figures) {
        const auto found = std::find_if(s.layers.begin(), s.layers.end(), [&](const layer_summary& l) { return l.name == e.name; });
        CAPTURE(e.name);
        REQUIRE(found != s.layers.end());
        CHECK(found->output == e.output);
        CHECK(found->parameters == e.parameters);
        CHECK(found->multiply_adds == e.multiply_adds);
    }
    CHECK(s.multiply_adds == 295515136);
    CHECK(s.layers.size() == 26);
}

TEST_CASE("totals are the sums of the layers, and the layers are those that the user wrote") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const program p = random_program(seed);
        const network_summary s = summary(p.view());
        REQUIRE(s.layers.size() == p.view().layers.size());
        std::int64_t parameters = 0, statistics = 0, products = 0, bytes = 0;
        for (const layer_summary& l : s.layers) {
            parameters += l.parameters;
            statistics += l.statistics;
            products += l.multiply_adds;
            bytes += l.bytes;
        }
        REQUIRE((s.parameters == parameters && s.statistics == statistics && s.multiply_adds == products && s.bytes == bytes));
        REQUIRE(s.parameters == p.view().parameter_count());
        REQUIRE(s.layers.back().output == p.view().output_shape());
    }
}

TEST_CASE("the table has a line for each layer, its figures grouped, and ends every line") {
    const std::string text = summary(view<alexnet_cifar>()).text();
    CHECK(text.back() == '\n');
    for (const char* words : {"conv2d_4", "max_pool2d_2", "(15, 15, 256)", "138,240,000", "6,607,946", "295,515,136"}) {
        CAPTURE(words);
        CHECK(text.find(words) != std::string::npos);
    }
    CHECK(text.find("conv2d_5") == std::string::npos);
}
