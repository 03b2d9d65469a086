// SPDX-License-Identifier: MIT
// network<input shape, layers...>: a network as a type. Its program is a compile-time value; a layer that cannot take what comes in
// is exactly one compile error that names position, layer, incoming shape and reason.
//
//   struct tiny : strata::network<strata::shape{32, 32, 3},
//       strata::conv2d<32, strata::same(3)>, strata::relu, strata::flatten, strata::dense<10>> {};   // a struct keeps symbols short
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>
#include <strata/network/memory_plan.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace strata::inline STRATA_ABI {

namespace detail {

// A layer says how many operations it emits at most, and lowers itself into a builder.
template <typename Layer>
concept layer = requires(static_program<1>& b, tensor x) {
    { Layer::operations } -> std::convertible_to<std::size_t>;
    { Layer::lower(b, x) } -> std::same_as<tensor>;
};

// One layer at its place; named in the compiler's one message when it refuses what comes in.
template <int Position, typename Layer, shape Incoming, refusal Why>
struct layer_at {
    static_assert(Why == refusal::none,
                  "network: this layer does not fit here; layer_at<position, layer, incoming shape, reason> says why");
    static constexpr bool fits = true;
};

// A program, and the index of the first layer of the pack that was refused (-1: none).
template <std::size_t Operations>
struct lowered {
    static_program<Operations> program;
    int refused;

    constexpr explicit lowered(shape input) : program(input), refused(-1) {}
};

}  // namespace detail

template <shape Input, typename... Layers>
struct network {
    static_assert((detail::layer<Layers> && ...), "network: one of these is not a layer (it has no `operations` and `lower`)");

    static constexpr auto lowered = [] {
        if constexpr ((detail::layer<Layers> && ...)) {
            detail::lowered<(0 + ... + Layers::operations)> result(Input);
            tensor x = result.program.input();
            int index = 0;
            const auto add = [&](tensor y) {
                x = y;
                if (!x.valid() && result.refused < 0) result.refused = index;
                ++index;
            };
            (add(x.valid() ? Layers::lower(result.program, x) : x), ...);
            return result;
        } else {
            return detail::lowered<1>(Input);
        }
    }();
    static constexpr auto program = lowered.program;
    static_assert([]<std::size_t... I>(std::index_sequence<I...>) {
        [[maybe_unused]] constexpr misfit wrong = program.refused();
        [[maybe_unused]] constexpr auto here = [](std::size_t i) { return static_cast<int>(i) == lowered.refused; };
        return (detail::layer_at < here(I) ? wrong.position : 0, std::conditional_t<here(I), Layers, void>,
                here(I) ? wrong.incoming : shape{}, here(I) ? wrong.why : refusal::none > ::fits && ...);
    }(std::index_sequence_for<Layers...>{}));

    // Bytes that a training run needs on the device at this batch size; usable in a static_assert.
    static constexpr std::int64_t planned_bytes(plan_options options) {
        return plan_memory<program.view().tensors.size()>(program, options).total();
    }
};

template <typename Network>
constexpr program_view view() {
    return Network::program.view();
}

}  // namespace strata::inline STRATA_ABI
