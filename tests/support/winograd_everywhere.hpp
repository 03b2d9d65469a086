// SPDX-License-Identifier: MIT
// Choices under which every convolution that can be Winograd's is: with one tile for kernels of 3 x 3 and one for 5 x 5.
#pragma once

#include <strata/backend/cpu/vector_width.hpp>
#include <strata/network/program.hpp>

namespace testing {

inline strata::cpu::convolution_choices winograd_everywhere(const strata::program_view& program, int threads, int of_three, int of_five,
                                                            int most_rows = 8) {
    using namespace strata::cpu;
    convolution_choices choices = convolution_choices::direct_only();
    for (const strata::operation& op : program.operations) {
        if (op.kind != strata::op_kind::convolution) continue;
        for (int batch = 1; batch <= most_rows; ++batch)
            for (const auto pass : {convolution_pass::forward, convolution_pass::backward_data, convolution_pass::backward_weights,
                                    convolution_pass::inference})
                choices.set({.pass = pass,
                             .batch = batch,
                             .in = program.shape_of(op.src[0]),
                             .filters = program.shape_of(op.dst).channels,
                             .rows = op.rows,
                             .columns = op.columns,
                             .threads = threads,
                             .width = vector_width_here()},
                            {op.rows.kernel == 3 ? of_three : of_five});
    }
    return choices;
}

}  // namespace testing
