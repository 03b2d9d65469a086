// SPDX-License-Identifier: MIT
// The trainer: AlexNet on CIFAR-10.   train_cifar10 --help
// Exit codes: 0; 2 for what the user gave wrongly; 1 for what failed on the way; 130 after Ctrl-C or SIGTERM.
#include "console.hpp"
#include "interrupt.hpp"
#include "options.hpp"
#include "run.hpp"
#include "tuning.hpp"

#include <strata/core/error.hpp>

#include <cstdio>
#include <exception>
#include <new>
#include <string>

namespace {

int failed(const std::string& sentence, int exit_code) {
    std::fflush(stdout);
    std::fprintf(stderr, "train_cifar10: %s\n", sentence.c_str());
    return exit_code;
}

int run(int count, char** words) {
    try {
        const auto options = train_cifar10::parse_options(count, words);
        if (!options) return 0;
        if (!options->tune.empty()) return train_cifar10::tune(*options);
        return options->evaluate.empty() ? train_cifar10::train(*options) : train_cifar10::evaluate(*options);
    } catch (const train_cifar10::interrupted& e) {
        return failed(std::string("stopped by ") + train_cifar10::interrupted_by() + " " + e.ended, 130);
    } catch (const strata::invalid_input& e) { return failed(e.what(), 2); } catch (const strata::unsupported& e) {
        return failed(e.what(), 2);
    } catch (const std::bad_alloc&) {
        return failed("there is not enough memory; try a smaller --batch-size or --width", 1);
    } catch (const std::exception& e) { return failed(e.what(), 1); }
}

}  // namespace

int main(int count, char** words) {
    train_cifar10::open_missing_streams();
    const int exit_code = run(count, words);
    const std::string failure = train_cifar10::output_failure();
    if (failure.empty()) return exit_code;
    return failed("the standard output cannot be written: " + failure +
                      "; what was printed is incomplete, files of results are not. Send the output elsewhere, or give --quiet",
                  exit_code == 0 ? 1 : exit_code);
}
