// SPDX-License-Identifier: MIT
// train_strata.cpp's network with libtorch.
#pragma once

#include <torch/torch.h>

struct small_network_module : torch::nn::Module {
    torch::nn::Conv2d first{nullptr}, second{nullptr};
    torch::nn::Linear third{nullptr}, last{nullptr};

    small_network_module() {
        first = register_module("first", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 32, 3).padding(1)));
        second = register_module("second", torch::nn::Conv2d(torch::nn::Conv2dOptions(32, 64, 3).padding(1)));
        third = register_module("third", torch::nn::Linear(8 * 8 * 64, 128));
        last = register_module("last", torch::nn::Linear(128, 10));
    }
    torch::Tensor forward(torch::Tensor x) {
        x = torch::max_pool2d(torch::relu(first(x)), 2);
        x = torch::max_pool2d(torch::relu(second(x)), 2);
        return last(torch::relu(third(x.flatten(1))));
    }
};
TORCH_MODULE_IMPL(small_network, small_network_module);
