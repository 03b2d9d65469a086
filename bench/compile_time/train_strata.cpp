// SPDX-License-Identifier: MIT
// A small network and its training loop, as a user writes them: what a trainer costs to compile. train_dlib.cpp and train_torch.cpp are
// the same network, data and optimizer. Usage: train_strata FILE (where the weights go)
#include <strata/cpu.hpp>
#include <strata/files/model_file.hpp>

#include <cstdint>
#include <cstdio>
#include <vector>

using strata::shape, strata::conv2d, strata::relu, strata::max_pool2d, strata::flatten, strata::dense, strata::same;
struct small_network : strata::network<shape{32, 32, 3}, conv2d<32, same(3)>, relu, max_pool2d<2, 2>, conv2d<64, same(3)>, relu,
                                       max_pool2d<2, 2>, flatten, dense<128>, relu, dense<10>> {};

int main(int, char** arguments) {
    std::vector<std::uint8_t> pictures(256 * 32 * 32 * 3);
    std::vector<std::int32_t> labels(256);
    for (std::size_t i = 0; i < pictures.size(); ++i) pictures[i] = static_cast<std::uint8_t>(i * 2654435761u >> 24);
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 10);

    strata::model model(strata::view<small_network>(), strata::cpu::open());
    strata::trainer trainer(model, strata::adam{.learning_rate = 1e-3f});
    trainer.fit(strata::view_of({32, 32, 3}, 10, pictures, labels), {.epochs = 2, .batch_size = 32}, [](const strata::epoch_result& e) {
        std::printf("epoch %d: loss %.3f\n", e.epoch + 1, e.loss);
        return strata::flow::go_on;
    });
    strata::save_model(model, arguments[1]);
    return 0;
}
