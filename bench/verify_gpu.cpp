// SPDX-License-Identifier: MIT
// What strata believes of a GPU, settled on one: the register of assumptions, a training step beside the CPU's, determinism, engines tuned
// inside the captured step, and times in each precision. Writes one Markdown record with the device's name and, beside it, the tuned
// plans; exit code 1 when something does not hold.
//   verify_gpu RECORD.md [--data DIR] [--rows 40000] [--epochs 15] [--batch-size 128] [--width 1.0] [--steps 200] [--candidates 4]
//              [--tuning-steps 50]
// DIR holds the binary CIFAR-10 files; without it the pictures are random, and accuracies mean nothing. --candidates 1 tunes nothing.
#include "arguments.hpp"
#include "verification/assumptions.hpp"
#include "verification/steps.hpp"
#include "verification/tuning.hpp"

#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

namespace {

using namespace strata;
using namespace verification;

dataset random_pictures(std::int64_t rows) {
    dataset d{.picture = {32, 32, 3}, .bytes = {}, .labels = {}, .class_names = std::vector<std::string>(10)};
    for (int k = 0; k < 10; ++k) d.class_names[static_cast<std::size_t>(k)] = std::to_string(k);
    const random_stream draw{.seed = 5, .purpose = random_purpose::user};
    for (std::int64_t i = 0; i < rows * d.picture.size(); ++i)
        d.bytes.push_back(static_cast<std::uint8_t>(draw.word(static_cast<std::uint64_t>(i)) >> 24));
    for (std::int64_t i = 0; i < rows; ++i) d.labels.push_back(static_cast<std::int32_t>(i % 10));
    return d;
}

// One line of a Markdown table.
std::string cell(std::string value) {
    for (char& c : value)
        if (c == '\n' || c == '|') c = ' ';
    return value;
}

bool write_register(std::ofstream& out, const settings& s) {
    out << "## What strata relies on\n\n| name | assumption | holds | measured |\n|---|---|---|---|\n";
    bool all = true;
    for (const assumption& a : register_of_assumptions()) {
        outcome o{false, ""};
        try {
            o = a.settle(s);
        } catch (const std::exception& e) { o.measured = e.what(); }
        std::printf("%-22s %s (%s)\n", a.name, o.holds ? "holds" : "DOES NOT HOLD", o.measured.c_str());
        out << "| " << a.name << " | " << a.what << " | " << (o.holds ? "yes" : "**no**") << " | " << cell(o.measured) << " |\n"
            << std::flush;
        all = all && o.holds;
    }
    return all;
}

bool write_steps(std::ofstream& out, const settings& s, const device& gpu) {
    out << "\n## One step beside the CPU\n\nThe same initial values and rows, batch " << s.batch_size
        << "; the largest norm-relative distance over all variables.\n\n| precision | loss | gradients | moving statistics "
           "|\n|---|---|---|---|\n";
    const program p = alexnet_cifar_program(s.width);
    const dataset_view data = first_of(s.train, s.batch_size);
    const step_values wanted = steps_of(p, cpu::open(), data, precision::fp32);
    bool good = true;
    for (const precision how : precisions) {
        if (!gpu.supports(how)) continue;
        const step_values found = steps_of(p, gpu, data, how);
        const double gradients = distance(found.gradients, wanted.gradients);
        out << "| " << name_of(how) << " | " << text(found.loss - wanted.loss) << " | " << text(gradients) << " | "
            << text(distance(found.statistics, wanted.statistics)) << " |\n";
        std::printf("one step, %s: gradients differ from the CPU's by %s\n", name_of(how), text(gradients).c_str());
        good = good && (how != precision::fp32 || gradients < 1e-3);
    }
    return good;
}

bool write_determinism(std::ofstream& out, const settings& s, const device& gpu) {
    out << "\n## Determinism\n\nTen steps, twice from the same seed.\n\n| precision | as it is | deterministic |\n|---|---|---|\n";
    const program p = alexnet_cifar_program(s.width);
    const dataset_view data = first_of(s.train, s.batch_size);
    bool good = true;
    for (const precision how : precisions) {
        if (!gpu.supports(how)) continue;
        out << "| " << name_of(how);
        for (const bool asked : {false, true}) {
            const device on = cuda::open({.deterministic = asked});
            const bool same = steps_of(p, on, data, how, 10) == steps_of(p, on, data, how, 10);
            out << " | " << (same ? "the same bits" : asked ? "**other bits**" : "other bits");
            std::printf("%s%s: twice the same training gives %s bits\n", name_of(how), asked ? ", deterministic" : "",
                        same ? "the same" : "other");
            good = good && (same || !asked);
        }
        out << " |\n";
    }
    return good;
}

// Tunes, and holds a step with the tuned engines against one with the heuristics'.
bool write_tuning(std::ofstream& out, const settings& s, const device& gpu) {
    if (s.candidates < 2) {
        out << "\n## Tuned engines\n\nNone were timed (--candidates).\n";
        return true;
    }
    out << "\n## Tuned engines\n\nFor each operation of a training step, batch " << s.batch_size << ", up to " << s.candidates
        << " engines inside the captured step; milliseconds of the whole step, by events over " << s.tuning_steps
        << " steps. What was chosen is in `" << s.plans.substr(s.plans.rfind('/') + 1) << "`: give it as `cuda::options::tuned_plans`.\n";
    const program p = alexnet_cifar_program(s.width);
    const dataset_view data = first_of(s.train, s.batch_size);
    cuda::tuned_plans table;
    bool good = true;
    for (const precision how : precisions) {
        if (!gpu.supports(how)) continue;
        std::printf("tuning %s\n", name_of(how));
        const tuning found = tuner(p, s, how, table).run();
        const step_values tuned = steps_of(p, cuda::open({.tuned_plans = s.plans}), data, how), plain = steps_of(p, gpu, data, how);
        const double gradients = distance(tuned.gradients, plain.gradients);
        out << "\n"
            << name_of(how) << ": " << text(found.before) << " ms a step before, " << text(found.after)
            << " ms after; the gradients of a step differ by " << text(gradients) << ".\n\n| operation | tried | chosen |\n|---|---|---|\n";
        for (const tuned_operation& o : found.operations) {
            out << "| " << cell(o.what) << " | ";
            for (std::size_t i = 0; i < o.tried.size(); ++i) out << (i == 0 ? "" : "; ") << cell(o.tried[i]);
            out << " | " << (o.chosen == 0 ? "as offered" : cell(o.tried[o.chosen])) << " |\n";
        }
        out << std::flush;
        std::printf("%s: %s ms a step before, %s after; gradients differ by %s\n", name_of(how), text(found.before).c_str(),
                    text(found.after).c_str(), text(gradients).c_str());
        good = good && gradients < (how == precision::fp32 ? 1e-3 : how == precision::tf32 ? 0.05 : 0.4);
    }
    return good;
}

struct timing {
    double step_ms = 0, tuned_ms = 0, epoch_seconds = 0, all_seconds = 0, accuracy = 0, loss = 0;
};

timing time_training(const settings& s, precision how) {
    timing found;
    const program p = alexnet_cifar_program(s.width);
    const cuda::options tuned{.tuned_plans = s.candidates < 2 ? "" : s.plans};
    found.step_ms = step_ms(p, s, how, {}, s.steps);
    found.tuned_ms = s.candidates < 2 ? found.step_ms : step_ms(p, s, how, tuned, s.steps);
    model m(p.view(), cuda::open(tuned), {.precision = how});
    trainer t(m);
    const history h = t.fit(s.train, {.epochs = s.epochs, .batch_size = s.batch_size, .validation_split = 0.2});
    for (const epoch_result& e : h.epochs) found.all_seconds += e.seconds;
    found.epoch_seconds = h.epochs.back().seconds;
    const evaluation e = t.evaluate(s.test, s.batch_size);
    found.accuracy = e.accuracy;
    found.loss = e.loss;
    return found;
}

void write_times(std::ofstream& out, const settings& s, const device& gpu) {
    out << "\n## Times\n\nBatch " << s.batch_size << ", " << s.train.rows() << " rows of which a fifth validates. Steps by events, over "
        << s.steps << " steps, with the engines that the heuristics offer and with the tuned ones; epochs by the clock, everything "
        << "included, tuned.\n\n| precision | step, ms | tuned step, ms | last epoch, s | " << s.epochs
        << " epochs, s | test loss | test accuracy |\n|---|---|---|---|---|---|---|\n";
    for (const precision how : precisions) {
        if (!gpu.supports(how)) continue;
        const timing t = time_training(s, how);
        out << "| " << name_of(how) << " | " << text(t.step_ms) << " | " << text(t.tuned_ms) << " | " << text(t.epoch_seconds) << " | "
            << text(t.all_seconds) << " | " << text(t.loss, "%.4f") << " | " << text(t.accuracy, "%.4f") << " |\n"
            << std::flush;
        std::printf("%s: %s ms a step, tuned %s ms, test accuracy %s\n", name_of(how), text(t.step_ms).c_str(), text(t.tuned_ms).c_str(),
                    text(t.accuracy, "%.4f").c_str());
    }
    if (!s.real) out << "\nThe pictures are random: losses and accuracies mean nothing.\n";
}

// "record.md" -> "record.plans"
std::string plans_beside(const std::string& record) {
    const std::size_t dot = record.rfind('.'), slash = record.rfind('/');
    return (dot == record.npos || (slash != record.npos && dot < slash) ? record : record.substr(0, dot)) + ".plans";
}

int run(const bench::arguments& given) {
    if (given.words().size() != 1) bench::arguments::stop("give the Markdown file to write");
    const std::string directory = given.text("data", "");
    const int rows = given.integer("rows", 40000);
    settings s{.width = given.number("width", 1),
               .epochs = given.integer("epochs", 15),
               .batch_size = given.integer("batch-size", 128),
               .steps = given.integer("steps", 200),
               .candidates = given.integer("candidates", 4),
               .tuning_steps = given.integer("tuning-steps", 50),
               .plans = plans_beside(given.words()[0]),
               .train = directory.empty() ? random_pictures(rows) : cifar10::load_train(directory, rows),
               .test = directory.empty() ? random_pictures(rows / 4 + 1) : cifar10::load_test(directory),
               .real = !directory.empty()};
    if (s.epochs < 1 || s.batch_size < 1 || s.steps < 1 || s.candidates < 1 || s.tuning_steps < 1)
        bench::arguments::stop("--epochs, --batch-size, --steps, --candidates and --tuning-steps: give at least 1");
    const device gpu = cuda::open();
    std::ofstream out(given.words()[0]);
    if (!out) throw io_error(given.words()[0] + ": cannot be written; give another file");
    std::printf("%s\n", gpu.name().c_str());
    out << "# " << cuda::properties_of(0).name << "\n\n"
        << gpu.name() << "; strata " << STRATA_VERSION_STRING << ", AlexNet at width " << text(s.width) << "\n\n";
    bool good = write_register(out, s);
    good = write_steps(out, s, gpu) && good;
    good = write_determinism(out, s, gpu) && good;
    good = write_tuning(out, s, gpu) && good;
    write_times(out, s, gpu);
    if (!(out << std::flush)) throw io_error(given.words()[0] + ": could not be written; is the disk full?");
    return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run({argc, argv, {"data", "rows", "epochs", "batch-size", "width", "steps", "candidates", "tuning-steps"}, 1});
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
