// SPDX-License-Identifier: MIT
// Trains the tutorial's network on the first rows of CIFAR-10 and appends one row per seed to a CSV file with the columns of
// bench/parity/keras.csv, which bench/parity/compare.py compares. Seeds that the file already has are left out.
//   accuracy DIR OUT.csv [--width 0.25] [--limit 10000] [--epochs 15] [--batch-size 32] [--seeds 5] [--threads 1]
//            [--first-seed 1] [--conventions keras|torch]
#include <strata/cpu.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include "arguments.hpp"

namespace {

const char* const columns =
    "framework,version,seed,width,rows,epochs,batch_size,loss,accuracy,val_loss,val_accuracy,final_val_accuracy,test_loss,test_accuracy,"
    "seconds";

struct setting {
    std::string version, out;
    strata::conventions conventions;
    double width;
    int epochs, batch_size;
};

std::string fixed(double value, int digits = 5) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

// One number per epoch, separated by spaces.
std::string joined(const std::vector<double>& values) {
    std::string text;
    for (const double value : values) text += (text.empty() ? "" : " ") + fixed(value);
    return text;
}

// "1,0.25,10000,15,32": what tells a run apart.
std::string key_of(const setting& s, int seed, long long rows) {
    char text[128];
    std::snprintf(text, sizeof text, "%d,%g,%lld,%d,%d", seed, s.width, rows, s.epochs, s.batch_size);
    return text;
}

bool has_run(const setting& s, const std::string& key) {
    std::ifstream file(s.out);
    for (std::string line; std::getline(file, line);)
        if (line.rfind("strata," + s.version + "," + key + ",", 0) == 0) return true;
    return false;
}

void append(const std::string& path, const std::string& row) {
    const bool fresh = !std::ifstream(path);
    std::ofstream file(path, std::ios::app);
    if (fresh) file << columns << '\n';
    if (!(file << row << '\n' << std::flush)) throw strata::io_error(path + ": cannot be written; give another file");
}

void run_seed(const setting& s, const strata::device& device, const strata::dataset& train, const strata::dataset& test, int seed) {
    const std::string key = key_of(s, seed, train.rows());
    if (has_run(s, key)) {
        std::printf("seed %d: already in %s\n", seed, s.out.c_str());
        return;
    }
    const auto began = std::chrono::steady_clock::now();
    strata::model model(strata::alexnet_cifar_program(s.width).view(), device,
                        {.conventions = s.conventions, .seed = static_cast<std::uint64_t>(seed)});
    strata::trainer trainer(model, strata::adam{.learning_rate = 1e-3f});
    const strata::history h =
        trainer.fit(train, {.epochs = s.epochs, .batch_size = s.batch_size, .validation_split = 0.2}, [&](const strata::epoch_result& e) {
            std::printf("seed %d, epoch %d: loss %.4f accuracy %.4f, val_loss %.4f val_accuracy %.4f, %.1f s\n", seed, e.epoch + 1, e.loss,
                        e.accuracy, e.val_loss, e.val_accuracy, e.seconds);
            std::fflush(stdout);
            return strata::flow::go_on;
        });
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    const strata::evaluation tested = trainer.evaluate(test, s.batch_size);
    append(s.out, "strata," + s.version + "," + key + "," + joined(h.loss()) + "," + joined(h.accuracy()) + "," + joined(h.val_loss()) +
                      "," + joined(h.val_accuracy()) + "," + fixed(h.epochs.back().val_accuracy) + "," + fixed(tested.loss) + "," +
                      fixed(tested.accuracy) + "," + fixed(seconds, 1));
    std::printf("seed %d: test accuracy %.4f, %.1f s\n", seed, tested.accuracy, seconds);
    std::fflush(stdout);
}

void run(const bench::arguments& given) {
    if (given.words().size() != 2) bench::arguments::stop("give the folder of the binary CIFAR-10 files, and the CSV file to append to");
    const bool torch = given.text("conventions", "keras") == "torch";
    const setting s{.version = torch ? STRATA_VERSION_STRING " torch conventions" : STRATA_VERSION_STRING,
                    .out = given.words()[1],
                    .conventions = torch ? strata::conventions::torch : strata::conventions::keras,
                    .width = given.number("width", 0.25),
                    .epochs = given.integer("epochs", 15),
                    .batch_size = given.integer("batch-size", 32)};
    if (s.epochs < 1) bench::arguments::stop("--epochs: give at least 1");
    const strata::dataset train = strata::cifar10::load_train(given.words()[0], given.integer("limit", 10000));
    const strata::dataset test = strata::cifar10::load_test(given.words()[0]);
    const strata::device device = strata::cpu::open({.threads = given.integer("threads", 1)});
    const int last = given.integer("seeds", 5);
    for (int seed = given.integer("first-seed", 1); seed <= last; ++seed) run_seed(s, device, train, test, seed);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        run({argc, argv, {"width", "limit", "epochs", "batch-size", "seeds", "first-seed", "threads", "conventions"}, 2});
    } catch (const strata::invalid_input& e) { bench::arguments::stop(e.what()); } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
