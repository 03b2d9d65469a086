// SPDX-License-Identifier: MIT
// The adapter over oneDNN's C interface, 2.6 and 3.x: handles are move-only values, statuses become onednn_error. How primitives are
// made is in onednn_maker.hpp; nowhere else do the versions differ. `dnnl.h` costs a fraction of `dnnl.hpp` to include.
// Source: oneapi-src.github.io/oneDNN, v2.6 and v3.2 API references; "Transition from v2.x to v3.x".
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/error.hpp>

#include <oneapi/dnnl/dnnl.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <type_traits>

namespace strata::inline STRATA_ABI {

// A call of oneDNN failed; the message names the layer, the call and oneDNN's status.
struct onednn_error : error {
    using error::error;
};

namespace cpu::onednn {

void check(dnnl_status_t status, const char* call);

template <auto Destroy>
struct destroyer {
    template <typename T>
    void operator()(T* handle) const {
        Destroy(handle);
    }
};
template <typename Handle, auto Destroy>
using owned = std::unique_ptr<std::remove_pointer_t<Handle>, destroyer<Destroy>>;

using engine = owned<dnnl_engine_t, dnnl_engine_destroy>;
using stream = owned<dnnl_stream_t, dnnl_stream_destroy>;
using memory = owned<dnnl_memory_t, dnnl_memory_destroy>;
using primitive = owned<dnnl_primitive_t, dnnl_primitive_destroy>;

engine make_engine();
stream make_stream(const engine& on);

// channels_last: (N, H, W, C) or (K, R, S, C); rows: one or two plain dimensions; blocked: (N, C / 8, H, W, 8), the same with 16.
enum class layout : unsigned char { any, channels_last, rows, blocked8, blocked16 };

// Shape and physical layout of an array: a value, equal when the bytes mean the same.
class memory_desc {
public:
    memory_desc() = default;  // none: a bias that is not there
    memory_desc(const memory_desc& other);
    memory_desc(memory_desc&&) noexcept = default;
    memory_desc& operator=(const memory_desc& other);
    memory_desc& operator=(memory_desc&&) noexcept = default;
    ~memory_desc() = default;

    // f32, logical dimensions in oneDNN's order: {N, C, H, W}, {K, C, R, S}, {N, C}, {C}.
    static memory_desc of(std::initializer_list<std::int64_t> dims, layout how);

    std::size_t bytes() const;
    bool exists() const;
    bool operator==(const memory_desc& other) const;

#if DNNL_VERSION_MAJOR >= 3
    const_dnnl_memory_desc_t get() const { return handle_.get(); }
    static memory_desc copy(const_dnnl_memory_desc_t from);

private:
    owned<dnnl_memory_desc_t, dnnl_memory_desc_destroy> handle_;
#else
    const dnnl_memory_desc_t* get() const { return exists_ ? &desc_ : nullptr; }
    static memory_desc copy(const dnnl_memory_desc_t* from);

private:
    dnnl_memory_desc_t desc_{};
    bool exists_ = false;
#endif
};

// A primitive that oneDNN agreed to make, and the layouts that it chose. Scratchpads are the caller's.
class primitive_desc {
public:
    primitive_desc() = default;
    explicit primitive_desc(dnnl_primitive_desc_t handle) : handle_(handle) {}

    memory_desc src() const { return query(dnnl_query_src_md); }
    memory_desc dst() const { return query(dnnl_query_dst_md); }
    memory_desc weights() const { return query(dnnl_query_weights_md); }
    memory_desc diff_src() const { return query(dnnl_query_diff_src_md); }
    memory_desc diff_dst() const { return query(dnnl_query_diff_dst_md); }
    memory_desc diff_weights() const { return query(dnnl_query_diff_weights_md); }
    memory_desc workspace() const { return query(dnnl_query_workspace_md); }
    memory_desc scratchpad() const { return query(dnnl_query_scratchpad_md); }
    std::string implementation() const;  // "jit:avx2"

    dnnl_primitive_desc_t get() const { return handle_.get(); }
    primitive make() const;

private:
    memory_desc query(dnnl_query_t what) const;

    owned<dnnl_primitive_desc_t, dnnl_primitive_desc_destroy> handle_;
};

std::string version();          // of the library that is loaded: "2.6.3"
std::string instruction_set();  // that oneDNN uses here: "AVX2"

}  // namespace cpu::onednn
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/backend/cpu/onednn.ipp>
#endif
