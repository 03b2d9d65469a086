// SPDX-License-Identifier: MIT
// Ctrl-C (SIGINT) and SIGTERM: the first asks the run to end after the current step, the second ends the program at once.
#pragma once

namespace train_cifar10 {

// Thrown between the parts of a run that have nothing to write yet.
struct interrupted {};

void watch_for_interrupts();
bool was_interrupted();
void stop_if_interrupted();  // throws interrupted

}  // namespace train_cifar10
