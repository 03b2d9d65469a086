// SPDX-License-Identifier: MIT
#include "gpus.hpp"

#include <strata/backend/cuda/cudnn/graph_descriptors.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace strata::cudnn;
using namespace strata_tests;

TEST_CASE("cuDNN takes every operation with one set of descriptors each, and knows engines for the graph") {
    operation_graph g;
    const tensor sum = inner(3, 15, 256), biased = inner(4, 15, 256);
    g.convolution_forward(pictures(0, data_type::f32, 15, 96), filter(1, data_type::f32, 256, 5, 5, 96), sum, window::square(5, 1, 2));
    g.add(sum, per_channel(2, data_type::f32, 256), biased);
    g.relu(biased, pictures(5, data_type::f32, 15, 256), 0.1f);
    const graph_descriptors made(g);
    CHECK(made.get().get() != nullptr);
    CHECK(made.get().get<CUDNN_ATTR_OPERATIONGRAPH_ENGINE_GLOBAL_COUNT>() > 0);
}

TEST_CASE("what cuDNN does not take is an error that names the attribute or the descriptor") {
    operation_graph g;
    tensor x = pictures(0, data_type::f32, 15, 96);
    x.alignment = 3;
    g.relu(x, pictures(1, data_type::f32, 15, 96));
    try {
        const graph_descriptors made(g);
        FAIL("an alignment of 3 bytes was accepted");
    } catch (const cudnn_error& e) {
        const std::string text = e.what();
        CHECK(text.find("CUDNN_") != text.npos);
    }
}
