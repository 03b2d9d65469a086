// SPDX-License-Identifier: MIT
// A tuning file: which algorithm computes which convolution on one kind of machine, measured by cpu::tune. JSON:
//
//   {"format": "strata tuning 1", "strata": "0.1.0", "processor": "AMD EPYC", "instruction_set": "AVX2", "vectors": "avx2",
//    "threads": 2, "onednn": "2.6.3",
//    "convolutions": [{"pass": "forward", "batch": 128, "in": [15, 15, 96], "filters": 256, "kernel": [5, 5], "stride": [1, 1],
//      "padding": [2, 2, 2, 2], "threads": 2, "vectors": "avx2", "tile": 4, "milliseconds": {"0": 22.5, "4": 10.25}}],
//    "crc32": "..."}
//
// tile 0 is oneDNN's own convolution, m Winograd's with tiles of m x m outputs; padding is top, bottom, left, right; every time of
// "milliseconds" is that of a tile. The checksum is of what was measured: a file that somebody changed is not used.
#pragma once

#include <strata/backend/cpu/tuning.hpp>
#include <strata/core/config.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace strata::inline STRATA_ABI {

// Written as a whole or not at all. Throws io_error.
void save_tuning(const cpu::tuning& measured, const std::string& path);
std::string tuning_text(const cpu::tuning& measured);

// Throws invalid_input with a sentence that begins with the path for a file that is missing, damaged or no tuning file. Whether it was
// measured on such a machine as this one, cpu::check_fits says.
cpu::tuning load_tuning(const std::string& path);
cpu::tuning parse_tuning(std::string_view text, const std::string& name);

// The choices that a model file or settings.json keeps, as cpu::json_of writes them. Throws invalid_input beginning with `name`.
std::vector<cpu::convolution_choices::entry> parse_convolutions(std::string_view text, const std::string& name);
// Those of a file that save_model wrote; none of a model that was computed elsewhere than on the CPU, or by an older strata. A CPU that is
// opened with them (cpu::convolution_choices::tuned) goes on with the same bits, where the machine is of the same kind.
std::vector<cpu::convolution_choices::entry> stored_convolutions(const std::string& model_path);

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/files/tuning_file.ipp>
#endif
