// SPDX-License-Identifier: MIT
// Matrix products with fused epilogues, on row-major matrices: D (rows, columns) = alpha * op(A) (rows, inner) * op(B) (inner, columns).
//
//   const cublaslt::matmul forward{.what = "dense #9",                    // Y (batch, out) = X (batch, in) * W (out, in)^T + bias
//       .a = {dtype::f32, batch, in, in}, .b = {dtype::f32, out, in, in, true}, .d = {dtype::f32, batch, out, out},
//       .epilogue = cublaslt::epilogue::bias, .bias = bias};
//   const cublaslt::plan plan = cublaslt::find_plan(handle, forward, workspace_limit);
//   plan.run(handle, x, w, y, workspace, stream);
//
// cuBLASLt thinks in columns: a row-major matrix is its transpose there, so the product is asked for as D^T = op(B)^T * op(A)^T, and a
// bias per column of D is cuBLASLt's bias per row.
#pragma once

#include <strata/backend/cuda/cublaslt/status.hpp>
#include <strata/core/config.hpp>
#include <strata/core/dtype.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cublasLt.h>
#include <cuda_runtime_api.h>

namespace strata::inline STRATA_ABI::cublaslt {

// A matrix as it lies in memory; leading: elements from row to row. Transposed, the product reads its transpose (A and B only).
struct operand {
    dtype type = dtype::f32;
    std::int64_t rows = 0, columns = 0, leading = 0;
    bool transposed = false;
    std::int64_t alignment = 256;  // bytes, of the pointer that run() will get
};

enum class compute : unsigned char { f32, tf32 };  // f32: no TF32; of bf16 operands the sums are f32 in both

enum class epilogue : unsigned char {
    none,
    bias,           // D + bias (columns of D)
    relu_bias,      // max(D + bias, 0)
    relu_aux_bias,  // the same, and which values passed into aux, one bit each
    drelu,          // D where aux says so, else 0
    drelu_bgrad,    // D where aux says so, else 0; and its sums over the rows into bias (columns of D), in the type of D
    bgrad_a,        // the sums of op(A) over inner into bias (rows of D)
    bgrad_b,        // the sums of op(B) over inner into bias (columns of D)
};

struct matmul {
    std::string what;  // for messages: the layer and what is computed
    operand a, b, d;
    cublaslt::compute compute = compute::f32;
    cublaslt::epilogue epilogue = epilogue::none;
    void* bias = nullptr;  // read by bias, relu_bias, relu_aux_bias; written by the rest
    std::optional<dtype> bias_type{};  // without one: the type of D
    void* aux = nullptr;   // (rows of D, aux_leading) bits
    std::int64_t aux_leading = 0;  // bits from row to row: aux_leading_of(columns of D)
    float alpha = 1, beta = 0;     // D = alpha * product + beta * D
};

// The auxiliary mask's rows are whole multiples of 128 bits.
constexpr std::int64_t aux_leading_of(std::int64_t columns) { return (columns + 127) / 128 * 128; }
constexpr std::int64_t aux_bytes_of(std::int64_t rows, std::int64_t columns) { return rows * aux_leading_of(columns) / 8; }

// "dense #9: (128, 2304) f32 * (1024, 2304)^T f32 -> (128, 1024) f32, relu_bias"
std::string describe(const matmul& m);

// A product with the algorithm that the heuristic offered first. Epilogue pointers are kept, those of A, B and D come with each run.
class plan {
public:
    plan() = default;
    plan(plan&& other) noexcept { swap(other); }
    plan& operator=(plan&& other) noexcept {
        swap(other);
        return *this;
    }
    ~plan() { destroy(); }

    std::int64_t workspace_bytes() const { return workspace_bytes_; }
    float waves() const { return waves_; }  // how often the device is filled, as the heuristic estimates
    const std::string& what() const { return what_; }

    // Another place for the mask than the one that the plan was made with, aligned as that.
    void put_aux(void* aux);
    // Its algorithm as text, for comparing and keeping: the same on a device of the same kind with the same cuBLASLt.
    std::string algorithm() const;

    // The workspace is 256-byte aligned and has workspace_bytes() bytes; runs that share one must not overlap.
    void run(const handle& with, const void* a, const void* b, void* d, void* workspace, cudaStream_t stream) const;

private:
    friend std::vector<plan> find_plans(const handle& with, const matmul& m, std::int64_t workspace_limit, int most);
    explicit plan(const matmul& m);  // without an algorithm
    void destroy() noexcept;
    void swap(plan& other) noexcept;

    std::string what_;
    float alpha_ = 1, beta_ = 0, waves_ = 0;
    std::int64_t workspace_bytes_ = 0;
    cublasLtMatmulDesc_t product_ = nullptr;
    cublasLtMatrixLayout_t a_ = nullptr, b_ = nullptr, d_ = nullptr;  // row-major A, B and D
    cublasLtMatmulAlgo_t algorithm_{};
};

// The first `most` algorithms, in the heuristic's order: to time them. None where cuBLASLt offers none (an epilogue that this device
// refuses). Throws invalid_input when the shapes do not fit, cublaslt_error for any other failure.
std::vector<plan> find_plans(const handle& with, const matmul& m, std::int64_t workspace_limit, int most);

// The first of them, or nothing: the caller goes the unfused way.
std::optional<plan> try_plan(const handle& with, const matmul& m, std::int64_t workspace_limit = std::numeric_limits<std::int64_t>::max());

// Throws unsupported, naming the product, where cuBLASLt offers nothing.
plan find_plan(const handle& with, const matmul& m, std::int64_t workspace_limit = std::numeric_limits<std::int64_t>::max());

}  // namespace strata::inline STRATA_ABI::cublaslt

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/cublaslt/matmul.ipp>
#endif
