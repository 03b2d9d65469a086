// SPDX-License-Identifier: MIT
// A model in a safetensors file that describes itself. Parameters and statistics lie under their names ("conv2d_1.weight",
// "batch_norm.moving_mean") in canonical layouts: convolutions (K, R, S, C), dense (out, in) with `in` in (H, W, C) order.
//
// Metadata, all text: strata.format "1"; strata.version; strata.program (program_text.hpp); strata.classes, a JSON array;
// strata.preprocessing {"scale", "offset"}: input = stored value * scale + offset; strata.conventions, every field;
// strata.precision; strata.seed; strata.steps; strata.imported_statistics, a JSON array of
// the statistics that came from another training (model.hpp); strata.kernels, where the device chooses among algorithms: those that
// computed the model (stored_convolutions in tuning_file.hpp reads them); strata.crc32 of the values in the order of the file.
#pragma once

#include <strata/core/config.hpp>
#include <strata/data/dataset.hpp>
#include <strata/network/program.hpp>
#include <strata/training/model.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI {

// What a program must know beside the network to use it.
struct model_file_info {
    std::vector<std::string> class_names{};  // one per class, or none
    preprocessing input = bytes_to_unit;
};

struct loaded_model {
    strata::model model;
    std::vector<std::string> class_names;
    preprocessing input;
    std::string version;  // of the strata that wrote it
    precision trained_in = precision::fp32;  // the file's, whatever it was loaded in
};

struct load_options {
    std::optional<strata::precision> precision{};            // the file's when not given
    std::span<const custom_operation* const> operations{};   // the custom ones that the network may use
};

// Written as a whole or not at all. Throws io_error for a disk that is full or a place that cannot be written, invalid_input for a
// network that the form cannot hold or class names that are not as many as classes.
void save_model(const model& model, const std::string& path, const model_file_info& info = {});

// Throws invalid_input, naming the file, for one that is missing, damaged, of another kind or of a newer format; unsupported when the
// device lacks what the model needs.
loaded_model load_model(const std::string& path, const device& device, const load_options& options = {});

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/files/model_file.ipp>
#endif
