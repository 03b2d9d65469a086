// SPDX-License-Identifier: MIT
// The CUDA backend on the virtual GPU against Keras and PyTorch (support/golden_steps.hpp), with a user's kernels that enqueue their work.
#include <strata/cuda.hpp>

#include <doctest/doctest.h>

#include <support/golden_steps.hpp>
#include <virtual_gpu/device.hpp>

#include <cstddef>
#include <string>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

// dst = src where the mask keeps, twice as large; f32.
void apply_mask(void* stream, float which, const void* src, void* dst, std::int64_t count) {
    const auto* from = static_cast<const float*>(src);
    auto* to = static_cast<float*>(dst);
    const std::vector<float> mask = golden_masks.of[static_cast<std::size_t>(which)];
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(float);
    const bool applied = golden_masks.applied;
    const cudaError_t status = vgpu::enqueue(static_cast<cudaStream_t>(stream), "masked dropout", {{src, bytes}}, {{dst, bytes}}, [=] {
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) to[i] = applied ? from[i] * mask[i] * 2.0f : from[i];
    });
    REQUIRE(status == cudaSuccess);
}
void masked_dropout(const cuda::custom_forward& f) { apply_mask(f.stream, f.attribute, f.src, f.dst, f.batch * f.out.size()); }
void masked_dropout_backward(const cuda::custom_backward& b) {
    apply_mask(b.stream, b.attribute, b.grad_dst, b.grad_src, b.batch * b.in.size());
}

device opened() { return cuda::open({.kernels = {{&masked_dropout_operation, masked_dropout, masked_dropout_backward}}}); }

}  // namespace

TEST_CASE("on the virtual GPU a training step of the small AlexNet is Keras's and PyTorch's") { check_golden_steps(opened()); }

TEST_CASE("on the virtual GPU prediction gives Keras's and PyTorch's logits") { check_golden_predictions(opened()); }

TEST_CASE("a custom operation without a CUDA kernel is refused by its name") {
    model m(small_alexnet().view(), cuda::open());
    std::string message;
    try {
        predictor(m, 1);
    } catch (const unsupported& e) { message = e.what(); }
    CHECK(message.find("the custom operation 'masked_dropout'; give it in cuda::options::kernels") != std::string::npos);
}
