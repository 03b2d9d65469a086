// SPDX-License-Identifier: MIT
// The signal handlers belong to the program, not to the library.
#include "interrupt.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <unistd.h>

namespace train_cifar10 {

namespace {

constexpr run_part preparing{"the run ends before it trains, and writes nothing", "before training; nothing was written"};

volatile std::sig_atomic_t asked = 0;  // the first signal
volatile std::sig_atomic_t speaks_to_terminal = 0;
std::atomic<const run_part*> current = &preparing;
static_assert(std::atomic<const run_part*>::is_always_lock_free, "a signal handler may read nothing else");

const char* name_of(int signal) { return signal == SIGTERM ? "SIGTERM" : "Ctrl-C"; }

void handle(void (*how)(int)) {
    struct sigaction action{};
    action.sa_handler = how;
    action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);  // system calls go on where they were
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

void write_all(const char* text) { [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text, std::strlen(text)); }

// Only what a handler may call. It speaks itself, since a step can take long.
extern "C" void ask_to_stop(int signal) {
    const int kept = errno;
    handle(SIG_DFL);  // the second does what it does to any program
    asked = signal;
    if (speaks_to_terminal != 0) write_all("\n");  // the terminal has written ^C into the line
    write_all("train_cifar10: ");
    write_all(name_of(signal));
    write_all(": ");
    write_all(current.load()->answer);
    write_all("; a second one ends the program at once\n");
    errno = kept;
}

}  // namespace

void watch_for_interrupts() {
    speaks_to_terminal = ::isatty(STDERR_FILENO);
    handle(ask_to_stop);
    std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone (| head) must not lose the training
    std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an error with a sentence, as a full disk is
}

void enter(const run_part& part) { current = &part; }

bool was_interrupted() { return asked != 0; }

const char* interrupted_by() { return name_of(asked); }

void stop_if_interrupted() {
    if (was_interrupted()) throw interrupted{current.load()->ended};
}

}  // namespace train_cifar10
