// SPDX-License-Identifier: MIT
// Ctrl-C (SIGINT) and SIGTERM: the first says at once what it does, and the run ends as soon as it can; the second, of either kind,
// ends the program where it is.
#pragma once

namespace train_cifar10 {

// A part of a run. Both texts follow the name of the signal; they must live as long as the program.
struct run_part {
    const char* answer;  // what the first signal does now: "the test set is left out, the files are written"
    const char* ended;   // when it stopped: "before training; nothing was written"
};

// Thrown between the parts of a run that have nothing to write yet.
struct interrupted {
    const char* ended;
};

void watch_for_interrupts();
void enter(const run_part& part);
bool was_interrupted();
const char* interrupted_by();  // "Ctrl-C" or "SIGTERM"
void stop_if_interrupted();    // throws interrupted

}  // namespace train_cifar10
