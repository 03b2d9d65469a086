// SPDX-License-Identifier: MIT
// Tuning: measures, on this machine, which algorithm computes each convolution of a program the fastest. An explicit act: nothing else
// in strata measures to decide, so a run computes with what its program was given.
//   const cpu::tuning measured = cpu::tune(view<tiny>(), {.threads = 2, .batch_sizes = {128}});
//   save_tuning(measured, "tiny.tuning");                                 // files/tuning_file.hpp
//   const device device = cpu::open({.threads = 2, .convolutions = measured.choices()});
#pragma once

#include <strata/backend/cpu/options.hpp>
#include <strata/backend/cpu/tuning.hpp>
#include <strata/core/config.hpp>
#include <strata/core/function_ref.hpp>
#include <strata/network/program.hpp>

#include <vector>

namespace strata::inline STRATA_ABI::cpu {

struct tune_options {
    int threads = 0;  // 0: as many as OpenMP gives
    std::vector<int> batch_sizes{32};
    int rounds = 7;   // training steps in each way; the medians of their times are compared
    std::vector<custom_kernels> kernels{};
};

// The machine that a device with so many threads computes on.
machine this_machine(int threads = 0);

// Trains throw-away models of the program on random values, one for each way that its convolutions can be computed in, which take turns;
// what is compared is a convolution's time in such a step, with what it costs to reorder its arrays. Another way than that of the shipped
// table is chosen when it is at least 2 % faster. They are in memory together: some five times what one training needs.
// on_step hears how many steps of how many are done; what it throws ends the tuning. Throws invalid_input for options and programs that
// do not fit.
tuning tune(const program_view& program, const tune_options& options = {}, function_ref<void(int done, int all)> on_step = {});

}  // namespace strata::inline STRATA_ABI::cpu

#if !defined(STRATA_LINKED)
#include <strata/backend/cpu/tune.ipp>
#endif
