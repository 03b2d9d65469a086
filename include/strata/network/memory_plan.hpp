// SPDX-License-Identifier: MIT
// The memory of a run, planned: arenas for parameters, gradients, optimizer state and statistics, and one arena of activations in
// which tensors that are not alive together share bytes. Every tensor begins on a 256-byte boundary.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/dtype.hpp>
#include <strata/network/fusion.hpp>
#include <strata/network/liveness.hpp>
#include <strata/network/program.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace strata::inline STRATA_ABI {

inline constexpr std::int64_t alignment = 256;
constexpr std::int64_t aligned(std::int64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

// Lays variables out in an arena of f32, in their order, and tells visit(bytes) where each begins. Returns the arena's bytes.
constexpr std::int64_t lay_out(std::span<const variable> variables, auto&& visit) {
    std::int64_t end = 0;
    for (const variable& v : variables) {
        visit(end);
        end += aligned(v.size() * 4);
    }
    return end;
}
constexpr std::int64_t lay_out(std::span<const variable> variables) {
    return lay_out(variables, [](std::int64_t) {});
}

// A piece of an arena; place() gives it its offset.
struct buffer {
    std::int64_t bytes = 0;
    lifetime alive{};
    std::int64_t offset = -1;
};

// Places the largest buffer first, each at the lowest offset where no buffer that lives at the same time lies. Returns the arena's
// bytes. The time grows with the square of the number of buffers; the plan of 2,000 operations takes about 0.05 s.
// A template, so that it is compiled where it is called and not wherever it is included.
template <typename = void>
constexpr std::int64_t place(std::span<buffer> buffers) {
    struct interval {
        std::int64_t offset, end;
        lifetime alive;
    };
    std::vector<interval> taken;  // in the order of offsets
    std::int64_t arena = 0;
    for (buffer& b : buffers) b.offset = -1;
    for (;;) {
        buffer* next = nullptr;
        for (buffer& b : buffers) {
            if (b.offset < 0 && b.bytes > 0 && b.alive.exists() && (next == nullptr || b.bytes > next->bytes)) next = &b;
        }
        if (next == nullptr) return arena;
        next->offset = 0;
        const std::int64_t bytes = aligned(next->bytes);
        for (const interval& other : taken) {
            if (other.offset >= next->offset + bytes) break;
            if (other.end > next->offset && other.alive.meets(next->alive)) next->offset = other.end;
        }
        const interval own{next->offset, next->offset + bytes, next->alive};
        taken.push_back(own);
        for (std::size_t i = taken.size() - 1; i > 0 && taken[i - 1].offset > own.offset; --i) {
            taken[i] = taken[i - 1];
            taken[i - 1] = own;
        }
        if (own.end > arena) arena = own.end;
    }
}

enum class optimizer_kind : unsigned char { adam, sgd, sgd_momentum };

// Values that the optimizer keeps per parameter.
constexpr int slots_of(optimizer_kind kind) { return kind == optimizer_kind::adam ? 2 : kind == optimizer_kind::sgd_momentum ? 1 : 0; }

struct plan_options {
    int batch = 32;
    strata::precision precision = precision::fp32;
    optimizer_kind optimizer = optimizer_kind::adam;
    bool training = true;
};

// Bytes per arena. Not in it: the data set, and the scratchpad that a backend's library asks for.
struct memory_plan {
    std::int64_t parameters = 0, gradients = 0, optimizer = 0, statistics = 0, activations = 0;
    constexpr std::int64_t total() const { return parameters + gradients + optimizer + statistics + activations; }
};

namespace detail {

// scratch: three buffers per tensor; lifetimes: two per tensor. A template, as place() is.
template <typename = void>
constexpr memory_plan plan_memory(const program_view& program, const plan_options& options, std::span<buffer> scratch,
                                  std::span<lifetime> lifetimes) {
    const std::size_t tensors = program.tensors.size();
    const int n = static_cast<int>(program.operations.size());
    find_lifetimes(program, options.training, lifetimes.first(tensors), lifetimes.subspan(tensors, tensors));
    const auto element = static_cast<std::int64_t>(bytes_of(storage_of(options.precision)));
    for (std::size_t t = 0; t < tensors; ++t) {
        const std::int64_t bytes = program.tensors[t].size() * options.batch * element;
        scratch[t] = {bytes, lifetimes[t]};
        scratch[tensors + t] = {bytes, lifetimes[tensors + t]};
    }
    for (int i = 0; i < n; ++i) {
        const operation& op = program.operations[static_cast<std::size_t>(i)];
        const std::int64_t size = program.shape_of(op.dst).size() * options.batch;
        buffer& aside = scratch[2 * tensors + static_cast<std::size_t>(i)];
        if (!options.training) continue;
        if (op.kind == op_kind::max_pool) aside = {size, {i, 2 * n - i}};  // one byte per value: where the maximum was
        if (op.kind == op_kind::batch_norm) aside = {program.shape_of(op.dst).channels * 8, {i, 2 * n}};  // mean and variance
    }
    memory_plan plan;
    plan.activations = place(scratch);
    plan.parameters = lay_out(program.parameters);
    plan.statistics = lay_out(program.statistics);
    if (options.training) {
        plan.gradients = plan.parameters;
        plan.optimizer = plan.parameters * slots_of(options.optimizer);
        // A bf16 copy of the parameters, which the optimizer writes beside the f32 ones.
        if (options.precision == precision::bf16) plan.parameters += plan.parameters / 2;
    }
    return plan;
}

}  // namespace detail

// For a program made at compile time with at most Tensors tensors. (Plans what really runs: the fused program.)
template <std::size_t Tensors, typename Program>
constexpr memory_plan plan_memory(const Program& program, const plan_options& options) {
    std::array<buffer, 3 * Tensors> scratch{};
    std::array<lifetime, 2 * Tensors> lifetimes{};
    const auto runs = options.training ? training_program(program) : fused(program);
    return detail::plan_memory(runs.view(), options, scratch, lifetimes);
}

// For any program.
memory_plan plan_memory(const program_view& program, const plan_options& options);
inline std::int64_t planned_bytes(const program_view& program, const plan_options& options) {
    return plan_memory(program, options).total();
}

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/network/memory_plan.ipp>
#endif
