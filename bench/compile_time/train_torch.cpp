// SPDX-License-Identifier: MIT
// train_strata.cpp with libtorch. Usage: train_torch FILE (where the weights go)
#include "network_torch.hpp"

#include <cstdint>
#include <cstdio>
#include <vector>

int main(int, char** arguments) {
    std::vector<std::uint8_t> bytes(256 * 32 * 32 * 3);
    std::vector<std::int64_t> numbers(256);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 2654435761u >> 24);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i % 10);
    const torch::Tensor pictures =
        torch::from_blob(bytes.data(), {256, 32, 32, 3}, torch::kUInt8).permute({0, 3, 1, 2}).to(torch::kFloat32) / 255;
    const torch::Tensor labels = torch::from_blob(numbers.data(), {256}, torch::kInt64);

    small_network network;
    torch::optim::Adam optimizer(network->parameters(), torch::optim::AdamOptions(1e-3));
    for (int epoch = 1; epoch <= 2; ++epoch) {
        double total = 0;
        const torch::Tensor order = torch::randperm(256);
        for (int row = 0; row < 256; row += 32) {
            const torch::Tensor rows = order.slice(0, row, row + 32);
            optimizer.zero_grad();
            const torch::Tensor loss = torch::nn::functional::cross_entropy(network(pictures.index({rows})), labels.index({rows}));
            loss.backward();
            optimizer.step();
            total += loss.item<double>();
        }
        std::printf("epoch %d: loss %.3f\n", epoch, total / 8);
    }
    torch::save(network, arguments[1]);
    return 0;
}
