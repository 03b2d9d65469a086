// SPDX-License-Identifier: MIT
// Turns a program into a graph for one batch size: forward, and for training backward. oneDNN chooses layouts; a value that a
// primitive wants in another layout is reordered once and kept in both. Flat tensors and pictures at the edges are channels-last.
#pragma once

#include <strata/backend/cpu/lowered_program.hpp>
#include <strata/backend/cpu/onednn_maker.hpp>
#include <strata/backend/cpu/options.hpp>
#include <strata/core/config.hpp>
#include <strata/network/program.hpp>

#include <span>

namespace strata::inline STRATA_ABI::cpu {

// Throws onednn_error or unsupported, naming the layer.
lowered_program lower(const program_view& program, const onednn::engine& engine, const variable_addresses& variables,
                      std::span<const custom_kernels> kernels, const lowering_options& options);

}  // namespace strata::inline STRATA_ABI::cpu

#if !defined(STRATA_LINKED)
#include <strata/backend/cpu/lowering.ipp>
#endif
