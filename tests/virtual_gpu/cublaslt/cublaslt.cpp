// SPDX-License-Identifier: MIT
// cuBLASLt of the virtual GPU: D = alpha * op(A) * op(B) + beta * C on column-major matrices, with the epilogues that training needs,
// in plain loops. Attributes' sizes are checked; the rules that hardware has (alignment, the auxiliary mask's rows of 128 bits, a
// workspace as large as the algorithm's) too. The order of the bits in the ReLU mask is scrambled by the seed of options.hpp.
#include "../cudnn/numbers.hpp"
#include "../cudnn/options.hpp"
#include "../device.hpp"

#include <cublasLt.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace vgpu;

// What the opaque structs of the API hold.
struct product {
    cublasComputeType_t compute;
    cudaDataType_t scale;
    cublasOperation_t a = CUBLAS_OP_N, b = CUBLAS_OP_N;
    cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    void* bias = nullptr;
    void* aux = nullptr;
    std::int64_t aux_leading = 0;  // bits
    std::int32_t bias_type = -1;   // -1: as D
};
struct matrix {
    cudaDataType_t type;
    std::uint64_t rows, columns;
    std::int64_t leading;
};
struct preference {
    std::uint64_t workspace = 0;
    std::uint32_t alignment[4] = {256, 256, 256, 256};  // A, B, C, D
};
template <typename T>
T& in(void* opaque) {  // the opaque structs are arrays of 64-bit words, made by the library
    return *static_cast<T*>(opaque);
}
constexpr std::uint64_t algorithm_mark = 0x766770755f6c74;

std::size_t size_of(cudaDataType_t type) { return type == CUDA_R_32F ? 4 : 2; }
bool known(cudaDataType_t type) { return type == CUDA_R_32F || type == CUDA_R_16BF || type == CUDA_R_16F; }

float read(const std::byte* from, cudaDataType_t type, std::int64_t i) {
    if (type == CUDA_R_32F) {
        float value;
        std::memcpy(&value, from + i * 4, 4);
        return value;
    }
    std::uint16_t bits;
    std::memcpy(&bits, from + i * 2, 2);
    return type == CUDA_R_16BF ? from_bf16(bits) : from_f16(bits);
}
void write(std::byte* to, cudaDataType_t type, std::int64_t i, float value) {
    if (type == CUDA_R_32F) {
        std::memcpy(to + i * 4, &value, 4);
        return;
    }
    const std::uint16_t bits = type == CUDA_R_16BF ? to_bf16(value) : to_f16(value);
    std::memcpy(to + i * 2, &bits, 2);
}

const std::map<cublasLtEpilogue_t, std::string>& epilogues() {
    static const std::map<cublasLtEpilogue_t, std::string> names{
        {CUBLASLT_EPILOGUE_DEFAULT, "DEFAULT"},   {CUBLASLT_EPILOGUE_BIAS, "BIAS"},
        {CUBLASLT_EPILOGUE_RELU, "RELU"},         {CUBLASLT_EPILOGUE_RELU_BIAS, "RELU_BIAS"},
        {CUBLASLT_EPILOGUE_RELU_AUX, "RELU_AUX"}, {CUBLASLT_EPILOGUE_RELU_AUX_BIAS, "RELU_AUX_BIAS"},
        {CUBLASLT_EPILOGUE_DRELU, "DRELU"},       {CUBLASLT_EPILOGUE_DRELU_BGRAD, "DRELU_BGRAD"},
        {CUBLASLT_EPILOGUE_BGRADA, "BGRADA"},     {CUBLASLT_EPILOGUE_BGRADB, "BGRADB"}};
    return names;
}
bool reads_bias(cublasLtEpilogue_t e) {
    return e == CUBLASLT_EPILOGUE_BIAS || e == CUBLASLT_EPILOGUE_RELU_BIAS || e == CUBLASLT_EPILOGUE_RELU_AUX_BIAS;
}
bool writes_bias(cublasLtEpilogue_t e) {
    return e == CUBLASLT_EPILOGUE_DRELU_BGRAD || e == CUBLASLT_EPILOGUE_BGRADA || e == CUBLASLT_EPILOGUE_BGRADB;
}
bool rectifies(cublasLtEpilogue_t e) {
    return e == CUBLASLT_EPILOGUE_RELU || e == CUBLASLT_EPILOGUE_RELU_BIAS || e == CUBLASLT_EPILOGUE_RELU_AUX ||
           e == CUBLASLT_EPILOGUE_RELU_AUX_BIAS;
}
bool writes_mask(cublasLtEpilogue_t e) { return e == CUBLASLT_EPILOGUE_RELU_AUX || e == CUBLASLT_EPILOGUE_RELU_AUX_BIAS; }
bool reads_mask(cublasLtEpilogue_t e) { return e == CUBLASLT_EPILOGUE_DRELU || e == CUBLASLT_EPILOGUE_DRELU_BGRAD; }

// One multiplication as it will run, with copies of everything.
struct job {
    product how;
    matrix a, b, c, d;
    const std::byte *a_at, *b_at, *c_at;
    std::byte* d_at;
    float alpha, beta;
    std::uint64_t seed;

    std::int64_t m() const { return static_cast<std::int64_t>(d.rows); }
    std::int64_t n() const { return static_cast<std::int64_t>(d.columns); }
    std::int64_t k() const { return static_cast<std::int64_t>(how.a == CUBLAS_OP_N ? a.columns : a.rows); }
    cudaDataType_t bias_type() const { return how.bias_type < 0 ? d.type : static_cast<cudaDataType_t>(how.bias_type); }
    std::int64_t bias_size() const { return how.epilogue == CUBLASLT_EPILOGUE_BGRADB ? n() : m(); }

    // The bit of the mask for element (row, column): the order inside a column of the mask is the library's own business.
    std::pair<std::int64_t, int> bit_of(std::int64_t row, std::int64_t column) const {
        const std::int64_t block = row / 128, place = (row % 128) ^ static_cast<std::int64_t>(mixed(seed) % 128);
        const std::int64_t bit = column * how.aux_leading + block * 128 + (seed == 0 ? row % 128 : place);
        return {bit / 8, static_cast<int>(bit % 8)};
    }

    // op(X) as dense rows of `inner` floats: (outer, inner).
    static std::vector<float> dense(const matrix& x, const std::byte* at, bool inner_is_rows, bool tf32) {
        const auto rows = static_cast<std::int64_t>(x.rows), columns = static_cast<std::int64_t>(x.columns);
        std::vector<float> out(x.rows * x.columns);
        for (std::int64_t j = 0; j < columns; ++j)
            for (std::int64_t i = 0; i < rows; ++i) {
                const float value = read(at, x.type, j * x.leading + i);
                out[static_cast<std::size_t>(inner_is_rows ? j * rows + i : i * columns + j)] = tf32 ? to_tf32(value) : value;
            }
        return out;
    }

    void run() const {
        const bool tf32 = how.compute == CUBLAS_COMPUTE_32F_FAST_TF32 && a.type == CUDA_R_32F;
        const std::vector<float> left = dense(a, a_at, how.a != CUBLAS_OP_N, tf32);   // (m, k)
        const std::vector<float> right = dense(b, b_at, how.b == CUBLAS_OP_N, tf32);  // (n, k)
        const std::int64_t inner = k();
        auto* const bias = static_cast<std::byte*>(how.bias);
        auto* const mask = static_cast<std::byte*>(how.aux);
        std::vector<double> sums(static_cast<std::size_t>(bias_size()), 0.0);
        for (std::int64_t j = 0; j < n(); ++j)
            for (std::int64_t i = 0; i < m(); ++i) {
                const float *x = left.data() + i * inner, *y = right.data() + j * inner;
                float sum = 0;
                double exact = 0;
                for (std::int64_t first = 0; first < inner; first += 64) {  // in blocks, as hardware adds
                    sum = 0;
                    const std::int64_t last = std::min(first + 64, inner);
                    for (std::int64_t l = first; l < last; ++l) sum += x[l] * y[l];
                    exact += static_cast<double>(sum);
                }
                float value = alpha * static_cast<float>(exact);
                if (beta != 0) value += beta * read(c_at, c.type, j * c.leading + i);
                if (reads_bias(how.epilogue)) value += read(bias, bias_type(), i);
                if (rectifies(how.epilogue)) {
                    const bool passes = value > 0;
                    if (writes_mask(how.epilogue)) {
                        const auto [byte, bit] = bit_of(i, j);
                        auto word = std::to_integer<unsigned>(mask[byte]);
                        word = passes ? word | (1u << bit) : word & ~(1u << bit);
                        mask[byte] = static_cast<std::byte>(word);
                    }
                    value = passes ? value : value - value == 0.0f ? 0.0f : value;  // NaN stays
                }
                if (reads_mask(how.epilogue)) {
                    const auto [byte, bit] = bit_of(i, j);
                    if ((std::to_integer<unsigned>(mask[byte]) >> bit & 1u) == 0) value = 0;
                }
                if (how.epilogue == CUBLASLT_EPILOGUE_DRELU_BGRAD) sums[static_cast<std::size_t>(i)] += static_cast<double>(value);
                write(d_at, d.type, j * d.leading + i, value);
            }
        if (how.epilogue == CUBLASLT_EPILOGUE_BGRADA || how.epilogue == CUBLASLT_EPILOGUE_BGRADB) {
            const bool of_a = how.epilogue == CUBLASLT_EPILOGUE_BGRADA;
            const std::vector<float>& from = of_a ? left : right;
            for (std::size_t i = 0; i < sums.size(); ++i)
                for (std::int64_t l = 0; l < inner; ++l)
                    sums[i] += static_cast<double>(from[i * static_cast<std::size_t>(inner) + static_cast<std::size_t>(l)]);
        }
        if (writes_bias(how.epilogue))
            for (std::size_t i = 0; i < sums.size(); ++i)
                write(bias, bias_type(), static_cast<std::int64_t>(i), static_cast<float>(sums[i]));
    }
};

region whole(const matrix& x, const void* at) {
    return {at, (static_cast<std::size_t>(x.leading) * (x.columns - 1) + x.rows) * size_of(x.type)};
}

// Whether the multiplication is one at all.
bool fits(const product& p, const matrix& a, const matrix& b, const matrix& c, const matrix& d) {
    const auto rows = [](const matrix& x, cublasOperation_t op) { return op == CUBLAS_OP_N ? x.rows : x.columns; };
    const auto columns = [](const matrix& x, cublasOperation_t op) { return op == CUBLAS_OP_N ? x.columns : x.rows; };
    return rows(a, p.a) == d.rows && columns(b, p.b) == d.columns && columns(a, p.a) == rows(b, p.b) && c.rows == d.rows &&
           c.columns == d.columns && a.type == b.type && c.type == d.type && (d.type == a.type || d.type == CUDA_R_32F);
}

bool aux_is_right(const product& p, const matrix& d) {
    if (!writes_mask(p.epilogue) && !reads_mask(p.epilogue)) return true;
    return p.aux != nullptr && p.aux_leading % 128 == 0 && p.aux_leading >= static_cast<std::int64_t>(d.rows) &&
           reinterpret_cast<std::uintptr_t>(p.aux) % 16 == 0;
}

template <typename T>
cublasStatus_t store(T& to, const void* from, std::size_t bytes) {
    if (from == nullptr || bytes != sizeof to) return CUBLAS_STATUS_INVALID_VALUE;
    std::memcpy(&to, from, bytes);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t wrong(std::string sentence) {
    report_misuse("cublasLt: " + std::move(sentence));
    return CUBLAS_STATUS_INVALID_VALUE;
}

}  // namespace

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
    if (const int status = enter("cublasLtCreate")) return static_cast<cublasStatus_t>(status);
    if (unsafe_call("cublasLtCreate") != cudaSuccess) return CUBLAS_STATUS_NOT_INITIALIZED;
    *handle = reinterpret_cast<cublasLtHandle_t>(new int(0));
    track("cuBLASLt handle", *handle);
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
    const int status = enter("cublasLtDestroy");
    untrack(handle);
    delete reinterpret_cast<int*>(handle);
    return static_cast<cublasStatus_t>(status);
}
std::size_t cublasLtGetVersion() { return CUBLAS_VERSION; }
const char* cublasLtGetStatusName(cublasStatus_t status) {
    switch (status) {
        case CUBLAS_STATUS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
        case CUBLAS_STATUS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
        case CUBLAS_STATUS_ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
        case CUBLAS_STATUS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
        case CUBLAS_STATUS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
        case CUBLAS_STATUS_INTERNAL_ERROR: return "CUBLAS_STATUS_INTERNAL_ERROR";
        case CUBLAS_STATUS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
        default: return "CUBLAS_STATUS_?";
    }
}
const char* cublasLtGetStatusString(cublasStatus_t status) {
    return status == CUBLAS_STATUS_SUCCESS ? "success" : "the virtual cuBLASLt refused";
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* desc, cublasComputeType_t compute, cudaDataType_t scale) {
    if (const int status = enter("cublasLtMatmulDescCreate")) return static_cast<cublasStatus_t>(status);
    *desc = reinterpret_cast<cublasLtMatmulDesc_t>(new product{.compute = compute, .scale = scale});
    track("cuBLASLt product", *desc);
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc) {
    const int status = enter("cublasLtMatmulDescDestroy");
    untrack(desc);
    delete &in<product>(desc);
    return static_cast<cublasStatus_t>(status);
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t name, const void* value,
                                              std::size_t bytes) {
    if (const int status = enter("cublasLtMatmulDescSetAttribute")) return static_cast<cublasStatus_t>(status);
    product& p = in<product>(desc);
    switch (name) {
        case CUBLASLT_MATMUL_DESC_TRANSA: return store(p.a, value, bytes);
        case CUBLASLT_MATMUL_DESC_TRANSB: return store(p.b, value, bytes);
        case CUBLASLT_MATMUL_DESC_EPILOGUE: return store(p.epilogue, value, bytes);
        case CUBLASLT_MATMUL_DESC_BIAS_POINTER: return store(p.bias, value, bytes);
        case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE: return store(p.bias_type, value, bytes);
        case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER: return store(p.aux, value, bytes);
        case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD: return store(p.aux_leading, value, bytes);
        default: return wrong("an attribute of a product that the virtual GPU does not know: " + std::to_string(name));
    }
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType_t type, std::uint64_t rows, std::uint64_t columns,
                                          std::int64_t leading) {
    if (const int status = enter("cublasLtMatrixLayoutCreate")) return static_cast<cublasStatus_t>(status);
    if (!known(type) || rows == 0 || columns == 0 || leading < static_cast<std::int64_t>(rows))
        return wrong("a matrix of no values, of a type that is not known, or with columns that overlap");
    *layout = reinterpret_cast<cublasLtMatrixLayout_t>(new matrix{type, rows, columns, leading});
    track("cuBLASLt matrix", *layout);
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
    const int status = enter("cublasLtMatrixLayoutDestroy");
    untrack(layout);
    delete &in<matrix>(layout);
    return static_cast<cublasStatus_t>(status);
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* made) {
    if (const int status = enter("cublasLtMatmulPreferenceCreate")) return static_cast<cublasStatus_t>(status);
    *made = reinterpret_cast<cublasLtMatmulPreference_t>(new preference);
    track("cuBLASLt preference", *made);
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t made) {
    const int status = enter("cublasLtMatmulPreferenceDestroy");
    untrack(made);
    delete &in<preference>(made);
    return static_cast<cublasStatus_t>(status);
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t made, cublasLtMatmulPreferenceAttributes_t name,
                                                    const void* value, std::size_t bytes) {
    if (const int status = enter("cublasLtMatmulPreferenceSetAttribute")) return static_cast<cublasStatus_t>(status);
    preference& p = in<preference>(made);
    switch (name) {
        case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES: return store(p.workspace, value, bytes);
        case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES: return store(p.alignment[0], value, bytes);
        case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES: return store(p.alignment[1], value, bytes);
        case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES: return store(p.alignment[2], value, bytes);
        case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES: return store(p.alignment[3], value, bytes);
        default: return wrong("an attribute of a preference that the virtual GPU does not know: " + std::to_string(name));
    }
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t desc, cublasLtMatrixLayout_t a_layout,
                                              cublasLtMatrixLayout_t b_layout, cublasLtMatrixLayout_t c_layout,
                                              cublasLtMatrixLayout_t d_layout, cublasLtMatmulPreference_t made, int asked,
                                              cublasLtMatmulHeuristicResult_t results[], int* count) {
    if (const int status = enter("cublasLtMatmulAlgoGetHeuristic")) return static_cast<cublasStatus_t>(status);
    const product& p = in<product>(desc);
    const matrix &a = in<matrix>(a_layout), &b = in<matrix>(b_layout), &c = in<matrix>(c_layout), &d = in<matrix>(d_layout);
    *count = 0;
    const auto name = epilogues().find(p.epilogue);
    if (asked < 1 || name == epilogues().end()) return CUBLAS_STATUS_NOT_SUPPORTED;
    if (!fits(p, a, b, c, d)) return wrong("matrices that cannot be multiplied");
    vgpu::detail::saw_epilogue(name->second);
    if (refused(name->second) || (p.epilogue != CUBLASLT_EPILOGUE_DEFAULT && refused("epilogues"))) return CUBLAS_STATUS_NOT_SUPPORTED;
    if ((reads_bias(p.epilogue) || writes_bias(p.epilogue)) && p.bias == nullptr) return wrong("an epilogue without its vector");
    if (!aux_is_right(p, d)) return wrong("an auxiliary mask that is missing, misaligned, or has rows of no whole 128 bits");
    cublasLtMatmulHeuristicResult_t& r = results[0];
    std::memset(&r, 0, sizeof r);
    const std::uint64_t workspace = std::min<std::uint64_t>(in<preference>(made).workspace, 65536);
    r.algo.data[0] = algorithm_mark;
    r.algo.data[1] = workspace;
    r.algo.data[2] = static_cast<std::uint64_t>(p.epilogue);
    for (int i = 0; i < 4; ++i) r.algo.data[3 + i] = in<preference>(made).alignment[i];
    r.workspaceSize = workspace;
    r.state = CUBLAS_STATUS_SUCCESS;
    r.wavesCount = 1;
    *count = 1;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t desc, const void* alpha, const void* a_at,
                              cublasLtMatrixLayout_t a_layout, const void* b_at, cublasLtMatrixLayout_t b_layout, const void* beta,
                              const void* c_at, cublasLtMatrixLayout_t c_layout, void* d_at, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace, std::size_t workspace_bytes, cudaStream_t stream) {
    if (const int status = enter("cublasLtMatmul")) return static_cast<cublasStatus_t>(status);
    const product& p = in<product>(desc);
    job j{.how = p,
          .a = in<matrix>(a_layout),
          .b = in<matrix>(b_layout),
          .c = in<matrix>(c_layout),
          .d = in<matrix>(d_layout),
          .a_at = static_cast<const std::byte*>(a_at),
          .b_at = static_cast<const std::byte*>(b_at),
          .c_at = static_cast<const std::byte*>(c_at),
          .d_at = static_cast<std::byte*>(d_at),
          .alpha = *static_cast<const float*>(alpha),
          .beta = *static_cast<const float*>(beta),
          .seed = scrambled()};
    if (p.scale != CUDA_R_32F || !fits(p, j.a, j.b, j.c, j.d)) return wrong("matrices that cannot be multiplied");
    if (algorithm == nullptr || algorithm->data[0] != algorithm_mark || algorithm->data[2] != static_cast<std::uint64_t>(p.epilogue))
        return wrong("an algorithm that the heuristic did not give for this product");
    if (workspace_bytes < algorithm->data[1] || (algorithm->data[1] > 0 && reinterpret_cast<std::uintptr_t>(workspace) % 256 != 0))
        return wrong("a workspace that is too small, or not 256-byte aligned");
    const void* const pointers[] = {a_at, b_at, c_at, d_at};
    for (int i = 0; i < 4; ++i)
        if (reinterpret_cast<std::uintptr_t>(pointers[i]) % algorithm->data[3 + i] != 0)
            return wrong("a matrix that is less aligned than the heuristic was told");
    if (!aux_is_right(p, j.d)) return wrong("an auxiliary mask that is missing, misaligned, or has rows of no whole 128 bits");
    std::vector<region> reads{whole(j.a, a_at), whole(j.b, b_at)}, writes{whole(j.d, d_at)};
    if (j.beta != 0) reads.push_back(whole(j.c, c_at));
    const region bias{p.bias, static_cast<std::size_t>(j.bias_size()) * size_of(j.bias_type())};
    if (reads_bias(p.epilogue)) reads.push_back(bias);
    if (writes_bias(p.epilogue)) writes.push_back(bias);
    const region mask{p.aux, static_cast<std::size_t>(p.aux_leading / 8 * j.n())};
    if (reads_mask(p.epilogue)) reads.push_back(mask);
    if (writes_mask(p.epilogue)) writes.push_back(mask);
    if (algorithm->data[1] > 0) writes.push_back({workspace, algorithm->data[1]});
    const std::string name = "matmul " + epilogues().at(p.epilogue);
    return enqueue(stream, name, std::move(reads), std::move(writes), [j] { j.run(); }) == cudaSuccess ? CUBLAS_STATUS_SUCCESS
                                                                                                       : CUBLAS_STATUS_EXECUTION_FAILED;
}

}  // extern "C"
