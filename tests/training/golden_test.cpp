// SPDX-License-Identifier: MIT
// The CPU against Keras and PyTorch (support/golden_steps.hpp).
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/golden_steps.hpp>

#include <cstddef>
#include <string>

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

device opened() { return cpu::open({.threads = 1, .kernels = {{&masked_dropout_operation, masked_dropout, masked_dropout_backward}}}); }

}  // namespace

TEST_CASE("a training step of the small AlexNet is Keras's and PyTorch's: loss, gradients, statistics, Adam, parameters") {
    check_golden_steps(opened());
}

TEST_CASE("the stored gradients agree with the float64 ones, so what is compared above is not noise") {
    const program p = small_alexnet();
    for (const golden& g : golden_files())
        for (const std::string number : {"0", "1", "2"}) {
            const stored_step s{g, "step" + number + "/", p.view()};
            check_each("gradient", s.parameters("grad"), s.parameters("grad_f64ref"), 2e-5);
        }
}

TEST_CASE("prediction from the state after the last step gives Keras's and PyTorch's logits") { check_golden_predictions(opened()); }
