// SPDX-License-Identifier: MIT
// y[c] = exp(x[c]) / sum over c of exp(x[c]) over the channels of a flat input: the output activation for prediction.
// As the last layer it is left out of training and evaluation: the loss reads the logits, as Keras on TensorFlow does.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

namespace build {

constexpr tensor softmax(auto& b, tensor x) {
    b.layer("softmax");
    if (!b.readable(x)) return {};
    if (!b.of(x).is_flat()) return b.refuse(refusal::input_is_not_flat, x);
    return b.emit({.kind = op_kind::softmax, .src = {x.id, -1}}, b.of(x));
}

}  // namespace build

struct softmax {
    static constexpr std::size_t operations = 1;
    static constexpr tensor lower(auto& b, tensor x) { return build::softmax(b, x); }
};

}  // namespace strata::inline STRATA_ABI
