// SPDX-License-Identifier: MIT
// predict_strata.cpp with libtorch. Usage: predict_torch FILE (of train_torch)
#include "network_torch.hpp"

#include <cstdio>

int main(int, char** arguments) {
    small_network network;
    torch::load(network, arguments[1]);
    const torch::NoGradGuard no_gradients;
    std::printf("class %d\n", network(torch::full({1, 3, 32, 32}, 100 / 255.0f)).argmax(1).item<int>());
    return 0;
}
