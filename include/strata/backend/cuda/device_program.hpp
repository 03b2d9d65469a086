// SPDX-License-Identifier: MIT
// What a program becomes on a GPU for one batch size and mode: actions in order over arrays whose places are named, not yet known.
// It is made without a device (lowering.hpp); a device then chooses engines, places the buffers and runs it (planned_program.hpp).
#pragma once

#include <strata/backend/cuda/cublaslt/matmul.hpp>
#include <strata/backend/cuda/cudnn/operations.hpp>
#include <strata/backend/cuda/runtime/kernels.hpp>
#include <strata/core/config.hpp>
#include <strata/kernels/step_state.hpp>
#include <strata/network/memory_plan.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace strata::inline STRATA_ABI::cuda {

// The arenas of an executor. Every array in them begins on a 256-byte boundary, but for the bf16 copies: 128.
enum class area : unsigned char {
    none,
    activations,        // buffers that are not alive together share bytes; all others lie where they lie
    parameters,         // f32
    narrow_parameters,  // their bf16 copies, in the same order
    gradients,          // f32, as the parameters
    statistics,         // moving means and variances, f32
    batch_statistics,   // of the batch: each batch norm's mean, then each one's inverse deviation, f32
    row_results         // loss and correctness of each row of a batch, f32
};
inline constexpr std::size_t areas = 8;

// Where an array begins.
struct location {
    area where = area::none;
    int buffer = -1;          // of the activations: which
    std::int64_t offset = 0;  // bytes; in the activations from the buffer's beginning

    bool exists() const { return where != area::none; }
    bool operator==(const location&) const = default;
};

// What the loss leaves of each row of a batch.
inline constexpr location row_loss{area::row_results, -1, 0};
constexpr location row_correct(std::int64_t batch) { return {area::row_results, -1, aligned(batch * 4)}; }
constexpr std::int64_t row_results_bytes(std::int64_t batch) { return 2 * aligned(batch * 4); }

// The addresses behind locations, once everything is placed.
struct memory_map {
    std::array<std::byte*, areas> bases{};
    std::vector<std::int64_t> buffers;  // offsets of the activation buffers

    std::byte* at(const location& l) const {
        if (!l.exists()) return nullptr;
        const std::int64_t begin = l.buffer < 0 ? 0 : buffers[static_cast<std::size_t>(l.buffer)];
        return bases[static_cast<std::size_t>(l.where)] + begin + l.offset;
    }
    template <typename T>
    T* as(const location& l) const {
        return reinterpret_cast<T*>(at(l));
    }
};

// A cuDNN operation graph, and the array behind each of its tensors.
struct graph_call {
    cudnn::operation_graph graph;
    std::vector<std::pair<std::int64_t, location>> tensors;
};

struct matmul_call {
    cublaslt::matmul problem;  // without its pointers
    location a, b, d, bias{}, aux{};
};

// What our own kernels need of a launch.
struct launch_context {
    const stream& on;
    const kernel_library& library;
    kernels::step_state* state;  // on the device
    float label_smoothing = 0;

    template <typename Body>
    void launch(const Body& body, std::int64_t count) const {
        library.launch(on, body, count);
    }
};

// One of our kernels on its arrays.
struct kernel_call {
    std::vector<location> uses;
    struct body {
        virtual ~body() = default;
        virtual void launch(const memory_map& memory, const launch_context& context) const = 0;
    };
    std::unique_ptr<const body> run;
    const char* name = nullptr;  // where it is told
};

using call = std::variant<graph_call, matmul_call, kernel_call>;

// One step of the program, and the ways to do it: the first whose engines exist is taken.
struct action {
    std::string what;  // "conv2d #0 (32, 32, 3): convolution forward"
    std::vector<std::vector<call>> ways;
    // The first `following` ways read what the first way of action `after` leaves: they are none where that took another.
    int after = -1;
    std::size_t following = 0;
};

// The batch's statistics of one batch norm.
struct batch_norm_record {
    int operation = 0;
    location mean, inverse_deviation;  // (C)
};

struct device_program {
    std::vector<action> actions;  // from gather to the last gradient
    std::vector<buffer> buffers;  // of the activations; placed by planned_program
    location output;              // (N, leading) f32: what the program gives
    std::int64_t output_leading = 0;  // values from row to row
    std::vector<batch_norm_record> batch_norms;
};

}  // namespace strata::inline STRATA_ABI::cuda
