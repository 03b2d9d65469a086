// SPDX-License-Identifier: MIT
// Matrix products on row-major matrices, with each epilogue, against plain loops in double.
#include <strata/backend/cuda/cublaslt/matmul.hpp>
#include <strata/backend/cuda/runtime/memory.hpp>
#include <strata/backend/cuda/runtime/stream.hpp>
#include <strata/kernels/bf16.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <support/random_values.hpp>
#include <virtual_gpu/testing.hpp>

using namespace strata;
using kernels::bf16;

namespace {

// A matrix on the device, rows `leading` apart.
struct matrix {
    cublaslt::operand lies;
    cuda::device_memory memory;

    matrix(dtype type, std::int64_t rows, std::int64_t columns, bool transposed = false, std::int64_t padding = 0)
        : lies{.type = type, .rows = rows, .columns = columns, .leading = columns + padding, .transposed = transposed},
          memory(rows * (columns + padding) * static_cast<std::int64_t>(bytes_of(type))) {}

    // Under vgpu::access. at(): as the product reads it, transposed where it is.
    double at(std::int64_t r, std::int64_t c) const { return lies.transposed ? stored(c, r) : stored(r, c); }
    double stored(std::int64_t r, std::int64_t c) const {
        const std::int64_t i = r * lies.leading + c;
        if (lies.type == dtype::bf16) return static_cast<float>(reinterpret_cast<const bf16*>(memory.data())[i]);
        return reinterpret_cast<const float*>(memory.data())[i];
    }
    void set(std::int64_t r, std::int64_t c, float value) const {
        const std::int64_t i = r * lies.leading + c;
        if (lies.type == dtype::bf16) {
            reinterpret_cast<bf16*>(memory.data())[i] = bf16(value);
        } else {
            reinterpret_cast<float*>(memory.data())[i] = value;
        }
    }
    void fill(std::uint64_t seed) const {
        testing::dice draw(seed);
        for (std::int64_t r = 0; r < lies.rows; ++r) {
            for (std::int64_t c = 0; c < lies.columns; ++c) set(r, c, static_cast<float>(draw.between(-8, 8)) / 4);
        }
    }
    std::int64_t rows() const { return lies.transposed ? lies.columns : lies.rows; }
    std::int64_t columns() const { return lies.transposed ? lies.rows : lies.columns; }
};

double product(const matrix& a, const matrix& b, std::int64_t r, std::int64_t c) {
    double sum = 0;
    for (std::int64_t k = 0; k < a.columns(); ++k) sum += a.at(r, k) * b.at(k, c);
    return sum;
}

cublaslt::matmul of(const matrix& a, const matrix& b, const matrix& d, cublaslt::epilogue epilogue = cublaslt::epilogue::none,
                    const matrix* bias = nullptr) {
    return {.what = "test", .a = a.lies, .b = b.lies, .d = d.lies, .epilogue = epilogue, .bias = bias ? bias->memory.data() : nullptr};
}

void run(const cublaslt::matmul& m, const matrix& a, const matrix& b, const matrix& d) {
    const cublaslt::handle handle;
    const cuda::stream on;
    const cublaslt::plan plan = cublaslt::find_plan(handle, m, 1 << 20);
    const cuda::device_memory workspace(plan.workspace_bytes());
    plan.run(handle, a.memory.data(), b.memory.data(), d.memory.data(), workspace.data(), on.get());
    on.synchronize();
    CHECK(vgpu::misuse().empty());
}

}  // namespace

TEST_CASE("every arrangement of transposed and padded operands gives the row-major product") {
    for (const dtype type : {dtype::f32, dtype::bf16}) {
        for (const bool a_turned : {false, true}) {
            for (const bool b_turned : {false, true}) {
                const testing::machine clean;
                const matrix a = a_turned ? matrix(type, 7, 5, true, 1) : matrix(type, 5, 7, false, 9);
                const matrix b = b_turned ? matrix(type, 6, 7, true) : matrix(type, 7, 6, false, 2);
                const matrix d(dtype::f32, 5, 6, false, 4);
                {
                    const vgpu::access open;
                    a.fill(1);
                    b.fill(2);
                }
                run(of(a, b, d), a, b, d);
                const vgpu::access open;
                double worst = 0;
                for (std::int64_t r = 0; r < 5; ++r) {
                    for (std::int64_t c = 0; c < 6; ++c) worst = std::max(worst, std::abs(d.at(r, c) - product(a, b, r, c)));
                }
                CHECK(worst < 1e-5);
            }
        }
    }
}

TEST_CASE("alpha scales, and beta keeps what was there") {
    const testing::machine clean;
    const matrix a(dtype::f32, 3, 4), b(dtype::f32, 4, 2), d(dtype::f32, 3, 2);
    {
        const vgpu::access open;
        a.fill(1);
        b.fill(2);
        for (std::int64_t i = 0; i < 6; ++i) d.set(i / 2, i % 2, 10);
    }
    cublaslt::matmul m = of(a, b, d);
    m.alpha = 0.5f;
    m.beta = 2;
    run(m, a, b, d);
    const vgpu::access open;
    CHECK(d.at(2, 1) == doctest::Approx(0.5 * product(a, b, 2, 1) + 20));
}

TEST_CASE("a dense layer forward: the bias is one per column, the rectifier comes after it") {
    for (const dtype type : {dtype::f32, dtype::bf16}) {
        for (const bool rectified : {false, true}) {
            const testing::machine clean;
            const matrix x(type, 4, 9), w(type, 16, 9, true), y(type, 4, 16), bias(type, 1, 16);
            {
                const vgpu::access open;
                x.fill(1);
                w.fill(2);
                bias.fill(3);
            }
            run(of(x, w, y, rectified ? cublaslt::epilogue::relu_bias : cublaslt::epilogue::bias, &bias), x, w, y);
            const vgpu::access open;
            double worst = 0;
            for (std::int64_t r = 0; r < 4; ++r) {
                for (std::int64_t c = 0; c < 16; ++c) {
                    const double sum = product(x, w, r, c) + bias.at(0, c);
                    const double wanted = rectified && sum < 0 ? 0 : sum;
                    worst = std::max(worst, std::abs(y.at(r, c) - wanted) / (1 + std::abs(wanted)));
                }
            }
            CHECK(worst < (type == dtype::f32 ? 1e-6 : 1.0 / 256));
        }
    }
}

TEST_CASE("the mask of a rectifier forward is what its backward goes by, and the bias gradient are the sums over the rows") {
    const testing::machine clean;
    constexpr std::int64_t batch = 6, in = 9, hidden = 16, out = 8;
    const matrix x(dtype::f32, batch, in), w(dtype::f32, hidden, in, true), h(dtype::f32, batch, hidden), bias(dtype::f32, 1, hidden);
    const matrix dy(dtype::f32, batch, out), w2(dtype::f32, out, hidden), dh(dtype::f32, batch, hidden), dbias(dtype::f32, 1, hidden);
    const cuda::device_memory mask(cublaslt::aux_bytes_of(batch, hidden));
    CHECK(mask.bytes() == batch * 16);
    {
        const vgpu::access open;
        x.fill(1);
        w.fill(2);
        bias.fill(3);
        dy.fill(4);
        w2.fill(5);
    }
    cublaslt::matmul forward = of(x, w, h, cublaslt::epilogue::relu_aux_bias, &bias);
    forward.aux = mask.data();
    forward.aux_leading = cublaslt::aux_leading_of(hidden);
    run(forward, x, w, h);
    cublaslt::matmul backward = of(dy, w2, dh, cublaslt::epilogue::drelu_bgrad, &dbias);
    backward.aux = mask.data();
    backward.aux_leading = forward.aux_leading;
    run(backward, dy, w2, dh);
    const vgpu::access open;
    double worst = 0;
    for (std::int64_t c = 0; c < hidden; ++c) {
        double sum = 0;
        for (std::int64_t r = 0; r < batch; ++r) {
            const double wanted = product(x, w, r, c) + bias.at(0, c) > 0 ? product(dy, w2, r, c) : 0;
            worst = std::max(worst, std::abs(dh.at(r, c) - wanted));
            sum += wanted;
        }
        worst = std::max(worst, std::abs(dbias.at(0, c) - sum));
    }
    CHECK(worst < 1e-4);
}

TEST_CASE("a weight gradient gives the bias gradient too: the sums of one operand over the batch") {
    for (const bool of_a : {true, false}) {
        const testing::machine clean;
        constexpr std::int64_t batch = 6, in = 9, out = 16;
        // dW (out, in) = dY^T X, or its transpose (in, out) = X^T dY.
        const matrix first(dtype::f32, batch, of_a ? out : in, true), second(dtype::f32, batch, of_a ? in : out);
        const matrix d(dtype::f32, of_a ? out : in, of_a ? in : out), sums(dtype::f32, 1, out);
        {
            const vgpu::access open;
            first.fill(1);
            second.fill(2);
        }
        run(of(first, second, d, of_a ? cublaslt::epilogue::bgrad_a : cublaslt::epilogue::bgrad_b, &sums), first, second, d);
        const vgpu::access open;
        const matrix& dy = of_a ? first : second;
        double worst = 0;
        for (std::int64_t c = 0; c < out; ++c) {
            double sum = 0;
            for (std::int64_t r = 0; r < batch; ++r) sum += dy.stored(r, c);
            worst = std::max(worst, std::abs(sums.at(0, c) - sum));
        }
        CHECK(worst < 1e-5);
        CHECK(d.at(3, 2) == doctest::Approx(product(first, second, 3, 2)));
    }
}

TEST_CASE("a product that is refused is nothing to try_plan, and a sentence to find_plan") {
    const testing::machine clean;
    const matrix a(dtype::f32, 3, 4), b(dtype::f32, 4, 2), d(dtype::f32, 3, 2), bias(dtype::f32, 1, 2);
    const cublaslt::matmul m = of(a, b, d, cublaslt::epilogue::bias, &bias);
    const cublaslt::handle handle;
    vgpu::fail("cublasLtMatmulAlgoGetHeuristic", 1, CUBLAS_STATUS_NOT_SUPPORTED);
    CHECK_FALSE(cublaslt::try_plan(handle, m).has_value());
    vgpu::fail("cublasLtMatmulAlgoGetHeuristic", 1, CUBLAS_STATUS_NOT_SUPPORTED);
    CHECK_THROWS_WITH_AS(cublaslt::find_plan(handle, m, 4096), doctest::Contains("test: (3, 4) f32 * (4, 2) f32 -> (3, 2) f32, bias"),
                         unsupported);
    vgpu::fail("cublasLtMatmulAlgoGetHeuristic", 1, CUBLAS_STATUS_INTERNAL_ERROR);
    CHECK_THROWS_AS(cublaslt::try_plan(handle, m), cublaslt::cublaslt_error);
    vgpu::clear_faults();
}

TEST_CASE("whatever call fails is named, and nothing is left of the plan") {
    for (const char* call : {"cublasLtMatmulDescCreate", "cublasLtMatmulDescSetAttribute", "cublasLtMatrixLayoutCreate",
                             "cublasLtMatmulPreferenceCreate", "cublasLtMatmulPreferenceSetAttribute", "cublasLtMatmulAlgoGetHeuristic"}) {
        const testing::machine clean;
        const matrix a(dtype::f32, 3, 4), b(dtype::f32, 4, 2), d(dtype::f32, 3, 2);
        const cublaslt::handle handle;
        const auto before = vgpu::live().size();
        vgpu::fail(call, 1, CUBLAS_STATUS_ALLOC_FAILED);
        CHECK_THROWS_WITH_AS(cublaslt::try_plan(handle, of(a, b, d)), doctest::Contains(call), cublaslt::cublaslt_error);
        vgpu::clear_faults();
        CHECK(vgpu::live().size() == before);
    }
}

TEST_CASE("shapes that do not fit are refused before cuBLASLt is asked") {
    const testing::machine clean;
    const matrix a(dtype::f32, 3, 4), b(dtype::f32, 4, 2), d(dtype::f32, 3, 2), bias(dtype::f32, 1, 2), other(dtype::f32, 5, 2);
    const cublaslt::handle handle;
    CHECK_THROWS_AS(cublaslt::try_plan(handle, of(a, other, d)), invalid_input);
    CHECK_THROWS_AS(cublaslt::try_plan(handle, of(a, b, other)), invalid_input);
    CHECK_THROWS_AS(cublaslt::try_plan(handle, of(a, b, d, cublaslt::epilogue::bias)), invalid_input);
    CHECK_THROWS_AS(cublaslt::try_plan(handle, of(a, b, d, cublaslt::epilogue::none, &bias)), invalid_input);
    cublaslt::matmul masked = of(a, b, d, cublaslt::epilogue::relu_aux_bias, &bias);
    CHECK_THROWS_WITH_AS(cublaslt::try_plan(handle, masked), doctest::Contains("128 bits"), invalid_input);
    cublaslt::matmul bytes = of(a, b, d);
    bytes.a.type = dtype::u8;
    CHECK_THROWS_AS(cublaslt::try_plan(handle, bytes), invalid_input);
    CHECK(cublaslt::aux_leading_of(128) == 128);
    CHECK(cublaslt::aux_leading_of(129) == 256);
}
