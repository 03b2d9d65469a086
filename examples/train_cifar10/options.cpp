// SPDX-License-Identifier: MIT
// The command line, through CLI11. Its own messages are made sentences here, and its exit codes are ours.
#include "options.hpp"

#include <strata/core/error.hpp>

#include <CLI/CLI.hpp>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <limits>
#include <map>
#include <string>
#include <system_error>

namespace train_cifar10 {

namespace {

[[noreturn]] void refuse(const std::string& option, const std::string& value, const std::string& advice) {
    throw strata::invalid_input(option + " " + value + ": " + advice);
}

// "0.2", not "0.200000".
std::string text_of(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%g", value);
    return text;
}

// A check for CLI11, which takes the nearest number that fits for one that does not.
template <typename T>
std::string fits(const std::string& text) {
    T value{};
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc::result_out_of_range) return "";
    return text + " is out of range, give at most " + std::to_string(std::numeric_limits<T>::max());
}

void check(const options& o) {
    if (o.data.empty()) refuse("--data", "''", "give sample, cifar10, a directory, or cifar-10-binary.tar.gz");
    if (o.limit && *o.limit < 1) refuse("--limit", std::to_string(*o.limit), "give at least 1 row, or leave it out for all of them");
    if (o.epochs < 0) refuse("--epochs", std::to_string(o.epochs), "there are no negative epochs; give 0 or more, such as 15");
    if (o.batch_size < 1) refuse("--batch-size", std::to_string(o.batch_size), "give at least 1, such as 32");
    if (!(o.validation_split >= 0 && o.validation_split < 1))
        refuse("--validation-split", text_of(o.validation_split), "give a fraction of at least 0 and below 1, such as 0.2");
    if (!(static_cast<float>(o.learning_rate) > 0 && o.learning_rate <= 1e30))
        refuse("--learning-rate", text_of(o.learning_rate), "give a number above 0, such as 0.001");
    if (!(o.width > 0 && o.width <= 16)) refuse("--width", text_of(o.width), "give a factor above 0 and at most 16, such as 1 or 0.25");
    if (o.threads < 0 || o.threads > 1024)
        refuse("--threads", std::to_string(o.threads), "give a number from 1 to 1024, or 0 for as many as the machine has");
}

// CLI11 says "--epochs: Value abc could not be converted"; a sentence also says what to do.
std::string sentence(const CLI::ParseError& e) {
    std::string text = e.what();
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '.')) text.pop_back();
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n')) text[at] = ' ';
    return text + "; train_cifar10 --help lists the options and their values";
}

}  // namespace

std::optional<options> parse_options(int count, const char* const* words) {
    options o;
    CLI::App app("Trains AlexNet on CIFAR-10. Without options: 15 epochs on the bundled sample.", "train_cifar10");
    app.get_formatter()->column_width(34);
    app.set_version_flag("--version", std::string("strata ") + STRATA_VERSION_STRING, "print the version and end");
    std::string precision;
    const auto one_of = [](std::initializer_list<std::string> values) { return CLI::IsMember(std::vector<std::string>(values)); };
    app.add_option("--data", o.data, "sample (bundled), cifar10 (the full set, fetched once), or a directory or archive of it")
        ->capture_default_str();
    auto* limit = app.add_option("--limit", o.limit, "the first so many training rows")->check(fits<std::int64_t>, "");
    app.add_option("--device", o.device, "auto, cpu or cuda")->check(one_of({"auto", "cpu", "cuda"}))->capture_default_str();
    app.add_option("--precision", precision, "fp32, tf32 or bf16 (default fp32; with --evaluate what the file says)")
        ->check(one_of({"fp32", "tf32", "bf16"}));
    auto* epochs = app.add_option("--epochs", o.epochs, "passes over the training rows")->check(fits<int>, "")->capture_default_str();
    app.add_option("--batch-size", o.batch_size, "pictures per step")->check(fits<int>, "")->capture_default_str();
    auto* split = app.add_option("--validation-split", o.validation_split, "share of the rows, the last ones, that validates; 0: none")
                      ->capture_default_str();
    auto* rate = app.add_option("--learning-rate", o.learning_rate, "of Adam")->capture_default_str();
    auto* width = app.add_option("--width", o.width, "factor on filters and units")->capture_default_str();
    auto* conventions = app.add_option("--conventions", o.conventions, "whose defaults and formulas: keras or torch")
                            ->check(one_of({"keras", "torch"}))
                            ->capture_default_str();
    app.add_option("--threads", o.threads, "0: as many as the machine has")->check(fits<int>, "")->capture_default_str();
    auto* seed = app.add_option("--seed", o.seed, "of initial values, shuffling and dropout")
                     ->check([](const std::string& text) { return text.starts_with('-') ? "give a whole number of at least 0" : ""; }, "")
                     ->check(fits<std::uint64_t>, "")
                     ->capture_default_str();
    auto* out = app.add_option("--out", o.out, "directory for the results (default: runs/<time>); never overwritten");
    app.add_option("--evaluate", o.evaluate, "a saved model: only evaluate it on the test set")
        ->excludes(limit, epochs, split, rate, width, conventions, seed, out);
    app.add_flag("--quiet", o.quiet, "print the result only");
    app.footer("Exit codes: 0; 2 what was given wrongly; 1 what failed on the way; 130 after Ctrl-C, which ends after the current step.");

    for (int i = 1; i < count; ++i) o.command += (i > 1 ? " " : "") + std::string(words[i]);
    try {
        app.parse(count, words);
    } catch (const CLI::CallForHelp&) {
        std::fputs(app.help().c_str(), stdout);
        return std::nullopt;
    } catch (const CLI::CallForVersion& e) {
        std::printf("%s\n", e.what());
        return std::nullopt;
    } catch (const CLI::ParseError& e) { throw strata::invalid_input(sentence(e)); }
    const std::map<std::string, strata::precision> precisions{
        {"fp32", strata::precision::fp32}, {"tf32", strata::precision::tf32}, {"bf16", strata::precision::bf16}};
    if (!precision.empty()) o.precision = precisions.at(precision);
    if (app.count("--out") > 0 && o.out.empty()) refuse("--out", "''", "give a directory that does not exist yet");
    if (app.count("--evaluate") > 0 && o.evaluate.empty()) refuse("--evaluate", "''", "give a model.safetensors that the trainer wrote");
    check(o);
    return o;
}

}  // namespace train_cifar10
