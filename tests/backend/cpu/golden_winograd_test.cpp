// SPDX-License-Identifier: MIT
// The same steps of Keras and PyTorch as golden_test.cpp with Winograd's convolution in all five layers and all passes, each tile in turn.
// Gradients, first moments, statistics, loss and logits within 1e-4; second moments are squares of gradients, whose relative error is twice
// theirs: 2e-4 (the largest seen is 1.3e-4, with F(7, 3) and F(5, 5)).
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/golden_steps.hpp>
#include <support/winograd_everywhere.hpp>

#include <cstddef>
#include <utility>

using namespace strata;
using namespace testing;

namespace {

void masked_dropout(const cpu::custom_forward& f) {
    const auto& mask = golden_masks.of[static_cast<std::size_t>(f.attribute)];
    for (std::size_t i = 0; i < f.dst.size(); ++i) f.dst[i] = golden_masks.applied ? f.src[i] * mask[i] * 2.0f : f.src[i];
}
void masked_dropout_backward(const cpu::custom_backward& b) {
    const auto& mask = golden_masks.of[static_cast<std::size_t>(b.attribute)];
    for (std::size_t i = 0; i < b.grad_src.size(); ++i) b.grad_src[i] = b.grad_dst[i] * mask[i] * 2.0f;
}

device opened(int of_three, int of_five) {
    const program p = small_alexnet();
    return cpu::open({.threads = 1,
                      .kernels = {{&masked_dropout_operation, masked_dropout, masked_dropout_backward}},
                      .convolutions = winograd_everywhere(p.view(), 1, of_three, of_five)});
}

}  // namespace

TEST_CASE("with Winograd's convolution a training step of the small AlexNet is Keras's and PyTorch's, within 1e-4") {
    for (const auto& [of_three, of_five] : {std::pair{4, 4}, std::pair{6, 4}, std::pair{7, 5}}) {
        INFO("F(" << of_three << ", 3), F(" << of_five << ", 5)");
        check_golden_steps(opened(of_three, of_five), 1e-4, 2e-4);
    }
}

TEST_CASE("with Winograd's convolution prediction gives Keras's and PyTorch's logits, within 1e-4") {
    for (const auto& [of_three, of_five] : {std::pair{4, 4}, std::pair{6, 4}, std::pair{7, 5}}) {
        INFO("F(" << of_three << ", 3), F(" << of_five << ", 5)");
        check_golden_predictions(opened(of_three, of_five), 1e-4);
    }
}
