// SPDX-License-Identifier: MIT
// dlib's side of run.py: the tutorial's network (width 1) in dlib's layer types, with fit_epoch's tasks, options and JSON lines.
// The same work as far as dlib offers it: tensors are (N, C, H, W); floats are given, as to Keras; convolutions are img2col and the BLAS
// that dlib was linked to; batch norm is set to epsilon 1e-3, and its running statistics are dlib's; Adam has no weight decay and an
// epsilon of 1e-8; dropout keeps what it does not drop unscaled, and prediction multiplies by a half; validation and prediction run a
// copy of the network with its batch norms frozen, as dlib advises.
#include <dlib/dnn.h>
#include <dlib/revision.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "../arguments.hpp"
#include "peer.hpp"

namespace {

using picture = std::array<dlib::matrix<float>, 3>;

template <template <typename> class Norm, template <typename> class Drop>
using alexnet = dlib::loss_multiclass_log<dlib::fc<
    10, Drop<dlib::relu<dlib::fc<
            512, Drop<dlib::relu<dlib::fc<
                     1024, Norm<dlib::max_pool<
                               3, 3, 2, 2,
                               dlib::relu<dlib::con<
                                   256, 3, 3, 1, 1,
                                   Norm<dlib::relu<dlib::con<
                                       384, 3, 3, 1, 1,
                                       Norm<dlib::relu<dlib::con<
                                           384, 3, 3, 1, 1,
                                           Norm<dlib::max_pool<
                                               3, 3, 2, 2,
                                               dlib::relu<dlib::con<
                                                   256, 5, 5, 1, 1,
                                                   Norm<dlib::max_pool<
                                                       3, 3, 2, 2,
                                                       dlib::relu<dlib::con<96, 3, 3, 1, 1, dlib::input<picture>>>>>>>>>>>>>>>>>>>>>>>>>>>;

using training_network = alexnet<dlib::bn_con, dlib::dropout>;
using frozen_network = alexnet<dlib::affine, dlib::multiply>;

// Reads the stored weights into the layers, which are visited from the loss to the input.
class put_weights {
public:
    put_weights(const strata::safetensors::contents& file, bool drops) : file_(file), drops_(drops) {}

    template <long Filters, long Rows, long Columns, int DownRows, int DownColumns, int Before, int Left>
    void operator()(std::size_t, dlib::con_<Filters, Rows, Columns, DownRows, DownColumns, Before, Left>& layer) {
        const std::string name = numbered("conv2d", --convolutions_);
        const std::vector<float> weights = file_.floats(name + ".weight"), bias = file_.floats(name + ".bias");
        const auto plane = static_cast<std::size_t>(Rows * Columns), channels = weights.size() / (plane * Filters);
        float* to = layer.get_layer_params().host();
        for (std::size_t k = 0; k < static_cast<std::size_t>(Filters); ++k)
            for (std::size_t c = 0; c < channels; ++c)
                for (std::size_t at = 0; at < plane; ++at) *to++ = weights[(k * plane + at) * channels + c];
        std::copy(bias.begin(), bias.end(), to);
    }
    template <unsigned long Outputs, dlib::fc_bias_mode Bias>
    void operator()(std::size_t, dlib::fc_<Outputs, Bias>& layer) {
        const int number = --denses_;
        const std::string name = numbered("dense", number);
        const std::vector<float> weights = file_.floats(name + ".weight"), bias = file_.floats(name + ".bias");
        const std::size_t inputs = weights.size() / Outputs, plane = number == 0 ? 9 : 1, channels = inputs / plane;
        float* to = layer.get_layer_params().host();  // (in, out), in as (C, H, W)
        for (std::size_t c = 0; c < channels; ++c)
            for (std::size_t at = 0; at < plane; ++at)
                for (std::size_t out = 0; out < Outputs; ++out) *to++ = weights[out * inputs + at * channels + c];
        std::copy(bias.begin(), bias.end(), to);
    }
    void operator()(std::size_t, dlib::dropout_& layer) {
        if (!drops_) layer = dlib::dropout_(0);
    }
    template <typename Layer>
    void operator()(std::size_t, Layer&) {}

private:
    static std::string numbered(const std::string& kind, int number) { return number == 0 ? kind : kind + "_" + std::to_string(number); }

    const strata::safetensors::contents& file_;
    bool drops_;
    int convolutions_ = 5, denses_ = 3;
};

struct keras_epsilon {
    void operator()(std::size_t, dlib::bn_<dlib::CONV_MODE>& layer) const { layer = dlib::bn_<dlib::CONV_MODE>(1000, 1e-3); }
    template <typename Layer>
    void operator()(std::size_t, Layer&) const {}
};

struct data_set {
    std::vector<picture> pictures;
    std::vector<unsigned long> labels;

    explicit data_set(const bench::work& from) : pictures(from.rows()), labels(from.labels.begin(), from.labels.end()) {
        for (std::size_t row = 0; row < pictures.size(); ++row)
            for (std::size_t c = 0; c < 3; ++c) {
                dlib::matrix<float>& plane = pictures[row][c];
                plane.set_size(32, 32);
                for (long i = 0; i < 1024; ++i)
                    plane(i / 32, i % 32) = static_cast<float>(from.pictures[(row * 1024 + static_cast<std::size_t>(i)) * 3 + c]) / 255.0f;
            }
    }
};

template <typename Network>
std::size_t correct_rows(const Network& network, const std::vector<unsigned long>& labels) {
    const dlib::tensor& logits = network.subnet().get_output();
    const float* row = logits.host();
    std::size_t count = 0;
    for (const unsigned long label : labels) {
        count += static_cast<unsigned long>(std::max_element(row, row + 10) - row) == label;
        row += 10;
    }
    return count;
}

struct batch {
    std::vector<picture> pictures;
    std::vector<unsigned long> labels;

    batch(const data_set& data, const std::vector<std::size_t>& rows, std::size_t first, std::size_t count) {
        for (std::size_t i = first; i < std::min(first + count, rows.size()); ++i) {
            pictures.push_back(data.pictures[rows[i]]);
            labels.push_back(data.labels[rows[i]]);
        }
    }
};

struct peer {
    training_network network;
    std::vector<dlib::adam> solvers{network.num_computational_layers, dlib::adam(0, 0.9f, 0.999f)};

    peer(const bench::work& work, const data_set& data, bool drops) {
        dlib::visit_computational_layers(network, keras_epsilon());
        network(std::vector<picture>(data.pictures.begin(), data.pictures.begin() + 2));  // allocates the parameters
        dlib::visit_computational_layers(network, put_weights(work.file, drops));
        network.clean();
    }
    double step(const batch& b) {
        const double loss = network.compute_parameter_gradients(b.pictures.begin(), b.pictures.end(), b.labels.begin());
        network.update_parameters(solvers, 1e-3);
        return loss;
    }
};

bench::json_line line_of(const bench::arguments& given, const std::string& task, int round) {
    bench::json_line line;
    line.text("framework", "dlib").text("mode", "cpu").text("task", task).number("epoch", round);
    line.text("version", std::to_string(DLIB_MAJOR_VERSION) + "." + std::to_string(DLIB_MINOR_VERSION));
    line.number("batch_size", given.integer("batch-size", 32)).number("threads", given.integer("threads", 0)).number("width", 1);
    return line;
}

void train(const bench::arguments& given, peer& dlib_peer, const data_set& data, bench::pace& pace, std::size_t batch_size) {
    std::vector<std::size_t> rows(data.labels.size() * 4 / 5), validation(data.labels.size() - rows.size());
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    std::iota(validation.begin(), validation.end(), rows.size());
    std::mt19937 random(1);
    int epoch = 0;
    do {
        const bench::stopwatch clock;
        std::shuffle(rows.begin(), rows.end(), random);
        double loss = 0, val_loss = 0;
        std::size_t correct = 0, val_correct = 0;
        for (std::size_t first = 0; first < rows.size(); first += batch_size) {
            const batch b(data, rows, first, batch_size);
            loss += dlib_peer.step(b) * static_cast<double>(b.labels.size());
            correct += correct_rows(dlib_peer.network, b.labels);
        }
        frozen_network frozen = dlib_peer.network;
        for (std::size_t first = 0; first < validation.size(); first += batch_size) {
            const batch b(data, validation, first, batch_size);
            val_loss += frozen.compute_loss(b.pictures.begin(), b.pictures.end(), b.labels.begin()) * static_cast<double>(b.labels.size());
            val_correct += correct_rows(frozen, b.labels);
        }
        const double seconds = clock.seconds(), trained = static_cast<double>(rows.size()), tested = static_cast<double>(validation.size());
        line_of(given, "train", ++epoch)
            .number("seconds", seconds)
            .number("memory_mb", pace.memory_above_baseline())
            .number("loss", loss / trained)
            .number("accuracy", static_cast<double>(correct) / trained)
            .number("val_loss", val_loss / tested)
            .number("val_accuracy", static_cast<double>(val_correct) / tested)
            .print();
    } while (pace.another());
}

void predict(const bench::arguments& given, peer& dlib_peer, const data_set& data, bench::pace& pace, std::size_t batch_size) {
    dlib::softmax<frozen_network::subnet_type> network;
    network.subnet() = frozen_network(dlib_peer.network).subnet();
    int round = 0;
    do {
        const bench::stopwatch clock;
        dlib::resizable_tensor input;
        for (std::size_t first = 0; first < data.pictures.size(); first += batch_size) {
            const auto begin = data.pictures.begin() + static_cast<std::ptrdiff_t>(first);
            network.to_tensor(begin, begin + static_cast<std::ptrdiff_t>(std::min(batch_size, data.pictures.size() - first)), input);
            network.forward(input).host();
        }
        const double seconds = clock.seconds();
        line_of(given, "predict", ++round).number("seconds", seconds).number("memory_mb", pace.memory_above_baseline()).print();
    } while (pace.another());
}

int run(const bench::arguments& given) {
    const std::string task = given.text("task", "train");
    if (given.number("width", 1) != 1) bench::arguments::stop("--width: dlib's layers have their sizes in their types; give 1");
    const auto batch_size = static_cast<std::size_t>(std::max(1, given.integer("batch-size", 32)));
    const bench::work work(given.text("work", ""));
    const data_set data(work);
    bench::pace pace(given.integer("epochs", 3), given.text("paced", "no") == "yes");
    peer dlib_peer(work, data, task != "check");
    if (task == "train") train(given, dlib_peer, data, pace, batch_size);
    if (task == "predict") predict(given, dlib_peer, data, pace, batch_size);
    if (task == "check") {
        std::vector<std::size_t> rows(data.labels.size());
        std::iota(rows.begin(), rows.end(), std::size_t{0});
        std::vector<double> losses;
        for (std::size_t step = 0; step < 3; ++step) losses.push_back(dlib_peer.step({data, rows, step * batch_size, batch_size}));
        line_of(given, task, 1).numbers("losses", losses).print();
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run({argc, argv, {"work", "task", "batch-size", "epochs", "threads", "width", "paced"}});
    } catch (const strata::invalid_input& e) { bench::arguments::stop(e.what()); } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
