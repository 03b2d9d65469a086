// SPDX-License-Identifier: MIT
// What lowering works with: where each tensor of the program lies, its gradient, the variables, and cuDNN graphs over them.
// Part of lowering.ipp; forward.hpp and backward.hpp build on it.
#pragma once

#include <strata/backend/cuda/device_program.hpp>
#include <strata/backend/cuda/lowering_options.hpp>
#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>
#include <strata/network/liveness.hpp>
#include <strata/network/program.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cuda::detail {

// The values of a tensor, (N, H, W, C).
struct array {
    location at;
    cudnn::data_type type = cudnn::data_type::f32;
    std::int64_t leading = 0;  // values from row to row where rows are padded; 0: not

    bool exists() const { return at.exists(); }
};

// What backward needs to know of an operation's forward.
struct forward_record {
    location index, mean, inverse_deviation;
};

// The mask of a dense layer's rectifier, of which the values in a tensor are what passed, or what dropout left of it.
struct mask_record {
    location at;
    int action = -1;                     // whose first way leaves it
    const operation* rectified = nullptr;  // the dense layer
    const operation* dropped = nullptr;    // the dropout behind it; null: none

    bool exists() const { return at.exists(); }
};

// The operation that reads this tensor; null where there are several, or none.
inline const operation* only_reader(const program_view& program, int tensor) {
    if (program.readers_of(tensor) != 1) return nullptr;
    for (const operation& op : program.operations)
        if (op.src[0] == tensor || op.src[1] == tensor) return &op;
    return nullptr;
}

// The dense layer that alone reads a dense layer's rectified output, through a dropout or not; null where it is read by anything else.
// Its gradient by data can then be masked where it is made, with no rectifier's (or dropout's) backward.
inline const operation* reader_of_rectified(const program_view& program, const operation& dense) {
    if (dense.kind != op_kind::dense || !dense.activated || dense.rate != 0 || dense.bias < 0) return nullptr;
    const operation* next = only_reader(program, dense.dst);
    if (next != nullptr && next->kind == op_kind::dropout) next = only_reader(program, next->dst);
    return next != nullptr && next->kind == op_kind::dense ? next : nullptr;
}

// A cuDNN graph in the making: each tensor gets the next number, and its place.
class graph_writer {
public:
    explicit graph_writer(std::int64_t batch) : batch_(batch) {}

    cudnn::operation_graph& graph() { return call_.graph; }
    cudnn::tensor picture(const array& a, const shape& s) {
        cudnn::tensor t = picture(a.type, s);
        if (a.leading != 0) t.strides = {a.leading, 1, a.leading, a.leading};  // padded rows of one pixel each
        return bound(a.at, t);
    }
    cudnn::tensor virtual_picture(const shape& s) { return cudnn::as_virtual(picture(cudnn::data_type::f32, s)); }
    cudnn::tensor filter(const location& at, cudnn::data_type type, const variable& v) { return bound(at, filter(type, v)); }
    cudnn::tensor virtual_filter(const variable& v) { return cudnn::as_virtual(filter(cudnn::data_type::f32, v)); }
    cudnn::tensor per_channel(const location& at, cudnn::data_type type, std::int64_t channels) {
        return bound(at, cudnn::per_channel(next_++, type, channels));
    }
    graph_call take() { return std::move(call_); }

private:
    cudnn::tensor picture(cudnn::data_type type, const shape& s) {
        return cudnn::channels_last(next_++, type, batch_, s.height, s.width, s.channels);
    }
    cudnn::tensor filter(cudnn::data_type type, const variable& v) {
        return cudnn::filter(next_++, type, v.dims[0], v.dims[1], v.dims[2], v.dims[3]);
    }
    cudnn::tensor bound(const location& at, const cudnn::tensor& t) {
        call_.tensors.emplace_back(t.id, at);
        return t;
    }

    std::int64_t batch_, next_ = 1;
    graph_call call_;
};

class arrays {
public:
    arrays(const program_view& program, const lowering_options& options)
        : program_(program),
          options_(options),
          layout_(layout_of(program)),
          values_(program.tensors.size()),
          gradients_(program.tensors.size()),
          records_(program.operations.size()),
          masks_(program.tensors.size()),
          gradient_needed_(program.tensors.size()) {
        find_gradients(program, gradient_needed_);
    }

protected:
    using ways = std::vector<std::vector<call>>;

    static std::size_t index(int number) { return static_cast<std::size_t>(number); }
    bool training() const { return options_.mode == mode::training; }
    bool narrow() const { return options_.precision == precision::bf16; }
    cudnn::data_type storage() const { return narrow() ? cudnn::data_type::bf16 : cudnn::data_type::f32; }
    std::int64_t batch() const { return options_.batch; }
    bool needs_gradient(int tensor) const { return gradient_needed_[index(tensor)]; }
    shape in(const operation& op) const { return program_.shape_of(op.src[0]); }
    shape out(const operation& op) const { return program_.shape_of(op.dst); }
    float epsilon(const operation& op) const { return op.epsilon == unset ? options_.batch_norm_epsilon : op.epsilon; }
    const operation* only_reader(int tensor) const { return detail::only_reader(program_, tensor); }
    const variable& variable_of(int parameter) const { return program_.parameters[index(parameter)]; }

    // ---- where things lie

    location fresh_bytes(std::int64_t bytes) {
        result_.buffers.push_back({.bytes = bytes});
        return {area::activations, static_cast<int>(result_.buffers.size()) - 1, 0};
    }
    array fresh(const shape& s, cudnn::data_type type) { return {fresh_bytes(batch() * s.size() * cudnn::bytes_of(type)), type}; }
    array fresh(const shape& s) { return fresh(s, storage()); }
    location parameter(int number) const { return {area::parameters, -1, layout_.parameters[index(number)]}; }
    location gradient(int number) const { return {area::gradients, -1, layout_.parameters[index(number)]}; }
    location statistic(int number) const { return {area::statistics, -1, layout_.statistics[index(number)]}; }
    // A parameter as convolutions and dense layers read it: f32, or its bf16 copy.
    location stored_parameter(int number) const {
        return narrow() ? location{area::narrow_parameters, -1, layout_.parameters[index(number)] / 2} : parameter(number);
    }

    // ---- actions

    graph_writer writer() const { return graph_writer(batch()); }
    void add(const operation& op, const char* what, ways how) {
        result_.actions.push_back({describe(program_, op) + ": " + what, std::move(how)});
    }
    void add(std::string what, ways how) { result_.actions.push_back({std::move(what), std::move(how)}); }
    template <typename... Call>
    static std::vector<call> way(Call&&... calls) {
        std::vector<call> list;
        (list.emplace_back(std::forward<Call>(calls)), ...);
        return list;
    }
    template <typename... Way>
    static ways either(Way&&... alternatives) {
        ways list;
        (list.push_back(std::forward<Way>(alternatives)), ...);
        return list;
    }
    // launch: void(const memory_map&, const launch_context&)
    template <typename Launch>
    static kernel_call kernel(std::vector<location> uses, Launch launch) {
        struct body final : kernel_call::body {
            explicit body(Launch l) : launch_(std::move(l)) {}
            void launch(const memory_map& memory, const launch_context& context) const override { launch_(memory, context); }
            Launch launch_;
        };
        return {std::move(uses), std::make_unique<body>(std::move(launch))};
    }

    static cudnn::window window(const operation& op) {
        return {.kernel = {op.rows.kernel, op.columns.kernel},
                .stride = {op.rows.stride, op.columns.stride},
                .before = {op.rows.before, op.columns.before},
                .after = {op.rows.after, op.columns.after}};
    }

    const program_view& program_;
    const lowering_options& options_;
    variable_layout layout_;
    device_program result_;
    std::vector<array> values_, gradients_;
    std::vector<forward_record> records_;
    std::vector<mask_record> masks_;     // per tensor
    std::vector<bool> gradient_needed_;  // per tensor
};

}  // namespace strata::inline STRATA_ABI::cuda::detail
