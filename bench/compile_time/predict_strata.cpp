// SPDX-License-Identifier: MIT
// A program that only predicts. Usage: predict_strata FILE (of train_strata)
#include <strata/cpu.hpp>
#include <strata/files/model_file.hpp>

#include <cstdint>
#include <cstdio>
#include <vector>

int main(int, char** arguments) {
    strata::loaded_model loaded = strata::load_model(arguments[1], strata::cpu::open());
    strata::predictor predict(loaded.model, 1);
    const std::vector<std::uint8_t> picture(32 * 32 * 3, 100);
    std::printf("class %d\n", predict.classes(strata::view_of({32, 32, 3}, 10, picture, {}, loaded.input))[0]);
    return 0;
}
