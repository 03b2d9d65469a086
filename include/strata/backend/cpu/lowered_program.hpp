// SPDX-License-Identifier: MIT
// What goes into lowering beside a program, and what comes out.
#pragma once

#include <strata/backend/cpu/convolution_choice.hpp>
#include <strata/backend/cpu/graph.hpp>
#include <strata/backend/cpu/onednn_maker.hpp>
#include <strata/core/config.hpp>

#include <cstddef>
#include <vector>

namespace strata::inline STRATA_ABI::cpu {

// Where the executor keeps variables: canonical layouts, one address per variable.
struct variable_addresses {
    std::vector<float*> parameters, gradients, statistics;
};

struct lowering_options {
    int batch = 1;
    onednn::pass pass = onednn::pass::inference;
    float batch_norm_epsilon = 1e-3f;  // where the program leaves it open
    bool prepare_once = false;         // reordered parameters are kept from run to run: graph::prepare() when they changed
    const convolution_choices* convolutions = nullptr;  // null: the shipped table
    int threads = 1;                                    // that will run the program
};

// The statistics of a batch, for the moving ones.
struct batch_statistics {
    int operation = 0;
    value mean, variance;
};

struct lowered_program {
    graph actions;
    value input;                     // (N, H, W, C), written before a run
    value output;                    // (N, classes), what the loss reads
    value output_gradient;           // (N, classes), written by the loss between forward and backward
    std::size_t forward_end = 0;     // actions [0, forward_end) run forward, [forward_end, size) backward
    std::vector<batch_statistics> statistics;
};

}  // namespace strata::inline STRATA_ABI::cpu
