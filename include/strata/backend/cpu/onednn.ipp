// SPDX-License-Identifier: MIT
// Statuses, engines, streams and descriptors. A memory descriptor is a struct in version 2, a handle in version 3.
#pragma once

#include <strata/backend/cpu/onednn.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace strata::inline STRATA_ABI::cpu::onednn {

STRATA_INLINE void check(dnnl_status_t status, const char* call) {
    if (status == dnnl_success) return;
    const char* words = status == dnnl_out_of_memory       ? "out of memory"
                        : status == dnnl_invalid_arguments ? "invalid arguments"
                        : status == dnnl_unimplemented     ? "unimplemented"
                        : status == dnnl_runtime_error     ? "run-time error"
                        : status == dnnl_not_required      ? "not required"
                                                           : "unknown status";
    throw onednn_error(std::string("oneDNN ") + version() + ": " + call + ": " + words + " (status " +
                       std::to_string(static_cast<int>(status)) + ")");
}

STRATA_INLINE engine make_engine() {
    dnnl_engine_t handle = nullptr;
    check(dnnl_engine_create(&handle, dnnl_cpu, 0), "dnnl_engine_create");
    return engine(handle);
}

STRATA_INLINE stream make_stream(const engine& on) {
    dnnl_stream_t handle = nullptr;
    check(dnnl_stream_create(&handle, on.get(), dnnl_stream_default_flags), "dnnl_stream_create");
    return stream(handle);
}

namespace detail {

STRATA_INLINE dnnl_format_tag_t tag_of(layout how, std::size_t dims) {
    if (how == layout::any) return dnnl_format_tag_any;
    if (how == layout::channels_last) return dnnl_acdb;
    if (how == layout::blocked8) return dnnl_aBcd8b;
    if (how == layout::blocked16) return dnnl_aBcd16b;
    return dims == 1 ? dnnl_a : dnnl_ab;
}

}  // namespace detail

#if DNNL_VERSION_MAJOR >= 3

STRATA_INLINE memory_desc memory_desc::copy(const_dnnl_memory_desc_t from) {
    memory_desc result;
    if (from != nullptr) {
        dnnl_memory_desc_t handle = nullptr;
        check(dnnl_memory_desc_clone(&handle, from), "dnnl_memory_desc_clone");
        result.handle_.reset(handle);
    }
    return result;
}
STRATA_INLINE memory_desc::memory_desc(const memory_desc& other) : memory_desc(copy(other.get())) {}
STRATA_INLINE memory_desc& memory_desc::operator=(const memory_desc& other) {
    if (this != &other) *this = copy(other.get());
    return *this;
}
STRATA_INLINE memory_desc memory_desc::of(std::initializer_list<std::int64_t> dims, layout how) {
    dnnl_dims_t sizes{};
    std::copy(dims.begin(), dims.end(), sizes);
    dnnl_memory_desc_t handle = nullptr;
    check(dnnl_memory_desc_create_with_tag(&handle, static_cast<int>(dims.size()), sizes, dnnl_f32, detail::tag_of(how, dims.size())),
          "dnnl_memory_desc_create_with_tag");
    memory_desc result;
    result.handle_.reset(handle);
    return result;
}
STRATA_INLINE bool memory_desc::exists() const { return handle_ != nullptr; }

#else

STRATA_INLINE memory_desc memory_desc::copy(const dnnl_memory_desc_t* from) {
    memory_desc result;
    if (from != nullptr) {
        result.desc_ = *from;
        result.exists_ = true;
    }
    return result;
}
STRATA_INLINE memory_desc::memory_desc(const memory_desc& other) = default;
STRATA_INLINE memory_desc& memory_desc::operator=(const memory_desc& other) = default;
STRATA_INLINE memory_desc memory_desc::of(std::initializer_list<std::int64_t> dims, layout how) {
    dnnl_dims_t sizes{};
    std::copy(dims.begin(), dims.end(), sizes);
    memory_desc result;
    check(dnnl_memory_desc_init_by_tag(&result.desc_, static_cast<int>(dims.size()), sizes, dnnl_f32, detail::tag_of(how, dims.size())),
          "dnnl_memory_desc_init_by_tag");
    result.exists_ = true;
    return result;
}
STRATA_INLINE bool memory_desc::exists() const { return exists_; }

#endif

STRATA_INLINE std::size_t memory_desc::bytes() const { return exists() ? dnnl_memory_desc_get_size(get()) : 0; }
STRATA_INLINE bool memory_desc::operator==(const memory_desc& other) const {
    return exists() == other.exists() && (!exists() || dnnl_memory_desc_equal(get(), other.get()) != 0);
}

STRATA_INLINE memory_desc primitive_desc::query(dnnl_query_t what) const {
    return memory_desc::copy(dnnl_primitive_desc_query_md(handle_.get(), what, 0));
}
STRATA_INLINE std::string primitive_desc::implementation() const {
    const char* text = nullptr;
    check(dnnl_primitive_desc_query(handle_.get(), dnnl_query_impl_info_str, 0, static_cast<void*>(&text)), "dnnl_primitive_desc_query");
    return text;
}
STRATA_INLINE primitive primitive_desc::make() const {
    dnnl_primitive_t handle = nullptr;
    check(dnnl_primitive_create(&handle, handle_.get()), "dnnl_primitive_create");
    return primitive(handle);
}

STRATA_INLINE std::string version() {
    const dnnl_version_t* v = dnnl_version();
    return std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

STRATA_INLINE std::string instruction_set() {
    switch (dnnl_get_effective_cpu_isa()) {
        case dnnl_cpu_isa_sse41: return "SSE4.1";
        case dnnl_cpu_isa_avx: return "AVX";
        case dnnl_cpu_isa_avx2: return "AVX2";
        case dnnl_cpu_isa_avx2_vnni: return "AVX2 with VNNI";
        case dnnl_cpu_isa_avx512_core: return "AVX-512";
        case dnnl_cpu_isa_avx512_core_vnni: return "AVX-512 with VNNI";
        case dnnl_cpu_isa_avx512_core_bf16: return "AVX-512 with bf16";
        default: break;
    }
    return static_cast<unsigned>(dnnl_get_effective_cpu_isa()) > static_cast<unsigned>(dnnl_cpu_isa_avx512_core) ? "AVX-512 and newer"
                                                                                                                 : "baseline";
}

}  // namespace strata::inline STRATA_ABI::cpu::onednn
