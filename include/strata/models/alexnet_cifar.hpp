// SPDX-License-Identifier: MIT
// The tutorial's AlexNet for CIFAR-10: five convolutions, three poolings, batch norm after each, three dense layers; 6,607,946 trained
// values. As a type, and as a function at run time with a width factor, another class count and another input.
// After: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", NeurIPS 2012.
#pragma once

#include <strata/core/config.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/max_pool2d.hpp>
#include <strata/layers/relu.hpp>
#include <strata/network/network.hpp>

namespace strata::inline STRATA_ABI {

struct alexnet_cifar
    : network<shape{32, 32, 3}, conv2d<96, same(3)>, relu, max_pool2d<3, 2>, batch_norm, conv2d<256, same(5)>, relu, max_pool2d<3, 2>,
              batch_norm, conv2d<384, same(3)>, relu, batch_norm, conv2d<384, same(3)>, relu, batch_norm, conv2d<256, same(3)>, relu,
              max_pool2d<3, 2>, batch_norm, flatten, dense<1024>, relu, dropout<0.5>, dense<512>, relu, dropout<0.5>, dense<10>> {};

// The same with max(1, round(n * width)) filters and units (an even number where two are as near), other classes, another input.
// Throws invalid_input when the width is not positive, there is no class, or the input is too small for the three poolings.
program alexnet_cifar_program(double width = 1.0, int classes = 10, shape input = {32, 32, 3});

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/models/alexnet_cifar.ipp>
#endif
