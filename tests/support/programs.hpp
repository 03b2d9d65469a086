// SPDX-License-Identifier: MIT
// Small programs for tests: made by a lambda over (program, tensor), or from a layer type; what they were refused for; and equality.
#pragma once

#include <strata/core/error.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>
#include <string>
#include <span>
#include <string_view>

namespace testing {

// The run-time program that `build(program, input)` writes.
template <typename Build>
strata::program made(strata::shape in, Build build) {
    strata::program p(in);
    build(p, p.input());
    return p;
}

template <typename Layer>
strata::program lowered(strata::shape in) {
    return made(in, [](strata::program& p, strata::tensor x) { Layer::lower(p, x); });
}

// What check() says, or nothing.
inline std::string message_of(const strata::program& p) {
    try {
        p.check();
    } catch (const strata::invalid_input& e) { return e.what(); }
    return "";
}

constexpr bool same_operation(const strata::operation& a, const strata::operation& b) {
    return a.kind == b.kind && a.src[0] == b.src[0] && a.src[1] == b.src[1] && a.dst == b.dst && a.weight == b.weight && a.bias == b.bias &&
           a.mean == b.mean && a.variance == b.variance && a.rows == b.rows && a.columns == b.columns && a.rate == b.rate &&
           a.epsilon == b.epsilon && a.momentum == b.momentum && a.activated == b.activated && a.custom == b.custom && a.layer == b.layer;
}

constexpr bool same_variable(const strata::variable& a, const strata::variable& b) {
    bool same = std::string_view(a.role) == b.role && a.layer == b.layer && a.rank == b.rank && a.initial == b.initial &&
                a.fan_in == b.fan_in && a.fan_out == b.fan_out;
    for (int i = 0; i < 4; ++i) same = same && a.dims[i] == b.dims[i];
    return same;
}

constexpr bool same_layer(const strata::layer_record& a, const strata::layer_record& b) {
    return std::string_view(a.kind) == b.kind && std::string_view(a.name) == b.name && a.dst == b.dst;
}

template <typename T, typename Same>
constexpr bool same_list(std::span<const T> a, std::span<const T> b, Same same) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!same(a[i], b[i])) return false;
    }
    return true;
}

// Field by field, names by their text.
constexpr bool same_program(const strata::program_view& a, const strata::program_view& b) {
    const auto equal = [](const strata::shape& x, const strata::shape& y) { return x == y; };
    return same_list(a.operations, b.operations, same_operation) && same_list(a.tensors, b.tensors, equal) &&
           same_list(a.parameters, b.parameters, same_variable) && same_list(a.statistics, b.statistics, same_variable) &&
           same_list(a.layers, b.layers, same_layer) && a.output == b.output;
}

}  // namespace testing
