// SPDX-License-Identifier: MIT
// Placing, binding and running the actions of a graph.
#pragma once

#include <strata/backend/cpu/graph.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cpu {

STRATA_INLINE value graph::new_bytes(std::int64_t bytes) {
    buffers_.push_back({.bytes = bytes});
    value v;
    v.buffer = static_cast<int>(buffers_.size()) - 1;
    return v;
}

STRATA_INLINE value graph::new_value(const onednn::memory_desc& desc) {
    value v = new_bytes(static_cast<std::int64_t>(desc.bytes()));
    v.desc = desc;
    return v;
}

STRATA_INLINE void graph::touch(const value& v) {
    if (v.buffer >= 0) buffers_[static_cast<std::size_t>(v.buffer)].alive.extend(now());
}

STRATA_INLINE std::int64_t graph::bytes_of(const value& v) const {
    return v.buffer >= 0 ? buffers_[static_cast<std::size_t>(v.buffer)].bytes : static_cast<std::int64_t>(v.desc.bytes());
}

STRATA_INLINE graph::action graph::make_action(std::string what, const onednn::primitive_desc& desc,
                                               std::vector<std::pair<int, value>> arguments) {
    action a;
    a.what = place_ + ": " + std::move(what);
    a.purpose = purpose_;
    a.primitive = desc.make();
    a.arguments = std::move(arguments);
    a.scratchpad = desc.scratchpad();
    scratchpad_bytes_ = std::max(scratchpad_bytes_, static_cast<std::int64_t>(a.scratchpad.bytes()));
    return a;
}

STRATA_INLINE graph::action graph::make_action(std::string what, std::unique_ptr<const kernel_call> kernel) const {
    action a;
    a.what = place_ + ": " + std::move(what);
    a.purpose = purpose_;
    a.kernel = std::move(kernel);
    return a;
}

STRATA_INLINE void graph::add(std::string what, const onednn::primitive_desc& desc, std::vector<std::pair<int, value>> arguments) {
    std::int64_t bytes = 0;
    for (const auto& [role, v] : arguments) {
        touch(v);
        bytes += bytes_of(v);
    }
    actions_.push_back(make_action(std::move(what), desc, std::move(arguments)));
    actions_.back().bytes = bytes;
}

STRATA_INLINE void graph::keep(const value& v) { buffers_[static_cast<std::size_t>(v.buffer)].alive = {0, 0x7fffffff}; }

STRATA_INLINE void graph::add_reorder(std::string what, const value& from, const value& to) {
    add(std::move(what), make_.reorder(from.desc, to.desc), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
    actions_.back().purpose.reorder = true;
}

STRATA_INLINE void graph::add_preparation(const value& from, const value& to) {
    keep(to);
    preparations_.push_back(make_action("reorder", make_.reorder(from.desc, to.desc), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}));
}

STRATA_INLINE void graph::add_preparation(std::string what, std::unique_ptr<const kernel_call> kernel, const value& to) {
    keep(to);
    preparations_.push_back(make_action(std::move(what), std::move(kernel)));
}

STRATA_INLINE void graph::add(std::string what, const std::vector<value>& uses, std::unique_ptr<const kernel_call> kernel) {
    std::int64_t bytes = 0;
    for (const value& v : uses) {
        touch(v);
        bytes += bytes_of(v);
    }
    actions_.push_back(make_action(std::move(what), std::move(kernel)));
    actions_.back().bytes = bytes;
}

STRATA_INLINE void graph::finish() { arena_bytes_ = place(buffers_); }

STRATA_INLINE float* graph::data(const value& v) const {
    if (v.fixed != nullptr) return v.fixed;
    return reinterpret_cast<float*>(arena_ + buffers_[static_cast<std::size_t>(v.buffer)].offset);
}

STRATA_INLINE void graph::bind(action& a, std::byte* scratchpad) const {
    a.memories.clear();
    a.bound.clear();
    if (a.primitive == nullptr) return;
    for (const auto& [role, v] : a.arguments) {
        a.memories.push_back(make_.make_memory(v.desc, data(v)));
        a.bound.push_back({role, a.memories.back().get()});
    }
    if (a.scratchpad.bytes() == 0) return;
    a.memories.push_back(make_.make_memory(a.scratchpad, scratchpad));
    a.bound.push_back({DNNL_ARG_SCRATCHPAD, a.memories.back().get()});
}

STRATA_INLINE void graph::bind(std::byte* arena, std::byte* scratchpad) {
    arena_ = arena;
    for (action& a : preparations_) bind(a, scratchpad);
    for (action& a : actions_) bind(a, scratchpad);
}

STRATA_INLINE void graph::run(const action& a, const run_context& context) const {
    if (a.primitive == nullptr) return a.kernel->run(*this, context);
    const dnnl_status_t status =
        dnnl_primitive_execute(a.primitive.get(), context.stream, static_cast<int>(a.bound.size()), a.bound.data());
    if (status != dnnl_success) onednn::check(status, a.what.c_str());
}

STRATA_INLINE void graph::prepare(const run_context& context) const {
    for (const action& a : preparations_) run(a, context);
    onednn::check(dnnl_stream_wait(context.stream), "dnnl_stream_wait");
}

STRATA_INLINE void graph::run(const run_context& context, std::size_t first, std::size_t last) const {
    for (std::size_t i = first; i < last; ++i) {
        run(actions_[i], context);
        if (context.observer == nullptr) continue;
        onednn::check(dnnl_stream_wait(context.stream), "dnnl_stream_wait");
        context.observer->ran(actions_[i].purpose, actions_[i].what.c_str(), actions_[i].bytes);
    }
    onednn::check(dnnl_stream_wait(context.stream), "dnnl_stream_wait");
}

}  // namespace strata::inline STRATA_ABI::cpu
