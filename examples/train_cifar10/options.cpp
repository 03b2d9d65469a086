// SPDX-License-Identifier: MIT
// The trainer's options, by subject.
#include "options.hpp"

#include "command_line.hpp"

#include <initializer_list>
#include <string>

namespace train_cifar10 {

namespace {

void add_data(command_line& line, options& o) {
    line.text("--data", o.data, "sample (bundled), cifar10 (the full set, fetched once), or a directory or archive of it",
              "give sample, cifar10, a directory, or cifar-10-binary.tar.gz");
    line.number<std::int64_t>(
        "--limit", o.limit, [](std::int64_t rows) { return rows >= 1; }, "the first so many training rows",
        "give at least 1 row, or leave it out for all of them");
}

void add_device(command_line& line, options& o, std::string& precision) {
    line.choice("--device", o.device, {"auto", "cpu", "cuda"}, "auto (the GPU where one is visible), cpu or cuda");
    line.choice("--precision", precision, {"fp32", "tf32", "bf16"},
                "fp32, tf32 or bf16 (default: fp32 on the CPU, tf32 on a GPU that has it; with --evaluate what the file says)");
    line.number<int>(
        "--threads", o.threads, [](int threads) { return threads >= 0 && threads <= 1024; }, "0: as many as the machine has",
        "give a number from 1 to 1024, or 0 for as many as the machine has");
}

void add_training(command_line& line, options& o) {
    line.number<int>(
        "--epochs", o.epochs, [](int epochs) { return epochs >= 0; }, "passes over the training rows",
        "give a whole number of at least 0, such as 15");
    line.number<int>(
        "--batch-size", o.batch_size, [](int rows) { return rows >= 1; }, "pictures per step",
        "give a whole number of at least 1, such as 32");
    line.number<double>(
        "--validation-split", o.validation_split, [](double share) { return share >= 0 && share < 1; },
        "share of the rows, the last ones, that validates; 0: none", "give a fraction of at least 0 and below 1, such as 0.2");
    line.number<double>(
        "--learning-rate", o.learning_rate, [](double rate) { return rate >= 1e-30 && rate <= 1e30; }, "of Adam",
        "give a number from 1e-30 to 1e30, such as 0.001");
    line.number<double>(
        "--width", o.width, [](double factor) { return factor > 0 && factor <= 16; }, "factor on filters and units",
        "give a factor above 0 and at most 16, such as 1 or 0.25");
    line.choice("--conventions", o.conventions, {"keras", "torch"}, "whose defaults and formulas: keras or torch");
    line.number<std::uint64_t>(
        "--seed", o.seed, [](std::uint64_t) { return true; }, "of initial values, shuffling and dropout",
        "give a whole number of at least 0, such as 1");
}

void add_results(command_line& line, options& o) {
    line.text("--out", o.out, "directory for the results (default: runs/<time>); never overwritten",
              "give a directory that does not exist yet");
    line.text(
        "--evaluate", o.evaluate,
        "a saved model: only evaluate it on the test set (beside it: --data, --device, --precision, --threads, --batch-size, --tuning)",
        "give a model.safetensors that the trainer wrote");
    line.flag("--quiet", o.quiet, "print the result only");
}

void add_tuning(command_line& line, options& o) {
    line.text("--tune", o.tune,
              "only measure which algorithm computes each convolution fastest on this CPU, and write it to this file (beside it: "
              "--batch-size, --width, --threads)",
              "give the file to write, such as my.tuning");
    line.text("--tuning", o.tuning, "what --tune wrote: compute the convolutions so", "give a file that --tune wrote");
}

void check_alone(const command_line& line, const char* alone, std::initializer_list<const char*> others, const char* why) {
    if (!line.given(alone)) return;
    for (const char* other : others)
        if (line.given(other)) throw strata::invalid_input(std::string(other) + ": " + why + "; leave one of them out");
}

void check_together(const command_line& line) {
    check_alone(line, "--tune",
                {"--evaluate", "--tuning", "--data", "--limit", "--precision", "--epochs", "--validation-split", "--learning-rate",
                 "--conventions", "--seed", "--out"},
                "--tune only measures, and neither trains nor evaluates");
    check_alone(line, "--evaluate",
                {"--limit", "--epochs", "--validation-split", "--learning-rate", "--width", "--conventions", "--seed", "--out"},
                "it belongs to a training, and --evaluate only evaluates a saved model");
}

}  // namespace

std::optional<options> parse_options(int count, const char* const* words) {
    options o;
    std::string precision;
    command_line line("Trains AlexNet on CIFAR-10. Without options: 15 epochs on the bundled sample.",
                      "Exit codes: 0; 2 what was given wrongly; 1 what failed on the way; 130 after Ctrl-C or SIGTERM, which end after the "
                      "current step.");
    add_data(line, o);
    add_device(line, o, precision);
    add_training(line, o);
    add_results(line, o);
    add_tuning(line, o);
    for (int i = 1; i < count; ++i) o.command += (i > 1 ? " " : "") + std::string(words[i]);
    if (!line.parse(count, words)) return std::nullopt;
    check_together(line);
    for (const auto known : {strata::precision::fp32, strata::precision::tf32, strata::precision::bf16})
        if (precision == strata::name_of(known)) o.precision = known;
    return o;
}

}  // namespace train_cifar10
