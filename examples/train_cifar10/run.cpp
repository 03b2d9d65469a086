// SPDX-License-Identifier: MIT
// A training run from plan to results, and the evaluation of a saved model.
#include "run.hpp"

#include "console.hpp"
#include "data.hpp"
#include "device.hpp"
#include "figures.hpp"
#include "interrupt.hpp"
#include "outputs.hpp"
#include "plan.hpp"
#include "progress.hpp"
#include "test_set.hpp"

#include <strata/core/error.hpp>
#include <strata/files/model_file.hpp>
#include <strata/models/alexnet_cifar.hpp>
#include <strata/network/summary.hpp>
#include <strata/training/model.hpp>
#include <strata/training/trainer.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace train_cifar10 {

namespace {

// Who has ended the training with Ctrl-C waits this many seconds at most for the test set.
constexpr double longest_test_after_interrupt = 15;

constexpr run_part training{"the run ends after the current step and writes its files", ""};
constexpr run_part validating{"validation is broken off, and the run writes its files", ""};
constexpr run_part testing{"the test set is broken off, and the run writes its files", ""};
constexpr run_part evaluating{"the evaluation is broken off, without a result", "before the test set was done; there is no result"};

std::string result_line(const test_result& test) {
    return "test accuracy " + fixed(test.figures.accuracy, 4) + " on " + counted(test.figures.rows, "picture", "pictures") + ", loss " +
           fixed(test.figures.loss, 4) + "\n";
}

// Training itself, with everything written after each epoch.
strata::history fit(strata::trainer& trainer, const strata::model& model, const options& options, const pictures& data,
                    const outputs& files) {
    progress line(options.epochs, options.quiet);
    const auto answer = [] { return was_interrupted() ? strata::flow::stop : strata::flow::go_on; };
    const auto on_batch = [&](const strata::batch_result& result) {
        line.batch(result);
        enter(result.step < result.steps || options.validation_split == 0 ? training : validating);
        return answer();
    };
    const auto on_validation = [&](const strata::evaluation&) { return answer(); };
    const auto on_epoch = [&](const strata::epoch_result& result) {
        enter(training);
        line.epoch(result);
        files.save_progress(trainer.history(), model);
        if (result.has_validation) {
            const std::string warning = statistics_warning(model, "validation");
            if (!warning.empty()) line.note(warning);
        }
        return answer();
    };
    enter(training);
    try {
        trainer.fit(data.train, {.epochs = options.epochs, .batch_size = options.batch_size, .validation_split = options.validation_split},
                    on_epoch, on_batch, on_validation);
    } catch (...) {
        line.finish();
        throw;
    }
    line.finish();
    return trainer.history();
}

std::string left_out(double seconds, bool training_stopped, const std::string& model) {
    return (training_stopped ? "The test set was left out, since it takes about " + duration(seconds)
                             : "The test set was broken off by " + std::string(interrupted_by())) +
           "; --evaluate " + model + " runs it.";
}

std::string not_finite(const test_result& test) {
    return "the model's outputs are not finite for " + std::to_string(test.non_finite_rows) + " of " +
           counted(test.figures.rows, "picture", "pictures") + " of the test set: its weights are NaN, infinite or much too large";
}

// Everything that a run leaves, also one that Ctrl-C stopped. First what is dear, then the test set, which may take a while.
int write_results(strata::model& model, const strata::history& history, const options& options, const pictures& data,
                  const outputs& files) {
    std::vector<std::string> notes;
    const bool stopped = was_interrupted();
    if (stopped)
        notes.push_back("The run was stopped by " + std::string(interrupted_by()) + " after " + counted(model.steps(), "step", "steps") +
                        ".");
    enter(testing);
    files.save_progress(history, model);
    files.save_settings(history, model, std::nullopt);
    files.save_report(history, model, std::nullopt, notes);
    double seconds_left = 0;
    const auto go_on = [&](double seconds) {
        seconds_left = seconds;
        return stopped ? seconds <= longest_test_after_interrupt : !was_interrupted();
    };
    const std::optional<test_result> test = run_on_test_set(model, data.test, options.batch_size, go_on);
    const bool failed = test && test->non_finite_rows > 0;
    if (failed) {
        notes.push_back(not_finite(*test));
    } else if (test) {
        for (const std::string& sentence : comparisons(options, data, false)) notes.push_back(sentence);
        if (!data.short_batches.empty()) notes.push_back(data.short_batches + ".");
        if (const std::string warning = statistics_warning(model, "test"); !warning.empty()) notes.push_back(warning);
        say((options.quiet ? "" : "\n") + result_line(*test));
    } else {
        notes.push_back(left_out(seconds_left, stopped, files.model_path()));
    }
    const std::optional<test_result> reported = failed ? std::nullopt : test;
    files.save_settings(history, model, reported);
    files.save_report(history, model, reported, notes);
    if (failed) throw strata::error(not_finite(*test) + " (" + files.model_path() + "); try a smaller learning rate, such as 0.001");
    if (!options.quiet)
        for (const std::string& sentence : notes) say("  " + wrapped(sentence, 2) + "\n");
    say("results\n" + files.list());
    return was_interrupted() ? 130 : 0;
}

// What is wrong with the file is said with the option that named it, and with what to give instead.
strata::loaded_model saved_model(const options& options, const chosen_device& chosen) {
    const auto named = [&](const std::string& what) { return what.starts_with(options.evaluate) ? "--evaluate " + what : what; };
    const auto advised = [](const std::string& what) {
        if (!what.starts_with("--evaluate ")) return what;
        const bool advises = what.find("; give ") != what.npos || what.find(": use ") != what.npos;
        return what + (advises ? "" : "; give a model.safetensors that the trainer wrote");
    };
    const auto load = [&](std::optional<strata::precision> precision) {
        return strata::load_model(options.evaluate, chosen.device, {.precision = precision, .operations = {}});
    };
    try {
        try {
            return load(options.precision);
        } catch (const strata::unsupported&) {
            if (options.precision) throw;
            return load(strata::precision::fp32);  // a model that was trained in what only other devices have
        }
    } catch (const strata::invalid_input& e) { throw strata::invalid_input(advised(named(e.what()))); } catch (const strata::io_error& e) {
        throw strata::io_error(named(e.what()));
    }
}

// In what the model computes here, and why where that is not what the file says.
std::string evaluated_in(const options& options, const strata::loaded_model& loaded) {
    const strata::precision here = loaded.model.options().precision;
    const std::string name = strata::name_of(here);
    if (options.precision || here == loaded.trained_in) return name;
    return name + " (the model was trained in " + strata::name_of(loaded.trained_in) + ", which this device does not compute in)";
}

}  // namespace

int train(const options& options) {
    const chosen_device chosen = open_device(options);
    check_directory(options);
    watch_for_interrupts();
    const pictures data = load_pictures(options);
    const row_counts rows = count_rows(options, data);
    stop_if_interrupted();

    const strata::program network = strata::alexnet_cifar_program(options.width);
    const strata::program_view program = network.view();
    const timing times = options.quiet || options.epochs == 0 ? timing{} : time_steps(program, chosen, options, data);
    stop_if_interrupted();
    const std::string directory = make_directory(options);
    if (!options.quiet)
        say("strata " STRATA_VERSION_STRING " trains AlexNet on CIFAR-10\n\n" +
            text_of(plan{options, chosen, data, rows, times, program, directory}) + "\n" + strata::summary(program).text() + "\n");

    strata::model model(program, chosen.device, {.conventions = options.meaning(), .precision = chosen.precision, .seed = options.seed});
    strata::trainer trainer(model, strata::adam{.learning_rate = static_cast<float>(options.learning_rate)});
    const outputs files(directory, options, chosen, data, rows);
    files.save_settings({}, model, std::nullopt);
    strata::history history;
    try {
        history = fit(trainer, model, options, data, files);
    } catch (const strata::non_finite_loss& e) {
        std::fprintf(stderr, "train_cifar10: %s. The epochs before, the model and report.html are in %s\n", e.what(), directory.c_str());
        history = trainer.history();
        files.save_progress(history, model);
        files.save_settings(history, model, std::nullopt);
        files.save_report(history, model, std::nullopt, {std::string(e.what()) + "."});
        return 1;
    }

    return write_results(model, history, options, data, files);
}

int evaluate(const options& options) {
    const chosen_device chosen = open_device(options);
    watch_for_interrupts();
    enter(evaluating);
    strata::loaded_model loaded = saved_model(options, chosen);
    const strata::shape input = loaded.model.program().input_shape();
    if (input != strata::shape{32, 32, 3} || loaded.model.classes() != 10)
        throw strata::invalid_input("--evaluate " + options.evaluate + ": the network takes pictures of " + std::to_string(input.height) +
                                    " x " + std::to_string(input.width) + " x " + std::to_string(input.channels) + " and tells " +
                                    std::to_string(loaded.model.classes()) + " classes apart; CIFAR-10 has 32 x 32 x 3 and 10");
    const pictures data = load_pictures(options, true);
    stop_if_interrupted();
    strata::dataset_view rows = data.test;
    rows.input = loaded.input;
    if (!options.quiet)
        say("device    " + chosen.device.name() + "\n          " + wrapped("chosen because " + chosen.reason, 10) + "\ndata      " +
            data.source + ": " + counted(rows.rows(), "test row", "test rows") +
            (data.short_batches.empty() ? "" : "\nnote      " + wrapped(data.short_batches, 10)) + "\nmodel     " + options.evaluate +
            ": " + grouped(loaded.model.program().parameter_count()) + " parameters, " + counted(loaded.model.steps(), "step", "steps") +
            " trained, written by strata " + loaded.version + "\nprecision " + wrapped(evaluated_in(options, loaded), 10) + "\n" +
            (chosen.kernels.empty() ? "" : "tuning    " + wrapped(chosen.kernels, 10) + "\n") + "\n");
    const auto result = run_on_test_set(loaded.model, rows, options.batch_size, [](double) { return !was_interrupted(); });
    if (!result) stop_if_interrupted();
    const test_result& test = result.value();
    if (test.non_finite_rows > 0)
        throw strata::error("--evaluate " + options.evaluate + ": " + not_finite(test) + "; evaluate another model");
    say(result_line(test));
    if (!options.quiet) {
        for (const std::string& sentence : comparisons(options, data, true)) say("  " + wrapped(sentence, 2) + "\n");
        const std::string warning = statistics_warning(loaded.model, "test");
        if (!warning.empty()) say("  " + wrapped(warning, 2) + "\n");
        say("\nclass       rows  precision  recall      F1\n");
        for (int i = 0; i < test.confusion.classes(); ++i) {
            std::string name = data.test.class_names[static_cast<std::size_t>(i)];
            name.resize(10, ' ');
            char figures[64];
            std::snprintf(figures, sizeof figures, " %5lld     %6.3f  %6.3f  %6.3f\n", static_cast<long long>(test.confusion.labelled(i)),
                          test.confusion.precision(i), test.confusion.recall(i), test.confusion.f1(i));
            say(name + figures);
        }
    }
    return was_interrupted() ? 130 : 0;
}

}  // namespace train_cifar10
