// SPDX-License-Identifier: MIT
#pragma once

#include <strata/backend/cuda/cublaslt/matmul.hpp>
#include <strata/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace strata::inline STRATA_ABI::cublaslt {

namespace detail {

inline cudaDataType_t type_of(dtype type, const std::string& what) {
    if (type == dtype::f32) return CUDA_R_32F;
    if (type == dtype::bf16) return CUDA_R_16BF;
    throw invalid_input(what + ": matrix products take f32 and bf16");
}

inline const char* name_of(dtype type) { return type == dtype::f32 ? "f32" : type == dtype::bf16 ? "bf16" : "?"; }

inline const char* name_of(epilogue value) {
    switch (value) {
        case epilogue::none: return "no epilogue";
        case epilogue::bias: return "bias";
        case epilogue::relu_bias: return "relu_bias";
        case epilogue::relu_aux_bias: return "relu_aux_bias";
        case epilogue::drelu: return "drelu";
        case epilogue::drelu_bgrad: return "drelu_bgrad";
        case epilogue::bgrad_a: return "bgrad_a";
        case epilogue::bgrad_b: return "bgrad_b";
    }
    return "?";
}

// Of D^T = op(B)^T * op(A)^T: A and B change places.
inline cublasLtEpilogue_t transposed(epilogue value) {
    switch (value) {
        case epilogue::none: return CUBLASLT_EPILOGUE_DEFAULT;
        case epilogue::bias: return CUBLASLT_EPILOGUE_BIAS;
        case epilogue::relu_bias: return CUBLASLT_EPILOGUE_RELU_BIAS;
        case epilogue::relu_aux_bias: return CUBLASLT_EPILOGUE_RELU_AUX_BIAS;
        case epilogue::drelu: return CUBLASLT_EPILOGUE_DRELU;
        case epilogue::drelu_bgrad: return CUBLASLT_EPILOGUE_DRELU_BGRAD;
        case epilogue::bgrad_a: return CUBLASLT_EPILOGUE_BGRADB;
        case epilogue::bgrad_b: return CUBLASLT_EPILOGUE_BGRADA;
    }
    return CUBLASLT_EPILOGUE_DEFAULT;
}

inline bool has_aux(epilogue value) {
    return value == epilogue::relu_aux_bias || value == epilogue::drelu || value == epilogue::drelu_bgrad;
}
inline bool has_vector(epilogue value) { return value != epilogue::none && value != epilogue::drelu; }

inline std::string describe(const operand& o) {
    return "(" + std::to_string(o.rows) + ", " + std::to_string(o.columns) + ")" + (o.transposed ? "^T " : " ") + name_of(o.type);
}

// A row-major matrix as columns: its transpose, with the same memory.
inline cublasLtMatrixLayout_t layout_of(const operand& o, const std::string& what) {
    cublasLtMatrixLayout_t made = nullptr;
    check(cublasLtMatrixLayoutCreate(&made, type_of(o.type, what), static_cast<std::uint64_t>(o.columns),
                                     static_cast<std::uint64_t>(o.rows), o.leading),
          "cublasLtMatrixLayoutCreate of " + what);
    return made;
}

template <typename T>
void set(cublasLtMatmulDesc_t product, cublasLtMatmulDescAttributes_t attribute, const T& value, const std::string& what) {
    check(cublasLtMatmulDescSetAttribute(product, attribute, &value, sizeof value), "cublasLtMatmulDescSetAttribute of " + what);
}

// What the heuristic may choose from: owned while it is asked.
class preference {
public:
    explicit preference(const std::string& what) : what_(what) {
        check(cublasLtMatmulPreferenceCreate(&made_), "cublasLtMatmulPreferenceCreate of " + what);
    }
    preference(const preference&) = delete;
    preference& operator=(const preference&) = delete;
    ~preference() { cublasLtMatmulPreferenceDestroy(made_); }

    template <typename T>
    void set(cublasLtMatmulPreferenceAttributes_t attribute, const T& value) {
        check(cublasLtMatmulPreferenceSetAttribute(made_, attribute, &value, sizeof value),
              "cublasLtMatmulPreferenceSetAttribute of " + what_);
    }
    cublasLtMatmulPreference_t get() const { return made_; }

private:
    std::string what_;
    cublasLtMatmulPreference_t made_ = nullptr;
};

inline void check_shapes(const matmul& m) {
    const auto rows = [](const operand& o) { return o.transposed ? o.columns : o.rows; };
    const auto columns = [](const operand& o) { return o.transposed ? o.rows : o.columns; };
    const auto lies = [](const operand& o) { return o.rows > 0 && o.columns > 0 && o.leading >= o.columns; };
    const bool fits = rows(m.a) == m.d.rows && columns(m.b) == m.d.columns && columns(m.a) == rows(m.b) && !m.d.transposed;
    if (!fits || !lies(m.a) || !lies(m.b) || !lies(m.d)) throw invalid_input(cublaslt::describe(m) + ": the shapes do not fit");
    if (has_vector(m.epilogue) != (m.bias != nullptr))
        throw invalid_input(cublaslt::describe(m) + ": an epilogue needs its vector, and a product without one takes none");
    if (has_aux(m.epilogue) && (m.aux == nullptr || m.aux_leading % 128 != 0 || m.aux_leading < m.d.columns))
        throw invalid_input(cublaslt::describe(m) + ": the mask needs its memory, with rows of whole multiples of 128 bits");
}

}  // namespace detail

STRATA_INLINE std::string describe(const matmul& m) {
    return m.what + ": " + detail::describe(m.a) + " * " + detail::describe(m.b) + " -> " + detail::describe(m.d) + ", " +
           detail::name_of(m.epilogue) + (m.compute == compute::tf32 ? ", TF32" : "");
}

STRATA_INLINE void plan::swap(plan& other) noexcept {
    std::swap(what_, other.what_);
    std::swap(alpha_, other.alpha_);
    std::swap(beta_, other.beta_);
    std::swap(waves_, other.waves_);
    std::swap(workspace_bytes_, other.workspace_bytes_);
    std::swap(product_, other.product_);
    std::swap(a_, other.a_);
    std::swap(b_, other.b_);
    std::swap(d_, other.d_);
    std::swap(algorithm_, other.algorithm_);
}

STRATA_INLINE plan::plan(const matmul& m) : what_(describe(m)), alpha_(m.alpha), beta_(m.beta) {
    const bool tf32 = m.compute == compute::tf32 && m.a.type == dtype::f32;
    check(cublasLtMatmulDescCreate(&product_, tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F),
          "cublasLtMatmulDescCreate of " + what_);
    try {  // no destructor runs for what is not made whole
        detail::set(product_, CUBLASLT_MATMUL_DESC_TRANSA, m.b.transposed ? CUBLAS_OP_T : CUBLAS_OP_N, what_);
        detail::set(product_, CUBLASLT_MATMUL_DESC_TRANSB, m.a.transposed ? CUBLAS_OP_T : CUBLAS_OP_N, what_);
        if (m.epilogue != epilogue::none) detail::set(product_, CUBLASLT_MATMUL_DESC_EPILOGUE, detail::transposed(m.epilogue), what_);
        if (detail::has_vector(m.epilogue)) {
            detail::set(product_, CUBLASLT_MATMUL_DESC_BIAS_POINTER, m.bias, what_);
            detail::set(product_, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, detail::type_of(m.bias_type.value_or(m.d.type), what_), what_);
        }
        if (detail::has_aux(m.epilogue)) {
            detail::set(product_, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, m.aux, what_);
            detail::set(product_, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, m.aux_leading, what_);
        }
        a_ = detail::layout_of(m.a, what_);
        b_ = detail::layout_of(m.b, what_);
        d_ = detail::layout_of(m.d, what_);
    } catch (...) {
        destroy();
        throw;
    }
}

STRATA_INLINE void plan::destroy() noexcept {
    if (product_ != nullptr) cublasLtMatmulDescDestroy(product_);
    for (cublasLtMatrixLayout_t layout : {a_, b_, d_}) {
        if (layout != nullptr) cublasLtMatrixLayoutDestroy(layout);
    }
}

STRATA_INLINE std::string plan::algorithm() const {
    std::string words;
    for (const std::uint64_t word : algorithm_.data) words += std::to_string(word) + ' ';
    return words;
}

STRATA_INLINE void plan::put_aux(void* aux) { detail::set(product_, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, aux, what_); }

STRATA_INLINE std::vector<plan> find_plans(const handle& with, const matmul& m, std::int64_t workspace_limit, int most) {
    detail::check_shapes(m);
    std::vector<plan> plans;
    plans.push_back(plan(m));
    const plan& asked = plans.front();
    const std::string what = asked.what_;

    detail::preference preference(what);
    preference.set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<std::uint64_t>(std::max<std::int64_t>(workspace_limit, 0)));
    preference.set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, static_cast<std::uint32_t>(m.b.alignment));
    preference.set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, static_cast<std::uint32_t>(m.a.alignment));
    preference.set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, static_cast<std::uint32_t>(m.d.alignment));
    preference.set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, static_cast<std::uint32_t>(m.d.alignment));

    std::vector<cublasLtMatmulHeuristicResult_t> offered(static_cast<std::size_t>(most));
    int count = 0;
    const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(with.get(), asked.product_, asked.b_, asked.a_, asked.d_, asked.d_,
                                                                 preference.get(), most, offered.data(), &count);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED) return {};
    check(status, "cublasLtMatmulAlgoGetHeuristic of " + what);
    std::size_t found = 0;
    for (const cublasLtMatmulHeuristicResult_t& one : std::span(offered).first(static_cast<std::size_t>(count))) {
        if (one.state != CUBLAS_STATUS_SUCCESS) continue;
        if (found == plans.size()) plans.push_back(plan(m));
        plan& made = plans[found++];
        made.algorithm_ = one.algo;
        made.workspace_bytes_ = static_cast<std::int64_t>(one.workspaceSize);
        made.waves_ = one.wavesCount;
    }
    if (found == 0) plans.clear();
    return plans;
}

STRATA_INLINE std::optional<plan> try_plan(const handle& with, const matmul& m, std::int64_t workspace_limit) {
    std::vector<plan> plans = find_plans(with, m, workspace_limit, 1);
    if (plans.empty()) return std::nullopt;
    return std::move(plans.front());
}

STRATA_INLINE plan find_plan(const handle& with, const matmul& m, std::int64_t workspace_limit) {
    std::optional<plan> found = try_plan(with, m, workspace_limit);
    if (!found) {
        throw unsupported(describe(m) + ": cuBLASLt " + std::to_string(cublasLtGetVersion()) +
                          " offers no algorithm for this on this device" +
                          (workspace_limit < std::numeric_limits<std::int64_t>::max()
                               ? " with a workspace of at most " + std::to_string(workspace_limit) + " bytes; allow more"
                               : std::string()));
    }
    return std::move(*found);
}

STRATA_INLINE void plan::run(const handle& with, const void* a, const void* b, void* d, void* workspace, cudaStream_t stream) const {
    const cublasStatus_t status = cublasLtMatmul(with.get(), product_, &alpha_, b, b_, a, a_, &beta_, d, d_, d, d_, &algorithm_, workspace,
                                                 static_cast<std::size_t>(workspace_bytes_), stream);
    if (status != CUBLAS_STATUS_SUCCESS) check(status, "cublasLtMatmul of " + what_);
}

}  // namespace strata::inline STRATA_ABI::cublaslt
