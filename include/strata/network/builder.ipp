// SPDX-License-Identifier: MIT
// What a run-time program owns, and the names and places that messages and files use.
#pragma once

#include <strata/core/error.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

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

namespace builder_detail {

// The names of all layers, as layer_name gives them one by one.
STRATA_INLINE std::vector<std::string> layer_names(const program_view& program) {
    std::unordered_map<std::string_view, int> before;
    std::vector<std::string> names;
    for (const layer_record& record : program.layers) {
        if (record.name[0] != '\0') {
            names.emplace_back(record.name);
            continue;
        }
        const int number = before[record.kind]++;
        names.push_back(number == 0 ? record.kind : record.kind + ("_" + std::to_string(number)));
    }
    return names;
}

// Variables are found in files by their layer's name, so no two layers that own some may share one.
STRATA_INLINE void check_names(const program_view& program) {
    std::vector<bool> owns(program.layers.size());
    for (const variable& v : program.parameters) owns[static_cast<std::size_t>(v.layer)] = true;
    for (const variable& v : program.statistics) owns[static_cast<std::size_t>(v.layer)] = true;
    const std::vector<std::string> names = layer_names(program);
    std::unordered_set<std::string_view> seen;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (owns[i] && !seen.insert(names[i]).second)
            throw invalid_input("network: two layers are called \"" + names[i] + "\"; give each a name of its own");
    }
}

}  // namespace builder_detail

STRATA_INLINE void program::check() const {
    const misfit& wrong = refused();
    if (wrong.why == refusal::none) {
        if (view().operations.empty()) throw invalid_input("network: it has no layer");
        builder_detail::check_names(view());
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
