// SPDX-License-Identifier: MIT
// A translation unit of the header-only face: numbers that depend on the flags it is compiled with. UNIT is its function's name.
// Compiled with -fno-inline, so that every function of strata is one that a linker could take from another unit.
#include <strata/core/random.hpp>
#include <strata/data/split.hpp>
#include <strata/kernels/adam.hpp>
#include <strata/kernels/moving_statistics.hpp>
#include <strata/kernels/reduce.hpp>
#include <strata/kernels/softmax_cross_entropy.hpp>
#include <strata/models/alexnet_cifar.hpp>
#include <strata/network/summary.hpp>

#include <cstdint>
#include <string>
#include <vector>

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace {

std::vector<float> draws(std::size_t count, std::uint32_t layer, float scale) {
    const strata::random_stream stream{.seed = 5, .purpose = strata::random_purpose::user, .layer = layer};
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = (stream.uniform(i) - 0.5f) * scale;
    return values;
}

void add(std::string& text, const std::vector<float>& values) {
    // The bits, mixed: FNV-1a.
    std::uint32_t hash = 2166136261u;
    for (const float value : values) {
        std::uint32_t bits;
        static_assert(sizeof bits == sizeof value);
        __builtin_memcpy(&bits, &value, sizeof bits);
        hash = (hash ^ bits) * 16777619u;
    }
    text += " " + std::to_string(hash);
}

}  // namespace

std::string UNIT();
std::string UNIT() {
    constexpr std::size_t count = 1000;
    std::string text;
    std::vector<float> w = draws(count, 0, 1), m = draws(count, 1, 0.1f), v(count);
    for (std::int64_t step = 1; step <= 5; ++step) {
        const std::vector<float> g = draws(count, static_cast<std::uint32_t>(step) + 2, 0.3f);
        strata::kernels::adam adam = strata::kernels::adam_at({.weight_decay = 0.01f, .decoupled = false}, 1e-2f, step);
        adam.parameter = w.data(), adam.gradient = g.data(), adam.m = m.data(), adam.v = v.data();
        for (std::size_t i = 0; i < count; ++i) adam(i);
    }
    add(text, w);

    const std::vector<float> logits = draws(count, 20, 9);
    std::vector<float> grad(count), loss(100), correct(100);
    std::vector<std::int64_t> rows(100);
    std::vector<std::int32_t> labels(100);
    for (std::size_t i = 0; i < 100; ++i) rows[i] = static_cast<std::int64_t>(i), labels[i] = static_cast<std::int32_t>(i % 10);
    const strata::kernels::softmax_cross_entropy_rows cross_entropy{logits.data(), labels.data(), nullptr,     rows.data(), 10,
                                                                    0.1f,          0.01f,         grad.data(), loss.data(), correct.data()};
    for (std::size_t i = 0; i < 100; ++i) cross_entropy(i);
    add(text, grad);
    add(text, loss);

    std::vector<float> mean = draws(count, 30, 1), variance = draws(count, 31, 1);
    const strata::kernels::moving_statistics moving{logits.data(), w.data(), mean.data(), variance.data(), 0.99f, 1.02f};
    for (std::size_t i = 0; i < count; ++i) moving(i);
    add(text, mean);
    add(text, variance);

    std::vector<double> partial(4);
    const strata::kernels::sum_stage sum{w.data(), static_cast<std::int64_t>(count), partial.data()};
    for (std::size_t i = 0; i < partial.size(); ++i) sum(i);
    text += " " + std::to_string(strata::kernels::sum_stage::total(partial.data(), 4));

    const std::vector<std::int64_t> order = strata::permutation(50, {.seed = 3, .purpose = strata::random_purpose::shuffle});
    text += " " + std::to_string(order[7]) + " " + std::to_string(strata::summary(strata::view<strata::alexnet_cifar>()).text().size());
#if defined(_OPENMP)
    text += " threads " + std::to_string(omp_get_max_threads() > 0);
#endif
    return text;
}
