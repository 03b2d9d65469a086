// SPDX-License-Identifier: MIT
// strata's side of bench/peers/run.py, which runs it beside PyTorch, Keras and dlib; one JSON line per round, and the first warms up.
//   train    whole epochs of fit() on the tutorial's network: shuffle, batches, forward, backward, Adam, running metrics, validation on
//            the last 20 %
//   predict  class probabilities of all rows, batch by batch, bytes to floats on the host
//   check    the losses of the first three steps without dropout, rows in order, from the stored weights
//   fit_epoch --work FILE --task train --batch-size 128 --epochs 3 --threads 2 --width 1.0 [--tuning FILE] [--paced yes]
// Without --work (peers/work.py writes it): --rows random bytes and strata's own initial weights.
#include <strata/cpu.hpp>

#include <strata/backend/cpu/tune.hpp>
#include <strata/files/tuning_file.hpp>
#include <strata/network/memory_plan.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "peers/peer.hpp"

namespace {

struct setting {
    std::string task, version;
    int batch_size, epochs, threads;
    double width;
    bool paced;
};

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

bench::json_line line_of(const setting& s, int round) {
    bench::json_line line;
    line.text("framework", "strata").text("mode", "cpu").text("task", s.task).text("version", s.version);
    line.number("epoch", round).number("batch_size", s.batch_size).number("threads", s.threads).number("width", s.width);
    return line;
}

void train(const setting& s, strata::model& model, const strata::dataset_view& data, bench::pace& pace) {
    const double planned = static_cast<double>(strata::planned_bytes(model.program(), {.batch = s.batch_size})) / (1 << 20);
    strata::trainer trainer(model, strata::adam{});
    trainer.fit(data, {.epochs = s.paced ? 1'000'000 : s.epochs, .batch_size = s.batch_size, .validation_split = 0.2},
                [&](const strata::epoch_result& e) {
                    line_of(s, e.epoch + 1)
                        .number("seconds", e.seconds)
                        .number("memory_mb", pace.memory_above_baseline())
                        .number("planned_mb", planned)
                        .number("loss", e.loss)
                        .number("accuracy", e.accuracy)
                        .number("val_loss", e.val_loss)
                        .number("val_accuracy", e.val_accuracy)
                        .print();
                    return pace.another() ? strata::flow::go_on : strata::flow::stop;
                });
}

void predict(const setting& s, strata::model& model, const strata::dataset_view& data, bench::pace& pace) {
    strata::predictor predictor(model, s.batch_size);
    std::vector<float> out(static_cast<std::size_t>(data.rows() * model.classes()));
    int round = 0;
    do {
        const bench::stopwatch clock;
        predictor.probabilities(data, out);
        const double seconds = clock.seconds();
        line_of(s, ++round).number("seconds", seconds).number("memory_mb", pace.memory_above_baseline()).print();
    } while (pace.another());
}

void check(const setting& s, strata::model& model, const strata::dataset_view& data) {
    strata::trainer trainer(model, strata::adam{});
    std::vector<double> losses;
    for (int step = 0; step < 3 && (step + 1) * std::int64_t{s.batch_size} <= data.rows(); ++step)
        losses.push_back(static_cast<double>(trainer.train_step(data.slice(step * std::int64_t{s.batch_size}, s.batch_size)).loss));
    line_of(s, 1).numbers("losses", losses).print();
}

int run(const bench::arguments& given) {
    setting s{.task = given.text("task", "train"),
              .version = "",
              .batch_size = given.integer("batch-size", 32),
              .epochs = given.integer("epochs", 3),
              .threads = given.integer("threads", 0),
              .width = given.number("width", 1.0),
              .paced = given.text("paced", "no") == "yes"};
    if (s.task != "train" && s.task != "predict" && s.task != "check") bench::arguments::stop("--task: give train, predict or check");
    const std::string file = given.text("work", "");
    const std::optional<bench::work> work = file.empty() ? std::nullopt : std::optional<bench::work>(file);
    const strata::dataset made = work ? strata::dataset{} : random_bytes(given.integer("rows", 4000));
    const strata::dataset_view data = work ? strata::view_of(strata::cifar10::picture, 10, std::span(work->pictures), work->labels) : made;

    strata::cpu::options how{.threads = s.threads};
    if (const std::string tuning = given.text("tuning", ""); !tuning.empty()) {
        const strata::cpu::tuning measured = strata::load_tuning(tuning);
        check_fits(measured, strata::cpu::this_machine(s.threads), tuning);
        how.convolutions = measured.choices();
    }
    const strata::device device = strata::cpu::open(how);
    s.version = std::string(STRATA_VERSION_STRING) + ", " + device.name();
    strata::program network = strata::alexnet_cifar_program(s.width);
    if (s.task == "check")
        for (strata::operation& op : network.operations())
            if (op.kind == strata::op_kind::dropout) op.rate = 0;
    bench::pace pace(s.epochs, s.paced);  // before the model: memory counts from here
    strata::model model(network.view(), device, {.conventions = strata::conventions::keras});
    if (work)
        for (const std::string& name : model.names())
            if (work->file.find(name) != nullptr) model.write(name, work->file.floats(name));
    if (s.task == "train") train(s, model, data, pace);
    if (s.task == "predict") predict(s, model, data, pace);
    if (s.task == "check") check(s, model, data);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run({argc, argv, {"work", "task", "rows", "batch-size", "epochs", "threads", "width", "paced", "tuning"}});
    } catch (const strata::invalid_input& e) { bench::arguments::stop(e.what()); } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
