// SPDX-License-Identifier: MIT
// What was measured about convolutions on one machine: which algorithm was the fastest for which case, with the times of all of them.
// tune.hpp measures, files/tuning_file.hpp keeps it, and cpu::options::convolutions takes its choices. Nothing here knows oneDNN.
#pragma once

#include <strata/backend/cpu/convolution_choice.hpp>
#include <strata/core/config.hpp>
#include <strata/network/program.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI::cpu {

// On what it depends which algorithm is the fastest, beside the case itself.
struct machine {
    std::string processor{};        // "AMD EPYC": told, and not asked for
    std::string instruction_set{};  // "AVX2", as oneDNN uses it
    std::string onednn{};           // "2.6.3"
    std::string strata{};           // "0.1.0"
    vector_width width = vector_width::baseline;
    int threads = 1;
    bool operator==(const machine&) const = default;
};

struct tuning {
    struct time {
        convolution_way way{};
        double milliseconds = 0;  // the median
        bool operator==(const time&) const = default;
    };
    struct tuned_case {
        convolution_case which{};
        convolution_way way{};     // the chosen one, among `times`
        std::vector<time> times{};
        bool operator==(const tuned_case&) const = default;
    };
    machine measured_on{};
    std::vector<tuned_case> cases{};

    convolution_choices choices() const;
    bool operator==(const tuning&) const = default;
};

// Throws invalid_input, beginning with `name` (a path) and naming what differs, unless it was measured with the instruction set, the
// threads, the oneDNN and the strata of `here`. The processor may be another.
void check_fits(const tuning& measured, const machine& here, const std::string& name);

// What a program asks convolution_choices about, in the order of its operations: forward (inference, when it predicts), and in training
// by weights and, where a gradient has to go on, by data. Cases that several convolutions have are there several times.
enum class program_use : unsigned char { training, evaluation, prediction };
struct program_case {
    std::size_t operation = 0;  // of the program
    convolution_case which{};
};
std::vector<program_case> convolution_cases(const program_view& program, int batch, program_use use, int threads, vector_width width);

// {"pass": "forward", "batch": 128, ..., "tile": 4}: one choice as a JSON object; files/tuning_file.hpp reads it.
std::string json_of(const convolution_case& which, const convolution_way& way);
// A JSON array of them, one a line.
std::string json_of(const std::vector<convolution_choices::entry>& entries);

}  // namespace strata::inline STRATA_ABI::cpu

#if !defined(STRATA_LINKED)
#include <strata/backend/cpu/tuning.ipp>
#endif
