// SPDX-License-Identifier: MIT
// The accuracy run beside Keras and PyTorch (bench/parity): the tutorial's network at a width, on the first rows of CIFAR-10, several
// seeds; appends one row per seed to a CSV file with the columns of bench/parity/README.md. Seeds that are there are left out.
//   accuracy DIR OUT.csv [--width W] [--limit N] [--epochs E] [--batch-size B] [--seeds S] [--threads T] [--conventions keras|torch]
#include <strata/cpu.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct settings {
    std::string directory, out;
    double width = 0.25;
    std::int64_t limit = 10000;
    int epochs = 15, batch_size = 32, seeds = 5, threads = 0;
    bool torch = false;
};

bool parse(int argc, char** argv, settings& s) {
    std::vector<std::string> places;
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        if (!name.starts_with("--")) {
            places.emplace_back(name);
            continue;
        }
        if (++i == argc) return false;
        const char* value = argv[i];
        if (name == "--width") s.width = std::atof(value);
        else if (name == "--limit") s.limit = std::atoll(value);
        else if (name == "--epochs") s.epochs = std::atoi(value);
        else if (name == "--batch-size") s.batch_size = std::atoi(value);
        else if (name == "--seeds") s.seeds = std::atoi(value);
        else if (name == "--threads") s.threads = std::atoi(value);
        else if (name == "--conventions") s.torch = std::string_view(value) == "torch";
        else return false;
    }
    if (places.size() != 2) return false;
    s.directory = places[0];
    s.out = places[1];
    return true;
}

std::string joined(const std::vector<double>& values) {
    std::string text;
    for (const double value : values) {
        char number[32];
        std::snprintf(number, sizeof number, "%s%.5f", text.empty() ? "" : " ", value);
        text += number;
    }
    return text;
}

bool has_seed(const std::string& path, int seed) {
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
        const auto second = line.find(',', line.find(',') + 1);
        if (second != std::string::npos && line.compare(second + 1, line.find(',', second + 1) - second - 1, std::to_string(seed)) == 0)
            return true;
    }
    return false;
}

void run(const settings& s, int seed, const strata::dataset& train, const strata::dataset& test, const strata::device& device) {
    const auto begin = std::chrono::steady_clock::now();
    const strata::program network = strata::alexnet_cifar_program(s.width);
    strata::model model(
        network.view(), device,
        {.conventions = s.torch ? strata::conventions::torch : strata::conventions::keras, .seed = static_cast<std::uint64_t>(seed)});
    strata::trainer trainer(model, strata::adam{});
    const strata::history history =
        trainer.fit(train, {.epochs = s.epochs, .batch_size = s.batch_size, .validation_split = 0.2}, [&](const strata::epoch_result& e) {
            std::printf("seed %d epoch %d: loss %.4f accuracy %.4f val_accuracy %.4f\n", seed, e.epoch + 1, e.loss, e.accuracy,
                        e.val_accuracy);
            std::fflush(stdout);
            return strata::flow::go_on;
        });
    const strata::evaluation result = trainer.evaluate(test, s.batch_size);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const bool fresh = !std::ifstream(s.out).good();
    std::ofstream out(s.out, std::ios::app);
    if (fresh)
        out << "framework,version,seed,width,rows,epochs,batch_size,loss,accuracy,val_loss,val_accuracy,final_val_accuracy,"
               "test_loss,test_accuracy,seconds\n";
    out << "strata," << STRATA_VERSION_STRING << (s.torch ? " torch conventions" : "") << ',' << seed << ',' << s.width << ','
        << train.rows() << ',' << s.epochs << ',' << s.batch_size << ',' << joined(history.loss()) << ',' << joined(history.accuracy())
        << ',' << joined(history.val_loss()) << ',' << joined(history.val_accuracy()) << ',' << history.val_accuracy().back() << ','
        << result.loss << ',' << result.accuracy << ',' << seconds << '\n';
    std::printf("seed %d: test accuracy %.4f\n", seed, result.accuracy);
}

}  // namespace

int main(int argc, char** argv) try {
    settings s;
    if (!parse(argc, argv, s)) {
        std::fprintf(stderr,
                     "usage: accuracy DIR OUT.csv [--width W] [--limit N] [--epochs E] [--batch-size B] [--seeds S] [--threads T]\n");
        return 2;
    }
    const strata::dataset train = strata::cifar10::load_train(s.directory, s.limit);
    const strata::dataset test = strata::cifar10::load_test(s.directory);
    const strata::device device = strata::cpu::open({.threads = s.threads});
    for (int seed = 1; seed <= s.seeds; ++seed) {
        if (!has_seed(s.out, seed)) run(s, seed, train, test, device);
    }
    return 0;
} catch (const strata::error& e) {
    std::fprintf(stderr, "accuracy: %s\n", e.what());
    return 1;
}
