// SPDX-License-Identifier: MIT
// The signal handlers belong to the program, not to the library.
#include "interrupt.hpp"

#include <csignal>

#include <signal.h>

namespace train_cifar10 {

namespace {

volatile std::sig_atomic_t asked = 0;

extern "C" void ask_to_stop(int) { asked = 1; }

}  // namespace

void watch_for_interrupts() {
    struct sigaction action{};
    action.sa_handler = ask_to_stop;
    // Reset after the first: the second then does what it does to any program. System calls go on where they were.
    action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    // A limit on file sizes is an error with a sentence, as a full disk is.
    std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone (| head) must not lose the training
    std::signal(SIGXFSZ, SIG_IGN);
}

bool was_interrupted() { return asked != 0; }

void stop_if_interrupted() {
    if (was_interrupted()) throw interrupted{};
}

}  // namespace train_cifar10
