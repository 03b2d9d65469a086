// SPDX-License-Identifier: MIT
// A layer of your own: swish with a trained slope per channel, y = x * sigmoid(beta[c] * x), and its CPU kernels.
//   dy/dx = s + beta x s (1 - s),   dy/dbeta = x^2 s (1 - s),   s = sigmoid(beta x).   Ramachandran et al., arXiv:1710.05941.
// Three parts: the operation's name, a layer type that lowers to it, and kernels that the device is opened with.
#include <strata/cpu.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

// 1. The operation: programs refer to it, and a device finds its kernels by its name, which no other kernels may have.
constexpr strata::custom_operation swish_operation{"swish"};

// 2. The layer: like every layer it says how many operations it emits at most, and writes them into the builder.
struct swish {
    static constexpr std::size_t operations = 1;
    static constexpr strata::tensor lower(auto& b, strata::tensor x) {
        if (!b.readable(x)) return {};
        return strata::build::custom(
            b, x,
            {.operation = &swish_operation, .output = b.of(x), .parameter_size = b.of(x).channels, .initial = strata::initial_value::ones});
    }
};

// 3. The kernels: src and dst are (N, H, W, C) in f32, so channel c of value i is i % C.
static float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

static void swish_forward(const strata::cpu::custom_forward& k) {
    const std::size_t channels = k.weight.size();
    for (std::size_t i = 0; i < k.src.size(); ++i) k.dst[i] = k.src[i] * sigmoid(k.weight[i % channels] * k.src[i]);
}

static void swish_backward(const strata::cpu::custom_backward& k) {
    const std::size_t channels = k.weight.size();
    for (float& g : k.grad_weight) g = 0;
    for (std::size_t i = 0; i < k.src.size(); ++i) {
        const float x = k.src[i], beta = k.weight[i % channels], s = sigmoid(beta * x);
        if (!k.grad_src.empty()) k.grad_src[i] = k.grad_dst[i] * (s + beta * x * s * (1 - s));
        k.grad_weight[i % channels] += k.grad_dst[i] * x * x * s * (1 - s);
    }
}

struct stripes : strata::network<strata::shape{12, 12, 1}, strata::conv2d<8, strata::same(3)>, swish, strata::max_pool2d<2>,
                                 strata::conv2d<8, strata::same(3)>, swish, strata::global_avg_pool2d, strata::dense<2>> {};

// Pictures of one stripe, lying or standing, in noise: label 0 or 1.
static void draw(std::vector<float>& pictures, std::vector<std::int32_t>& labels, int rows) {
    const strata::random_stream random{.seed = 7, .purpose = strata::random_purpose::user};
    std::uint64_t drawn = 0;
    for (int row = 0; row < rows; ++row) {
        const bool standing = random.uniform(drawn++) < 0.5f;
        const int at = static_cast<int>(12 * random.uniform(drawn++));
        for (int y = 0; y < 12; ++y)
            for (int x = 0; x < 12; ++x) pictures.push_back((standing ? x : y) == at ? 1.0f : 0.5f * random.uniform(drawn++));
        labels.push_back(standing ? 1 : 0);
    }
}

int main() try {
    std::vector<float> pictures;
    std::vector<std::int32_t> labels;
    draw(pictures, labels, 600);
    const strata::dataset_view data = strata::view_of({12, 12, 1}, 2, pictures, labels);

    const strata::device device =
        strata::cpu::open({.kernels = {{.operation = &swish_operation, .forward = swish_forward, .backward = swish_backward}}});
    strata::model model(strata::view<stripes>(), device);
    strata::trainer trainer(model, strata::adam{.learning_rate = 1e-2f});
    const strata::history history = trainer.fit(data, {.epochs = 6, .batch_size = 32, .validation_split = 0.2}, [](const auto& e) {
        std::printf("epoch %2d: loss %.4f, accuracy %.3f, validation %.3f\n", e.epoch + 1, e.loss, e.accuracy, e.val_accuracy);
        return strata::flow::go_on;
    });
    std::printf("slopes after training, 1.000 at the beginning:");
    for (const float beta : model.read("swish.weight")) std::printf(" %.3f", static_cast<double>(beta));
    std::printf("\n");
    return history.val_accuracy().back() > 0.9 ? 0 : 1;
} catch (const strata::error& e) {
    std::fprintf(stderr, "custom_layer: %s\n", e.what());
    return 1;
}
