// SPDX-License-Identifier: MIT
// predict_strata.cpp with dlib. Usage: predict_dlib FILE (of train_dlib)
#include "network_dlib.hpp"

#include <cstdio>

int main(int, char** arguments) {
    small_network network;
    dlib::deserialize(arguments[1]) >> network;
    dlib::matrix<dlib::rgb_pixel> picture(32, 32);
    for (auto& pixel : picture) pixel = dlib::rgb_pixel(100, 100, 100);
    std::printf("class %lu\n", network(picture));
    return 0;
}
