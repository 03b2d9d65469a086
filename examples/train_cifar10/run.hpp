// SPDX-License-Identifier: MIT
// The two things that the program does. Each returns the exit code and throws what main() makes a sentence of.
#pragma once

#include "options.hpp"

namespace train_cifar10 {

int train(const options& options);
int evaluate(const options& options);

}  // namespace train_cifar10
