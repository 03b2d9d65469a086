// SPDX-License-Identifier: MIT
// Bodies of tuning.hpp.
#pragma once

#include <strata/backend/cpu/tuning.hpp>

#include <strata/core/error.hpp>
#include <strata/network/liveness.hpp>

#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI::cpu {

STRATA_INLINE convolution_choices tuning::choices() const {
    convolution_choices result;
    for (const tuned_case& c : cases) result.set(c.which, c.way);
    return result;
}

STRATA_INLINE void check_fits(const tuning& measured, const machine& here, const std::string& name) {
    const auto same = [&](const char* what, const std::string& there, const std::string& now) {
        if (there != now)
            throw invalid_input(name + ": it was measured with " + what + " " + there + ", and this run has " + now +
                                "; measure again (train_cifar10 --tune, or cpu::tune)");
    };
    const machine& there = measured.measured_on;
    same("the instruction set", there.instruction_set, here.instruction_set);
    same("vectors of", std::string(name_of(there.width)), std::string(name_of(here.width)));
    same(there.threads == 1 ? "a number of threads of" : "threads:", std::to_string(there.threads), std::to_string(here.threads));
    same("oneDNN", there.onednn, here.onednn);
    same("strata", there.strata, here.strata);
}

STRATA_INLINE std::vector<program_case> convolution_cases(const program_view& program, int batch, program_use use, int threads,
                                                          vector_width width) {
    std::vector<bool> reached(program.tensors.size());
    find_gradients(program, reached);
    std::vector<program_case> result;
    for (std::size_t i = 0; i < program.operations.size(); ++i) {
        const operation& op = program.operations[i];
        if (op.kind != op_kind::convolution) continue;
        const auto add = [&](convolution_pass pass) {
            result.push_back({i,
                              {.pass = pass,
                               .batch = batch,
                               .in = program.shape_of(op.src[0]),
                               .filters = program.shape_of(op.dst).channels,
                               .rows = op.rows,
                               .columns = op.columns,
                               .threads = threads,
                               .width = width}});
        };
        add(use == program_use::prediction ? convolution_pass::inference : convolution_pass::forward);
        if (use != program_use::training) continue;
        add(convolution_pass::backward_weights);
        if (reached[static_cast<std::size_t>(op.src[0])]) add(convolution_pass::backward_data);
    }
    return result;
}

namespace detail {

STRATA_INLINE std::string list_of(std::initializer_list<int> values) {
    std::string text;
    for (const int value : values) text += (text.empty() ? "" : ", ") + std::to_string(value);
    return "[" + text + "]";
}

}  // namespace detail

STRATA_INLINE std::string json_of(const convolution_case& which, const convolution_way& way) {
    const extent &rows = which.rows, &columns = which.columns;
    return "{\"pass\": \"" + std::string(name_of(which.pass)) + "\", \"batch\": " + std::to_string(which.batch) +
           ", \"in\": " + detail::list_of({which.in.height, which.in.width, which.in.channels}) +
           ", \"filters\": " + std::to_string(which.filters) + ", \"kernel\": " + detail::list_of({rows.kernel, columns.kernel}) +
           ", \"stride\": " + detail::list_of({rows.stride, columns.stride}) +
           ", \"padding\": " + detail::list_of({rows.before, rows.after, columns.before, columns.after}) +
           ", \"threads\": " + std::to_string(which.threads) + ", \"vectors\": \"" + std::string(name_of(which.width)) +
           "\", \"tile\": " + std::to_string(way.tile) + "}";
}

STRATA_INLINE std::string json_of(const std::vector<convolution_choices::entry>& entries) {
    std::string text = "[";
    for (std::size_t i = 0; i < entries.size(); ++i) text += (i == 0 ? "\n  " : ",\n  ") + json_of(entries[i].which, entries[i].way);
    return text + (entries.empty() ? "]" : "\n]");
}

}  // namespace strata::inline STRATA_ABI::cpu
