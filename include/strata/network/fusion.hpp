// SPDX-License-Identifier: MIT
// Passes over a program that keep what it computes and make it cheaper. They run at compile time and at run time.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

// Leaves out a softmax at the end: the loss reads the logits.
template <typename Program>
constexpr Program without_output_softmax(Program program) {
    auto& operations = program.operations();
    if (operations.empty()) return program;
    const operation last = operations[operations.size() - 1];
    if (last.kind == op_kind::softmax && last.dst == program.output()) {
        operations.erase_at(operations.size() - 1);
        program.set_output({last.src[0]});
    }
    return program;
}

namespace detail {

constexpr bool is_rectifier(const operation& op) { return op.kind == op_kind::relu || op.kind == op_kind::leaky_relu; }

// A rectifier is monotonic, so it commutes with max pooling, and the same gradient flows: where it cuts a maximum off, it cuts the
// pooled value off. On the pooled side it touches a fraction of the values. (relu, max_pool) becomes (max_pool, relu).
template <typename Program>
constexpr void pool_before_rectifier(Program& program) {
    auto& operations = program.operations();
    for (std::size_t i = 0; i + 1 < operations.size(); ++i) {
        operation& first = operations[i];
        operation& second = operations[i + 1];
        if (!is_rectifier(first) || second.kind != op_kind::max_pool || second.src[0] != first.dst) continue;
        if (program.view().readers_of(first.dst) != 1) continue;
        const int src = first.src[0], between = first.dst, dst = second.dst;
        program.tensors()[static_cast<std::size_t>(between)] = program.of({dst});
        const operation pool = second;
        second = first;
        first = pool;
        first.src[0] = src;
        first.dst = between;
        second.src[0] = between;
        second.dst = dst;
    }
}

// (convolution or dense, rectifier) becomes one operation when nobody else reads what lies between.
template <typename Program>
constexpr void rectifier_into_producer(Program& program) {
    auto& operations = program.operations();
    for (std::size_t i = 0; i + 1 < operations.size(); ++i) {
        operation& first = operations[i];
        const operation second = operations[i + 1];
        if (first.kind != op_kind::convolution && first.kind != op_kind::dense) continue;
        if (first.activated || !is_rectifier(second) || second.src[0] != first.dst) continue;
        if (program.view().readers_of(first.dst) != 1) continue;
        first.activated = true;
        first.rate = second.rate;
        first.dst = second.dst;
        operations.erase_at(i + 1);
    }
}

}  // namespace detail

template <typename Program>
constexpr Program fused(Program program) {
    detail::pool_before_rectifier(program);
    detail::rectifier_into_producer(program);
    return program;
}

// What training and evaluation run.
template <typename Program>
constexpr Program training_program(Program program) {
    return fused(without_output_softmax(static_cast<Program&&>(program)));
}

}  // namespace strata::inline STRATA_ABI
