// SPDX-License-Identifier: MIT
// What the user asks of the trainer on the command line, checked as far as it can be before anything is loaded.
#pragma once

#include <strata/core/dtype.hpp>
#include <strata/network/conventions.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace train_cifar10 {

struct options {
    std::string data = "sample";
    std::optional<std::int64_t> limit{};
    std::string device = "auto";
    std::optional<strata::precision> precision{};  // the device's default; with --evaluate the file's
    int epochs = 15;
    int batch_size = 32;
    double validation_split = 0.2;
    double learning_rate = 0.001;
    double width = 1.0;
    std::string conventions = "keras";
    int threads = 0;
    std::uint64_t seed = 1;
    std::string out{};
    std::string evaluate{};
    std::string tune{};    // measure, and write this file
    std::string tuning{};  // use this file
    bool quiet = false;
    std::string command{};  // as it was typed

    const strata::conventions& meaning() const { return conventions == "torch" ? strata::conventions::torch : strata::conventions::keras; }
};

// The options, or nothing when --help or --version was asked for and has been printed.
// Throws strata::invalid_input: one sentence that names the option and what to give.
std::optional<options> parse_options(int count, const char* const* words);

}  // namespace train_cifar10
