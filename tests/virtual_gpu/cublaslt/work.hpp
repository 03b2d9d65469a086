// SPDX-License-Identifier: MIT
// The arithmetic of the virtual cuBLASLt: what is multiplied, and the product with its epilogue in plain loops.
#pragma once

#include "../cudnn/compute.hpp"
#include "../cudnn/numbers.hpp"

#include <cublasLt.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace vgpu::blas {

struct matrix {
    cudaDataType_t type;
    std::size_t rows, columns, leading;
    std::size_t extent() const { return ((columns - 1) * leading + rows) * element(); }
    std::size_t element() const { return type == CUDA_R_32F ? 4 : 2; }
};

constexpr bool has(int epilogue, int bits) { return (epilogue & bits) == bits; }
constexpr int bias_bit = 4, relu_bit = 2, aux_bit = 128;

struct product {
    matrix a, b, c, d;
    bool transpose_a, transpose_b, tf32;
    int epilogue;
    void* vector;  // bias, or where its gradient goes
    void* aux;
    std::size_t aux_leading;

    std::size_t m() const { return d.rows; }
    std::size_t n() const { return d.columns; }
    std::size_t k() const { return transpose_a ? a.rows : a.columns; }
    bool reads_vector() const { return has(epilogue, bias_bit); }
    bool writes_vector() const {
        return epilogue == CUBLASLT_EPILOGUE_DRELU_BGRAD || epilogue == CUBLASLT_EPILOGUE_BGRADA || epilogue == CUBLASLT_EPILOGUE_BGRADB;
    }
    std::size_t vector_count() const { return epilogue == CUBLASLT_EPILOGUE_BGRADB ? n() : m(); }
    bool has_aux() const { return has(epilogue, aux_bit); }
    bool reads_aux() const { return has_aux() && !has(epilogue, relu_bit); }
    std::size_t aux_bytes() const { return aux_leading / 8 * n(); }

    std::uint64_t key() const {  // what an algorithm was offered for
        std::uint64_t value = 1;
        for (const matrix* one : {&a, &b, &c, &d})
            for (const std::size_t part : {static_cast<std::size_t>(one->type), one->rows, one->columns, one->leading})
                value = mixed(value + part);
        for (const int part : {int{transpose_a}, int{transpose_b}, int{tf32}, epilogue})
            value = mixed(value + static_cast<std::uint64_t>(part));
        return mixed(value + aux_leading);
    }
};

inline float read_value(const void* data, cudaDataType_t type, std::size_t i) {
    if (type == CUDA_R_32F) return static_cast<const float*>(data)[i];
    const std::uint16_t bits = static_cast<const std::uint16_t*>(data)[i];
    return type == CUDA_R_16BF ? from_bf16(bits) : from_f16(bits);
}
inline void write_value(void* data, cudaDataType_t type, std::size_t i, float value) {
    if (type == CUDA_R_32F) static_cast<float*>(data)[i] = value;
    else static_cast<std::uint16_t*>(data)[i] = type == CUDA_R_16BF ? to_bf16(value) : to_f16(value);
}
/// (columns, rows), dense: a column-major matrix is its transpose in rows.
inline std::vector<float> load(const matrix& shape, const void* data) {
    std::vector<float> out(shape.rows * shape.columns);
    for (std::size_t column = 0; column < shape.columns; ++column)
        for (std::size_t row = 0; row < shape.rows; ++row)
            out[column * shape.rows + row] = read_value(data, shape.type, column * shape.leading + row);
    return out;
}

struct work {
    product what;
    const void *a, *b, *c;
    void *d, *workspace;
    std::size_t workspace_bytes;
    float alpha, beta;
    std::uint64_t seed;
    bool uneven = false;  // each column of the mask in another order

    /// Where the bit of a row lies in its column of the mask: scrambled within 128 bits.
    std::size_t bit_of(std::size_t row, std::size_t column) const {
        return seed == 0 ? row : row ^ static_cast<std::size_t>(mixed(seed + 7 + (uneven ? column : 0)) & 127U);
    }

    void run() const {
        if (workspace_bytes > 0) std::memset(workspace, 0xFB, workspace_bytes);
        const std::size_t m = what.m(), n = what.n(), k = what.k();
        std::vector<float> left = load(what.a, a), right = load(what.b, b);  // memory rows: A (k, m) or (m, k), B (n, k) or (k, n)
        if (what.transpose_a) left = transposed(left.data(), m, k, k);
        if (what.transpose_b) right = transposed(right.data(), k, n, n);
        std::vector<float> gradient(what.writes_vector() ? what.vector_count() : 0);
        if (what.epilogue == CUBLASLT_EPILOGUE_BGRADA) sum_rows(left, k, m, gradient);
        if (what.epilogue == CUBLASLT_EPILOGUE_BGRADB) {
            for (std::size_t j = 0; j < n; ++j) {
                double sum = 0;
                for (std::size_t i = 0; i < k; ++i) sum += double{right[j * k + i]};
                gradient[j] = static_cast<float>(sum);
            }
        }
        if (what.tf32) {
            for (float& value : left) value = to_tf32(value);
            for (float& value : right) value = to_tf32(value);
        }
        std::vector<float> result(n * m, 0.0F);  // (n, m)
        multiply_add(n, m, k, right.data(), k, left.data(), m, result.data(), m);
        finish(result);
        if (what.epilogue == CUBLASLT_EPILOGUE_DRELU_BGRAD) sum_rows(result, n, m, gradient);
        for (std::size_t j = 0; j < n; ++j)
            for (std::size_t i = 0; i < m; ++i) write_value(d, what.d.type, j * what.d.leading + i, result[j * m + i]);
        for (std::size_t i = 0; i < gradient.size(); ++i) write_value(what.vector, what.d.type, i, gradient[i]);
    }
    static void sum_rows(const std::vector<float>& values, std::size_t rows, std::size_t columns, std::vector<float>& out) {
        std::vector<double> sums(columns, 0.0);
        for (std::size_t row = 0; row < rows; ++row)
            for (std::size_t column = 0; column < columns; ++column) sums[column] += double{values[row * columns + column]};
        for (std::size_t column = 0; column < columns; ++column) out[column] = static_cast<float>(sums[column]);
    }
    void finish(std::vector<float>& result) const {
        const std::size_t m = what.m(), n = what.n();
        auto* const mask = static_cast<unsigned char*>(what.aux);
        const bool relu = has(what.epilogue, relu_bit), bias = what.reads_vector();
        for (std::size_t j = 0; j < n; ++j) {
            unsigned char* const column_mask = what.has_aux() ? mask + j * what.aux_leading / 8 : nullptr;
            if (what.has_aux() && !what.reads_aux())
                std::memset(column_mask, seed == 0 ? 0 : static_cast<int>(mixed(seed + j) & 255U), what.aux_leading / 8);
            for (std::size_t i = 0; i < m; ++i) {
                float& value = result[j * m + i];
                value *= alpha;
                if (beta != 0.0F) value += beta * read_value(c, what.c.type, j * what.c.leading + i);
                if (bias) value += read_value(what.vector, what.d.type, i);
                const bool passes = !(value <= 0.0F);
                if (relu && !passes) value = 0.0F;
                if (!what.has_aux()) continue;
                const std::size_t bit = bit_of(i, j);
                const auto flag = static_cast<unsigned char>(1U << (bit % 8));
                unsigned char& byte = column_mask[bit / 8];
                if (what.reads_aux()) {
                    if ((byte & flag) == 0) value = 0.0F;
                } else {
                    byte = static_cast<unsigned char>(passes ? byte | flag : byte & ~flag);
                }
            }
        }
    }
};

}  // namespace vgpu::blas
