// SPDX-License-Identifier: MIT
// Tuning files and the trainer.
#include "tuning.hpp"

#include "console.hpp"
#include "figures.hpp"
#include "interrupt.hpp"

#include <strata/backend/cpu/tune.hpp>
#include <strata/core/error.hpp>
#include <strata/files/model_file.hpp>
#include <strata/files/tuning_file.hpp>
#include <strata/models/alexnet_cifar.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <vector>

namespace train_cifar10 {

namespace {

constexpr run_part tuning_part{"the tuning ends without a file", "before the tuning was done; there is no file"};

// A file that is no tuning file stays what it is.
void check_target(const std::string& path) {
    std::error_code none;
    if (!std::filesystem::exists(path, none)) return;
    try {
        strata::load_tuning(path);
    } catch (const strata::invalid_input&) {
        throw strata::invalid_input("--tune " + path +
                                    ": there is something of that name that is no tuning file; give another name, or "
                                    "remove it");
    }
}

std::string table_of(const strata::cpu::tuning& measured) {
    std::string text = "pass              picture          filters  kernel  oneDNN ms  chosen ms  chosen\n";
    for (const auto& c : measured.cases) {
        double direct = 0, chosen = 0;
        for (const auto& t : c.times) {
            if (t.way.tile == 0) direct = t.milliseconds;
            if (t.way == c.way) chosen = t.milliseconds;
        }
        const strata::shape& in = c.which.in;
        const std::string picture = std::to_string(in.height) + " x " + std::to_string(in.width) + " x " + std::to_string(in.channels);
        const std::string way =
            c.way.tile == 0 ? "oneDNN" : "Winograd, tiles of " + std::to_string(c.way.tile) + " x " + std::to_string(c.way.tile);
        char line[160];
        std::snprintf(line, sizeof line, "%-17s %-16s %7d  %d x %d  %9.2f  %9.2f  %s\n", std::string(name_of(c.which.pass)).c_str(),
                      picture.c_str(), c.which.filters, c.which.rows.kernel, c.which.columns.kernel, direct, chosen, way.c_str());
        text += line;
    }
    return text;
}

// How many of the choices are not those of the shipped table.
std::size_t others_than_shipped(const strata::cpu::convolution_choices& choices) {
    return static_cast<std::size_t>(std::count_if(choices.tuned.begin(), choices.tuned.end(),
                                                  [](const auto& e) { return !(e.way == strata::cpu::shipped_convolution_way(e.which)); }));
}

kernel_choices of_tuning_file(const options& options) {
    strata::cpu::tuning measured;
    const strata::cpu::machine here = strata::cpu::this_machine(options.threads);
    try {
        measured = strata::load_tuning(options.tuning);
        strata::cpu::check_fits(measured, here, options.tuning);
    } catch (const strata::invalid_input& e) {
        std::string sentence = "--tuning " + std::string(e.what());
        if (sentence.find(';') == std::string::npos) sentence += "; give a file that --tune wrote";
        throw strata::invalid_input(sentence);
    }
    kernel_choices result{measured.choices(), options.tuning + ": "};
    result.text += counted(static_cast<std::int64_t>(measured.cases.size()), "convolution", "convolutions") + ", " +
                   std::to_string(others_than_shipped(result.convolutions)) + " computed otherwise than by strata's own table";
    if (measured.measured_on.processor != here.processor)
        result.text += "; it was measured on another processor (" + measured.measured_on.processor + ")";
    return result;
}

// What a model was trained with, so that it computes the same bits here, where the machine is of the same kind.
kernel_choices of_model_file(const options& options) {
    kernel_choices result;
    for (const auto& entry : strata::stored_convolutions(options.evaluate)) result.convolutions.set(entry.which, entry.way);
    const std::size_t others = others_than_shipped(result.convolutions);
    if (others == 0) return {};
    const strata::cpu::machine here = strata::cpu::this_machine(options.threads);
    const bool fits = std::all_of(result.convolutions.tuned.begin(), result.convolutions.tuned.end(),
                                  [&](const auto& e) { return e.which.threads == here.threads && e.which.width == here.width; });
    result.text = counted(static_cast<std::int64_t>(others), "convolution", "convolutions") +
                  " computed as in the model's training, and not by strata's own table";
    if (!fits)
        result = {{},
                  "the model was trained with other choices of convolutions, for other threads or another instruction set; here they "
                  "are computed by strata's own table"};
    return result;
}

}  // namespace

kernel_choices choices_of(const options& options) {
    if (!options.tuning.empty()) return of_tuning_file(options);
    if (options.evaluate.empty() || options.device == "cuda") return {};
    try {
        return of_model_file(options);
    } catch (const strata::error&) { return {}; }  // loading the model says what is wrong with it
}

int tune(const options& options) {
    if (options.device == "cuda")
        throw strata::invalid_input("--tune " + options.tune + ": it measures convolutions on the CPU; leave --device cuda out");
    check_target(options.tune);
    watch_for_interrupts();
    enter(tuning_part);
    const strata::program network = strata::alexnet_cifar_program(options.width);
    const strata::cpu::machine here = strata::cpu::this_machine(options.threads);
    if (!options.quiet)
        say("tuning    " + here.processor + ", " + here.instruction_set + ", " + counted(here.threads, "thread", "threads") + ", oneDNN " +
            here.onednn + "\nnetwork   AlexNet, width " + shortest(options.width) + ", batches of " + std::to_string(options.batch_size) +
            "\n\n");
    const auto on_step = [&](int done, int all) {
        stop_if_interrupted();
        if (!options.quiet && done == all) say(counted(all, "step", "steps") + " measured\n\n");
    };
    const strata::cpu::tuning measured =
        strata::cpu::tune(network.view(), {.threads = options.threads, .batch_sizes = {options.batch_size}}, on_step);
    strata::save_tuning(measured, options.tune);
    if (!options.quiet) say(table_of(measured) + "\n");
    say("written: " + options.tune + "; --tuning " + options.tune + " --batch-size " + std::to_string(options.batch_size) + " uses it\n");
    return 0;
}

}  // namespace train_cifar10
