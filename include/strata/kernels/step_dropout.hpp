// SPDX-License-Identifier: MIT
// kernels::dropout in a captured step: its draws are those of the step that the state counts. T is float or bf16. Behind a rectifier
// whose mask is kept, what is dropped leaves the mask too: the mask then serves backward for both. Index: a block of four values.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>
#include <strata/core/random.hpp>
#include <strata/kernels/bf16.hpp>
#include <strata/kernels/relu_mask.hpp>
#include <strata/kernels/step_state.hpp>

#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

template <typename T>
struct step_dropout {
    const step_state* state;
    const T* src;  // (count), in (N, H, W, C) order
    T* dst;        // (count); may be src
    std::int64_t count;
    float rate;
    std::uint32_t layer;
    relu_mask mask{};

    static constexpr std::int64_t blocks(std::int64_t count) { return (count + 3) / 4; }

    STRATA_HOST_DEVICE void operator()(std::size_t b) const {
        const random_stream stream{state->seed, random_purpose::dropout, layer, static_cast<std::uint32_t>(state->step)};
        const philox_counter draws = stream.block(b);
        const float scale = 1.0f / (1.0f - rate);
        const std::int64_t first = static_cast<std::int64_t>(b) * 4;
        const int values = count - first < 4 ? static_cast<int>(count - first) : 4;
        unsigned dropped = 0;
        for (int j = 0; j < values; ++j) {
            const bool keep = random_stream::to_uniform(draws.word[j]) >= rate;
            dst[first + j] = static_cast<T>(keep ? static_cast<float>(src[first + j]) * scale : 0.0f);
            if (!keep) dropped |= 1u << j;
        }
        if (mask.words != nullptr) mask.clear(first, dropped);
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
