// SPDX-License-Identifier: MIT
// A list of actions over values: what a program becomes on the CPU for one batch size. An action is a oneDNN primitive or one of our
// kernels. Values name buffers; buffers that are not alive at the same time share bytes of one arena.
#pragma once

#include <strata/backend/cpu/arena.hpp>
#include <strata/backend/cpu/convolution_choice.hpp>
#include <strata/backend/cpu/onednn.hpp>
#include <strata/backend/cpu/onednn_maker.hpp>
#include <strata/core/config.hpp>
#include <strata/network/memory_plan.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cpu {

// An array: its layout, and where its bytes are: in a buffer of the graph, or at a fixed address (parameters, gradients).
struct value {
    onednn::memory_desc desc;
    int buffer = -1;
    float* fixed = nullptr;

    bool exists() const { return desc.exists(); }
};

// What an action is for. A pass is that of a convolution or a dense layer; reorders of what it reads and writes belong to it.
struct action_purpose {
    int operation = -1;  // of the program; -1: none of them, but the step (its loss, its optimizer)
    std::optional<convolution_pass> pass{};
    bool reorder = false;

    bool multiplies() const { return pass.has_value() && !reorder; }
};

// Told what has just run and how many bytes it names, for profiles. While there is one, each action is waited for.
struct action_observer {
    virtual ~action_observer() = default;
    virtual void step_begins() {}
    virtual void ran(const action_purpose& purpose, const char* what, std::int64_t bytes) = 0;
};

// What changes from run to run.
struct run_context {
    dnnl_stream_t stream = nullptr;
    std::uint64_t seed = 0;
    std::int64_t step = 0;
    action_observer* observer = nullptr;
};

class graph;

// One of our kernels, bound to the values that it works on.
struct kernel_call {
    virtual ~kernel_call() = default;
    virtual void run(const graph& g, const run_context& context) const = 0;
};

class graph {
public:
    explicit graph(const onednn::engine& engine) : make_(engine) {}

    const onednn::maker& make() const { return make_; }

    value new_value(const onednn::memory_desc& desc);
    value new_bytes(std::int64_t bytes);  // without a layout
    static value at(const onednn::memory_desc& desc, float* fixed) { return {desc, -1, fixed}; }

    // Appends an action that uses these values; `what` names it in messages and profiles.
    void add(std::string what, const onednn::primitive_desc& desc, std::vector<std::pair<int, value>> arguments);
    void add(std::string what, const std::vector<value>& uses, std::unique_ptr<const kernel_call> kernel);
    template <typename Body>  // void(const graph&, const run_context&)
    void add_kernel(std::string what, const std::vector<value>& uses, Body body) {
        add(std::move(what), uses, std::make_unique<bound_kernel<Body>>(std::move(body)));
    }
    // Appends an action that prepare() runs: the form of a parameter in `to` is made once and kept from run to run.
    void add_preparation(const value& from, const value& to);  // a reorder
    void add_preparation(std::string what, std::unique_ptr<const kernel_call> kernel, const value& to);
    template <typename Body>
    void add_preparation_kernel(std::string what, const value& to, Body body) {
        add_preparation(std::move(what), std::make_unique<bound_kernel<Body>>(std::move(body)), to);
    }
    void add_reorder(std::string what, const value& from, const value& to);
    // Marks a use now, between the actions before and after: the loss reads the logits, gather writes the input.
    void touch(const value& v);
    std::size_t size() const { return actions_.size(); }

    // Places the buffers. Then arena_bytes() and scratchpad_bytes() are known, and bind() gives every value its address.
    void finish();
    std::int64_t arena_bytes() const { return arena_bytes_; }
    std::int64_t scratchpad_bytes() const { return scratchpad_bytes_; }
    void bind(std::byte* arena, std::byte* scratchpad);
    float* data(const value& v) const;  // after bind

    void prepare(const run_context& context) const;
    // Runs the actions [first, last) in order and waits for them.
    void run(const run_context& context, std::size_t first, std::size_t last) const;

    // Set by the lowering for the actions that follow: the operation, and how messages call it.
    void set_place(std::string place, int operation) {
        place_ = std::move(place);
        purpose_ = {.operation = operation};
    }
    // What is added while it lives belongs to this pass.
    class pass_scope {
    public:
        pass_scope(graph& of, convolution_pass pass) : of_(of) { of.purpose_.pass = pass; }
        ~pass_scope() { of_.purpose_.pass.reset(); }
        pass_scope(const pass_scope&) = delete;
        pass_scope& operator=(const pass_scope&) = delete;

    private:
        graph& of_;
    };

private:
    template <typename Body>
    struct bound_kernel final : kernel_call {
        explicit bound_kernel(Body b) : body(std::move(b)) {}
        void run(const graph& g, const run_context& context) const override { body(g, context); }
        Body body;
    };
    struct action {
        std::string what;
        action_purpose purpose{};
        std::int64_t bytes = 0;  // of its arguments
        onednn::primitive primitive;
        std::vector<std::pair<int, value>> arguments;
        std::vector<onednn::memory> memories;
        std::vector<dnnl_exec_arg_t> bound;
        onednn::memory_desc scratchpad;
        std::unique_ptr<const kernel_call> kernel;
    };

    std::int64_t bytes_of(const value& v) const;
    void keep(const value& v);  // alive from one run to the next
    int now() const { return static_cast<int>(actions_.size()); }
    action make_action(std::string what, const onednn::primitive_desc& desc, std::vector<std::pair<int, value>> arguments);
    action make_action(std::string what, std::unique_ptr<const kernel_call> kernel) const;
    void bind(action& a, std::byte* scratchpad) const;
    void run(const action& a, const run_context& context) const;

    onednn::maker make_;
    std::string place_;
    action_purpose purpose_{};
    std::vector<action> preparations_, actions_;
    std::vector<buffer> buffers_;
    std::byte* arena_ = nullptr;
    std::int64_t arena_bytes_ = 0, scratchpad_bytes_ = 0;
};

}  // namespace strata::inline STRATA_ABI::cpu

#if !defined(STRATA_LINKED)
#include <strata/backend/cpu/graph.ipp>
#endif
