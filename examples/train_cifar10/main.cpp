// SPDX-License-Identifier: MIT
// The trainer: AlexNet on CIFAR-10.   train_cifar10 --help
// Exit codes: 0; 2 for what the user gave wrongly; 1 for what failed on the way; 130 after Ctrl-C.
#include "interrupt.hpp"
#include "options.hpp"
#include "run.hpp"

#include <strata/core/error.hpp>

#include <cstdio>
#include <exception>
#include <new>

namespace {

int failed(const char* sentence, int exit_code) {
    std::fflush(stdout);
    std::fprintf(stderr, "train_cifar10: %s\n", sentence);
    return exit_code;
}

}  // namespace

int main(int count, char** words) {
    try {
        const auto options = train_cifar10::parse_options(count, words);
        if (!options) return 0;
        return options->evaluate.empty() ? train_cifar10::train(*options) : train_cifar10::evaluate(*options);
    } catch (const train_cifar10::interrupted&) {
        return failed("stopped by Ctrl-C before training; nothing was written", 130);
    } catch (const strata::invalid_input& e) { return failed(e.what(), 2); } catch (const strata::unsupported& e) {
        return failed(e.what(), 2);
    } catch (const std::bad_alloc&) {
        return failed("there is not enough memory; try a smaller --batch-size or --width", 1);
    } catch (const std::exception& e) { return failed(e.what(), 1); }
}
