// SPDX-License-Identifier: MIT
// Which algorithm computes each convolution on the CPU: --tune measures it into a file, --tuning takes it from one, and a saved model
// tells what it was trained with.
#pragma once

#include "options.hpp"

#include <strata/backend/cpu/options.hpp>

#include <string>

namespace train_cifar10 {

// --tune: measures and writes the file, and trains nothing.
int tune(const options& options);

// Where the choices of this run come from, and what is to be said about them.
struct kernel_choices {
    strata::cpu::convolution_choices convolutions{};
    std::string text{};  // "" where they are the ones that strata ships
};
// Of --tuning; else, with --evaluate, of the model file; else the shipped table. Throws strata::invalid_input, naming the option, for a
// file that is damaged or was measured on another kind of machine.
kernel_choices choices_of(const options& options);

}  // namespace train_cifar10
