// SPDX-License-Identifier: MIT
// train_strata.cpp's network with dlib.
#pragma once

#include <dlib/dnn.h>

template <typename Below>
using relu_same32 = dlib::relu<dlib::add_layer<dlib::con_<32, 3, 3, 1, 1, 1, 1>, Below>>;
template <typename Below>
using relu_same64 = dlib::relu<dlib::add_layer<dlib::con_<64, 3, 3, 1, 1, 1, 1>, Below>>;
template <typename Below>
using halved = dlib::add_layer<dlib::max_pool_<2, 2, 2, 2, 0, 0>, Below>;
using small_network = dlib::loss_multiclass_log<
    dlib::fc<10, dlib::relu<dlib::fc<128, halved<relu_same64<halved<relu_same32<dlib::input<dlib::matrix<dlib::rgb_pixel>>>>>>>>>>;
