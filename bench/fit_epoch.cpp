// SPDX-License-Identifier: MIT
// Times whole epochs of fit() on the tutorial's network: shuffle, batches, forward, backward, Adam, running metrics, validation on the
// last 20 %. Prints one JSON line per epoch, as bench/peers/epoch_time.py does for PyTorch and Keras; bench/peers/run.py runs both:
//   fit_epoch --rows 4000 --batch-size 32 --epochs 3 --threads 2 --width 1.0 [--data DIR] [--conventions keras|torch]
// DIR holds CIFAR-10's binary files; without it the pictures are random bytes.
#include <strata/cpu.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

#include "arguments.hpp"

namespace {

strata::dataset random_bytes(int rows) {
    strata::dataset data;
    data.picture = strata::cifar10::picture;
    data.class_names = strata::cifar10::class_names();
    const strata::random_stream stream{.seed = 1, .purpose = strata::random_purpose::user};
    data.bytes.resize(static_cast<std::size_t>(rows) * 3072);
    for (std::size_t i = 0; i < data.bytes.size(); ++i) data.bytes[i] = static_cast<std::uint8_t>(stream.word(i) >> 24);
    for (int row = 0; row < rows; ++row)
        data.labels.push_back(static_cast<std::int32_t>(stream.word(data.bytes.size() + static_cast<std::size_t>(row)) % 10));
    return data;
}

int run(const bench::arguments& given) {
    const int rows = given.integer("rows", 4000), batch_size = given.integer("batch-size", 32), threads = given.integer("threads", 0);
    const double width = given.number("width", 1.0);
    const bool torch = given.text("conventions", "keras") == "torch";
    const std::string directory = given.text("data", "");
    const strata::dataset data = directory.empty() ? random_bytes(rows) : strata::cifar10::load_train(directory, rows);
    const strata::device device = strata::cpu::open({.threads = threads});
    strata::model model(strata::alexnet_cifar_program(width).view(), device,
                        {.conventions = torch ? strata::conventions::torch : strata::conventions::keras});
    strata::trainer trainer(model, strata::adam{});
    trainer.fit(
        data, {.epochs = given.integer("epochs", 3), .batch_size = batch_size, .validation_split = 0.2},
        [&](const strata::epoch_result& e) {
            std::printf(
                "{\"framework\": \"strata\", \"mode\": \"cpu\", \"epoch\": %d, \"rows\": %lld, \"batch_size\": %d, \"threads\": %d, "
                "\"width\": %g, \"version\": \"%s, %s\", \"seconds\": %.5f, \"loss\": %.5f, \"accuracy\": %.5f, "
                "\"val_loss\": %.5f, \"val_accuracy\": %.5f}\n",
                e.epoch + 1, static_cast<long long>(data.rows()), batch_size, threads, width, STRATA_VERSION_STRING, device.name().c_str(),
                e.seconds, e.loss, e.accuracy, e.val_loss, e.val_accuracy);
            std::fflush(stdout);
            return strata::flow::go_on;
        });
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run({argc, argv, {"rows", "batch-size", "epochs", "threads", "width", "data", "conventions"}});
    } catch (const strata::invalid_input& e) { bench::arguments::stop(e.what()); } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
