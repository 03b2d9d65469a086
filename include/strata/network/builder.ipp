// SPDX-License-Identifier: MIT
// What a run-time program owns, and the names and places that messages and files use.
#pragma once

#include <strata/core/error.hpp>
#include <strata/network/builder.hpp>

#include <string_view>

namespace strata::inline STRATA_ABI {

STRATA_INLINE program::program(const program_view& other) : basic_program(other.input_shape()) {
    for (std::size_t i = 1; i < other.tensors.size(); ++i) tensors().push_back(other.tensors[i]);
    for (const operation& op : other.operations) operations().push_back(op);
    for (const layer_record& record : other.layers) {
        layer_record copy = record;
        copy.kind = keep(record.kind);
        copy.name = keep(record.name);
        copy_layer(copy);
    }
    for (variable v : other.parameters) {
        v.role = keep(v.role);
        copy_parameter(v);
    }
    for (variable v : other.statistics) {
        v.role = keep(v.role);
        copy_statistic(v);
    }
    set_output({other.output});
    misfit wrong = other.refused;
    wrong.kind = keep(wrong.kind);
    copy_refusal(wrong);
}

STRATA_INLINE const char* program::keep(const std::string& name) {
    for (const auto& known : names_) {
        if (*known == name) return known->c_str();
    }
    names_.push_back(std::make_shared<const std::string>(name));
    return names_.back()->c_str();
}

STRATA_INLINE void program::check() const {
    const misfit& wrong = refused();
    if (wrong.why == refusal::none) {
        if (view().operations.empty()) throw invalid_input("network: it has no layer");
        return;
    }
    const std::string in = text_of(wrong.incoming);
    if (wrong.position < 0) {
        const bool large = wrong.why == refusal::shape_is_too_large;
        throw invalid_input("network: its input is " + in + "; " +
                            (large ? words_of(wrong.why) : "height, width and channels must be positive"));
    }
    throw invalid_input("network: layer " + std::to_string(wrong.position) + " (" + wrong.kind + ") cannot take " + in + ": " +
                        words_of(wrong.why));
}

STRATA_INLINE std::string text_of(const shape& s) {
    return "(" + std::to_string(s.height) + ", " + std::to_string(s.width) + ", " + std::to_string(s.channels) + ")";
}

STRATA_INLINE std::string describe(const program_view& program, const operation& op) {
    return layer_name(program, op.layer) + " #" + std::to_string(op.layer) + " " + text_of(program.shape_of(op.src[0]));
}

STRATA_INLINE std::string layer_name(const program_view& program, int layer) {
    const layer_record& record = program.layers[static_cast<std::size_t>(layer)];
    if (record.name[0] != '\0') return record.name;
    int before = 0;
    for (int i = 0; i < layer; ++i) {
        const layer_record& other = program.layers[static_cast<std::size_t>(i)];
        before += other.name[0] == '\0' && std::string_view(other.kind) == record.kind ? 1 : 0;
    }
    return before == 0 ? record.kind : record.kind + ("_" + std::to_string(before));
}

STRATA_INLINE std::string variable_name(const program_view& program, const variable& v) {
    return layer_name(program, v.layer) + "." + v.role;
}

}  // namespace strata::inline STRATA_ABI
