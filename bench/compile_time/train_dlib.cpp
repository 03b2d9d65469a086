// SPDX-License-Identifier: MIT
// train_strata.cpp with dlib. Usage: train_dlib FILE (where the weights go)
#include "network_dlib.hpp"

#include <cstdint>
#include <cstdio>
#include <vector>

int main(int, char** arguments) {
    std::vector<dlib::matrix<dlib::rgb_pixel>> pictures(256, dlib::matrix<dlib::rgb_pixel>(32, 32));
    std::vector<unsigned long> labels(256);
    std::uint32_t i = 0;
    const auto next = [&i] { return static_cast<unsigned char>(i++ * 2654435761u >> 24); };
    for (auto& picture : pictures)
        for (auto& pixel : picture) pixel = dlib::rgb_pixel(next(), next(), next());
    for (std::size_t row = 0; row < labels.size(); ++row) labels[row] = row % 10;

    small_network network;
    dlib::dnn_trainer<small_network, dlib::adam> trainer(network, dlib::adam(0, 0.9, 0.999));
    trainer.set_learning_rate(1e-3);
    trainer.set_mini_batch_size(32);
    trainer.set_max_num_epochs(2);
    trainer.train(pictures, labels);
    std::printf("loss %.3f\n", trainer.get_average_loss());
    network.clean();
    dlib::serialize(arguments[1]) << network;
    return 0;
}
