// SPDX-License-Identifier: MIT
// When each tensor of a program must exist. Time runs over one step: operation i runs forward at time i, the loss at time n, and
// operation i runs backward at time 2n - i. From it follow what is saved for backward, and which tensors may share memory.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/program.hpp>

#include <cstddef>
#include <span>

namespace strata::inline STRATA_ABI {

// Alive at the times [first, last]; never when first < 0.
struct lifetime {
    int first = -1, last = -1;

    constexpr bool exists() const { return first >= 0; }
    constexpr void extend(int time) {
        if (first < 0 || time < first) first = time;
        if (time > last) last = time;
    }
    constexpr bool meets(const lifetime& other) const { return exists() && other.exists() && first <= other.last && other.first <= last; }
};

// Whether backward reads what the operation read: the weight gradient needs the input, batch norm its input again.
constexpr bool saves_src(const operation& op) { return op.weight >= 0 || op.kind == op_kind::batch_norm || op.kind == op_kind::custom; }
// Whether backward reads what the operation wrote: the sign of a rectifier's output, softmax's own output.
constexpr bool saves_dst(const operation& op) {
    return op.activated || op.kind == op_kind::relu || op.kind == op_kind::leaky_relu || op.kind == op_kind::softmax ||
           op.kind == op_kind::custom;
}

// Whether a gradient has to reach what the operation writes: it has a parameter, or reached(src) holds for what it reads.
constexpr bool passes_gradient(const operation& op, auto&& reached) {
    return op.weight >= 0 || op.bias >= 0 || (op.src[0] >= 0 && reached(op.src[0])) || (op.src[1] >= 0 && reached(op.src[1]));
}

// Sets needed[t] for every tensor a gradient has to reach: a parameter lies before it. The input has none. One pass, as operations
// stand in the order in which they run. needed: one bool per tensor (std::vector<bool>, std::array, std::span), all false.
constexpr void find_gradients(const program_view& program, auto&& needed) {
    for (const operation& op : program.operations)
        needed[static_cast<std::size_t>(op.dst)] =
            passes_gradient(op, [&](int src) { return bool{needed[static_cast<std::size_t>(src)]}; });
}

// A reshape moves no value: its output is its input's memory. One pass from the end, as a tensor is made before it is read.
constexpr int memory_of(const program_view& program, int tensor) {
    for (std::size_t i = program.operations.size(); i-- > 0;) {
        const operation& op = program.operations[i];
        if (op.dst == tensor && op.kind == op_kind::reshape) tensor = op.src[0];
    }
    return tensor;
}

// Fills the lifetimes of values and of gradients, one of each per tensor of the program.
constexpr void find_lifetimes(const program_view& program, bool training, std::span<lifetime> values, std::span<lifetime> gradients) {
    const int n = static_cast<int>(program.operations.size());
    const auto value = [&](int tensor) -> lifetime& { return values[static_cast<std::size_t>(memory_of(program, tensor))]; };
    value(0).extend(0);
    value(program.output).extend(n);
    for (int i = 0; i < n; ++i) {
        const operation& op = program.operations[static_cast<std::size_t>(i)];
        value(op.dst).extend(i);
        if (training && saves_dst(op)) value(op.dst).extend(2 * n - i);
        for (const int src : op.src) {
            if (src < 0) continue;
            value(src).extend(i);
            if (training && saves_src(op)) value(src).extend(2 * n - i);
        }
    }
    if (!training) return;
    const auto gradient = [&](int tensor) -> lifetime& { return gradients[static_cast<std::size_t>(memory_of(program, tensor))]; };
    for (int i = 0; i < n; ++i) {  // a gradient exists as soon as the operation that makes its tensor was seen
        const operation& op = program.operations[static_cast<std::size_t>(i)];
        for (const int src : op.src) {
            if (src >= 0 && gradient(src).exists()) gradient(src).extend(2 * n - i);
        }
        if (passes_gradient(op, [&](int src) { return gradient(src).exists(); })) gradient(op.dst).extend(2 * n - i);
    }
    if (gradient(program.output).exists()) gradient(program.output).extend(n);
}

}  // namespace strata::inline STRATA_ABI
