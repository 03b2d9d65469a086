// SPDX-License-Identifier: MIT
// What strata believes of a GPU, settled on one: the register of assumptions, a training step beside the CPU's, determinism, and times
// in each precision. Writes one Markdown record with the device's name; exit code 1 when something does not hold.
//   verify_gpu RECORD.md [--data DIR] [--rows 40000] [--epochs 15] [--batch-size 128] [--width 1.0] [--steps 200]
// DIR holds the binary CIFAR-10 files; without it the pictures are random, and accuracies mean nothing.
#include <strata/backend/cuda/executor.hpp>
#include <strata/backend/cuda/runtime/device.hpp>
#include <strata/cpu.hpp>
#include <strata/cuda.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "arguments.hpp"

namespace {

using namespace strata;

struct settings {
    double width;
    int epochs, batch_size, steps;
    dataset train, test;
    bool real;
};

std::string text(double value, const char* format = "%.3g") {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, format, value);
    return buffer;
}

dataset random_pictures(std::int64_t rows) {
    dataset d{.picture = {32, 32, 3}, .bytes = {}, .labels = {}, .class_names = std::vector<std::string>(10)};
    for (int k = 0; k < 10; ++k) d.class_names[static_cast<std::size_t>(k)] = std::to_string(k);
    const random_stream draw{.seed = 5, .purpose = random_purpose::user};
    for (std::int64_t i = 0; i < rows * d.picture.size(); ++i)
        d.bytes.push_back(static_cast<std::uint8_t>(draw.word(static_cast<std::uint64_t>(i)) >> 24));
    for (std::int64_t i = 0; i < rows; ++i) d.labels.push_back(static_cast<std::int32_t>(i % 10));
    return d;
}

dataset_view first_of(const dataset& d, std::int64_t rows) { return d.view().slice(0, std::min(rows, d.rows())); }

// ---- one step, and what it leaves

struct step_values {
    double loss = 0;
    std::vector<std::vector<float>> gradients, statistics, parameters;
};

std::vector<std::vector<float>> values_of(model& m, state which) {
    std::vector<std::vector<float>> all;
    for (const variable& v : which == state::statistic ? m.program().statistics : m.program().parameters) {
        std::vector<float> values(static_cast<std::size_t>(v.size()));
        m.executor().read(which, all.size(), values);
        all.push_back(std::move(values));
    }
    return all;
}

// Steps on the first rows, from initial values that depend on the seed alone.
step_values steps_of(const program& p, const device& on, const dataset_view& data, precision how, int steps = 1) {
    model m(p.view(), on, {.precision = how, .seed = 3});
    trainer t(m);
    step_values found;
    for (int i = 0; i < steps; ++i) found.loss = static_cast<double>(t.train_step(data).loss);
    found.gradients = values_of(m, state::gradient);
    found.statistics = values_of(m, state::statistic);
    found.parameters = values_of(m, state::parameter);
    return found;
}

// The largest || found - wanted || / || wanted || over the variables that have a gradient worth the name.
double distance(const std::vector<std::vector<float>>& found, const std::vector<std::vector<float>>& wanted) {
    double all = 0, worst = 0;
    for (const auto& v : wanted) all = std::max(all, std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0)));
    for (std::size_t i = 0; i < found.size(); ++i) {
        double difference = 0, size = 0;
        for (std::size_t j = 0; j < found[i].size(); ++j) {
            const double d = static_cast<double>(found[i][j]) - static_cast<double>(wanted[i][j]);
            difference += d * d;
            size += static_cast<double>(wanted[i][j]) * static_cast<double>(wanted[i][j]);
        }
        // A bias before batch norm has no gradient but rounding.
        if (std::sqrt(size) > 1e-5 * all) worst = std::max(worst, std::sqrt(difference / size));
    }
    return worst;
}

// ---- the register of assumptions: what the documentation does not say and strata relies on

struct outcome {
    bool holds;
    std::string measured;
};
struct assumption {
    const char* name;
    const char* what;
    std::function<outcome(const settings&)> settle;
};

program pooled(bool tie) {
    program p({9, 9, 2});
    tensor x = p.input();
    if (!tie) x = build::conv2d(p, x, {.filters = 4, .win = same(3)});
    x = build::conv2d(p, x, {.filters = 4, .win = valid(1), .use_bias = tie});
    x = build::max_pool2d(p, x, valid(3, 2));
    build::dense(p, build::flatten(p, x), {.units = 3});
    p.check();
    return p;
}

dataset_view tiny_data(bool constant) {
    static std::vector<float> floats;
    static const std::vector<std::int32_t> labels{0, 1, 2, 1};
    floats.clear();
    const random_stream draw{.seed = 6, .purpose = random_purpose::user};
    for (std::uint64_t i = 0; i < 4 * 9 * 9 * 2; ++i) floats.push_back(constant ? 1.0f : draw.uniform(i) - 0.5f);
    return view_of({9, 9, 2}, 3, floats, labels);
}

outcome against_cpu(const program& p, const dataset_view& data, double tolerance) {
    const step_values gpu = steps_of(p, cuda::open(), data, precision::fp32), cpu_values = steps_of(p, cpu::open(), data, precision::fp32);
    const double worst = std::max(distance(gpu.gradients, cpu_values.gradients), distance(gpu.statistics, cpu_values.statistics));
    return {worst < tolerance, "gradients and statistics differ from the CPU's by " + text(worst)};
}

const std::vector<assumption>& register_of_assumptions() {
    static const std::vector<assumption> list{
        {"pool_index", "the int8 index that max pooling writes forward is what its backward reads",
         [](const settings&) { return against_cpu(pooled(false), tiny_data(false), 1e-4); }},
        {"pool_ties", "where several values of a window are the largest, the gradient goes to one of them: its sum is kept",
         [](const settings&) {
             // The bias before the pooling: its gradient is the sum, whichever value takes it.
             return against_cpu(pooled(true), tiny_data(true), 1e-4);
         }},
        {"capture", "every chosen engine can be captured, and a captured step gives the bits of an enqueued one",
         [](const settings& s) {
             const program p = alexnet_cifar_program(s.width);
             const dataset_view data = first_of(s.train, s.batch_size);
             const step_values captured = steps_of(p, cuda::open({.deterministic = true}), data, precision::fp32, 3);
             const step_values enqueued = steps_of(p, cuda::open({.capture = false, .deterministic = true}), data, precision::fp32, 3);
             const bool same = captured.parameters == enqueued.parameters && captured.statistics == enqueued.statistics;
             return outcome{same, same ? "three steps: the same bits" : "three steps: other bits"};
         }},
        {"no_allocation", "engines allocate no device memory once they were run",
         [](const settings& s) {
             model m(alexnet_cifar_program(s.width).view(), cuda::open(), {});
             trainer t(m);
             const dataset_view data = first_of(s.train, 8 * s.batch_size);
             t.fit(data, {.epochs = 1, .batch_size = s.batch_size});
             const std::int64_t before = cuda::free_memory();
             t.fit(data, {.epochs = 2, .batch_size = s.batch_size});
             const std::int64_t used = before - cuda::free_memory();
             return outcome{used <= 0, std::to_string(used) + " bytes more after two epochs"};
         }},
        {"strict_fp32", "engines without the notes TENSOR_CORE and DOWN_CONVERT_INPUTS round no input: fp32 is not TF32",
         [](const settings& s) { return against_cpu(alexnet_cifar_program(s.width), first_of(s.train, 32), 1e-3); }},
        {"bias_gradient", "the sums that cuBLASLt writes beside a product are those over all rows of the batch",
         [](const settings&) {
             program p({3, 3, 2});
             build::dense(p, build::relu(p, build::dense(p, build::flatten(p, p.input()), {.units = 33})), {.units = 3});
             p.check();
             std::vector<float> floats(5 * 18);
             for (std::size_t i = 0; i < floats.size(); ++i) floats[i] = static_cast<float>(i % 7) - 3;
             const std::vector<std::int32_t> labels{0, 1, 2, 0, 1};
             return against_cpu(p, view_of({3, 3, 2}, 3, floats, labels), 1e-5);
         }},
    };
    return list;
}

// ---- times

struct timing {
    double step_ms = 0, epoch_seconds = 0, all_seconds = 0, accuracy = 0, loss = 0;
};

timing time_training(const settings& s, precision how) {
    timing found;
    const program p = alexnet_cifar_program(s.width);
    {
        model m(p.view(), cuda::open(), {.precision = how});
        auto& executor = dynamic_cast<cuda::executor&>(m.executor());
        executor.configure(adam{}, {});
        const auto data = executor.load(s.train.view());
        std::vector<std::int64_t> rows;
        for (int i = 0; i < (s.steps + 20) * s.batch_size; ++i) rows.push_back(i % s.train.rows());
        const float rate = 1e-3f;
        executor.begin_epoch(*data, {.rows = rows, .batch_size = s.batch_size, .learning_rates = {&rate, 1}});
        const cuda::event begin(cuda::event_timing::on), end(cuda::event_timing::on);
        step_result result;
        for (int i = 0; i < s.steps + 20; ++i) {
            if (i == 20) begin.record(executor.on());
            executor.step();
            while (executor.collect(result, false)) {}
        }
        end.record(executor.on());
        while (executor.collect(result, true)) {}
        end.synchronize();
        found.step_ms = static_cast<double>(end.milliseconds_since(begin)) / s.steps;
    }
    model m(p.view(), cuda::open(), {.precision = how});
    trainer t(m);
    const history h = t.fit(s.train, {.epochs = s.epochs, .batch_size = s.batch_size, .validation_split = 0.2});
    for (const epoch_result& e : h.epochs) found.all_seconds += e.seconds;
    found.epoch_seconds = h.epochs.back().seconds;
    const evaluation e = t.evaluate(s.test, s.batch_size);
    found.accuracy = e.accuracy;
    found.loss = e.loss;
    return found;
}

// ---- the record

bool write_register(std::ofstream& out, const settings& s) {
    out << "## What strata relies on\n\n| name | assumption | holds | measured |\n|---|---|---|---|\n";
    bool all = true;
    for (const assumption& a : register_of_assumptions()) {
        outcome o{false, ""};
        try {
            o = a.settle(s);
        } catch (const std::exception& e) { o.measured = e.what(); }
        std::printf("%-16s %s (%s)\n", a.name, o.holds ? "holds" : "DOES NOT HOLD", o.measured.c_str());
        out << "| " << a.name << " | " << a.what << " | " << (o.holds ? "yes" : "**no**") << " | " << o.measured << " |\n";
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
    for (const precision how : {precision::fp32, precision::tf32, precision::bf16}) {
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

void write_times(std::ofstream& out, const settings& s, const device& gpu) {
    out << "\n## Times\n\nBatch " << s.batch_size << ", " << s.train.rows() << " rows of which a fifth validates. Steps by events, over "
        << s.steps << " steps; epochs by the clock, everything included.\n\n| precision | step, ms | last epoch, s | " << s.epochs
        << " epochs, s | test loss | test accuracy |\n|---|---|---|---|---|---|\n";
    for (const precision how : {precision::fp32, precision::tf32, precision::bf16}) {
        if (!gpu.supports(how)) continue;
        const timing t = time_training(s, how);
        out << "| " << name_of(how) << " | " << text(t.step_ms) << " | " << text(t.epoch_seconds) << " | " << text(t.all_seconds) << " | "
            << text(t.loss, "%.4f") << " | " << text(t.accuracy, "%.4f") << " |\n";
        std::printf("%s: %s ms a step, test accuracy %s\n", name_of(how), text(t.step_ms).c_str(), text(t.accuracy, "%.4f").c_str());
    }
    if (!s.real) out << "\nThe pictures are random: losses and accuracies mean nothing.\n";
}

int run(const bench::arguments& given) {
    if (given.words().size() != 1) bench::arguments::stop("give the Markdown file to write");
    const std::string directory = given.text("data", "");
    const int rows = given.integer("rows", 40000);
    settings s{.width = given.number("width", 1),
               .epochs = given.integer("epochs", 15),
               .batch_size = given.integer("batch-size", 128),
               .steps = given.integer("steps", 200),
               .train = directory.empty() ? random_pictures(rows) : cifar10::load_train(directory, rows),
               .test = directory.empty() ? random_pictures(rows / 4 + 1) : cifar10::load_test(directory),
               .real = !directory.empty()};
    if (s.epochs < 1 || s.batch_size < 1 || s.steps < 1) bench::arguments::stop("--epochs, --batch-size and --steps: give at least 1");
    const device gpu = cuda::open();
    std::ofstream out(given.words()[0]);
    if (!out) throw io_error(given.words()[0] + ": cannot be written; give another file");
    std::printf("%s\n", gpu.name().c_str());
    out << "# " << cuda::properties_of(0).name << "\n\n"
        << gpu.name() << "; strata " << STRATA_VERSION_STRING << ", AlexNet at width " << text(s.width) << "\n\n";
    const bool holds = write_register(out, s), equal = write_steps(out, s, gpu);
    write_times(out, s, gpu);
    if (!(out << std::flush)) throw io_error(given.words()[0] + ": could not be written; is the disk full?");
    return holds && equal ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run({argc, argv, {"data", "rows", "epochs", "batch-size", "width", "steps"}, 1});
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
