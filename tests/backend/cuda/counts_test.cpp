// SPDX-License-Identifier: MIT
// What a training step of the whole AlexNet costs, counted on the virtual GPU: launches, waits, copies, allocations, and the bytes that
// each operation reads and writes, beside what no program could avoid and what each described GPU needs for that at best.
// Bytes are a line in the batch size: it is drawn through batches of 1 and 2, held against one of 3, and read at 128.
#include <strata/cuda.hpp>

#include <doctest/doctest.h>

#include <strata/models/alexnet_cifar.hpp>
#include <strata/network/cost.hpp>
#include <strata/network/fusion.hpp>
#include <support/device_step.hpp>
#include <support/random_pictures.hpp>
#include <virtual_gpu/device.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

const program& whole_alexnet() {
    static const program made = alexnet_cifar_program();
    return made;
}

vgpu::counts counts_of_step(precision of, std::int64_t batch) {
    const random_pictures data({32, 32, 3}, 10, batch, 9);
    model m(whole_alexnet().view(), cuda::open(), {.precision = of});
    backend::executor& executor = m.executor();
    executor.configure(adam{}, {});
    std::vector<std::uint8_t> bytes(data.values.size(), 77);
    const auto resident = executor.load(view_of({32, 32, 3}, 10, bytes, data.labels));
    const auto order = first_rows(batch);
    const float rate = 1e-3f;
    executor.begin_epoch(*resident, {.rows = order, .batch_size = static_cast<int>(batch), .learning_rates = {&rate, 1}});
    read_all(executor, m.program(), state::gradient);  // until nothing of the preparation is left to run
    vgpu::reset_counters();
    executor.step();
    step_result result;
    while (!executor.collect(result, true)) {}
    return vgpu::counters();
}

struct line {
    std::uint64_t runs = 0;
    double bytes = 0;  // at the batch asked for
};
std::map<std::string, line> lines_at(double batch, const vgpu::counts& one, const vgpu::counts& two) {
    std::map<std::string, line> lines;
    for (const auto list : {&vgpu::counts::library, &vgpu::counts::kernels}) {
        for (const auto& [name, second] : two.*list) {
            const auto found = (one.*list).find(name);
            const double b = static_cast<double>(second.read + second.written);
            const double a = found == (one.*list).end() ? 0 : static_cast<double>(found->second.read + found->second.written);
            lines[name] = {second.runs, a + (b - a) * (batch - 1)};
        }
    }
    return lines;
}
double sum_of(const std::map<std::string, line>& lines) {
    double sum = 0;
    for (const auto& [name, one] : lines) sum += one.bytes;
    return sum;
}

// Each operation reads its operands and writes its results once; arrays in the width of the precision, variables' gradients in f32. For
// the weights: gradient and input; for the data: gradient, weights and result. Bias gradients, and rectifiers that follow a product, ride
// along in their neighbours for nothing; so do, where `strict`, all rectifiers. What an engine reads twice inside is not seen.
double unavoidable(precision of, double batch, bool strict) {
    const program fused = training_program(whole_alexnet());
    const program_view view = fused.view();
    std::vector<bool> needs(view.tensors.size());
    find_gradients(view, needs);
    const double width = of == precision::bf16 ? 2 : 4;
    double bytes = batch * static_cast<double>(view.input_shape().size()) * (1 + width);  // gather
    for (const operation& op : view.operations) {
        const double in = batch * static_cast<double>(view.shape_of(op.src[0]).size()),
                     out = batch * static_cast<double>(view.shape_of(op.dst).size());
        const double weights = op.weight < 0 ? 0 : static_cast<double>(view.parameters[static_cast<std::size_t>(op.weight)].size());
        const bool wanted = needs[static_cast<std::size_t>(op.src[0])];
        switch (op.kind) {
            case op_kind::convolution:
            case op_kind::dense:
                bytes += (in + weights + out) * width + (out + in) * width + weights * 4;
                if (wanted) bytes += (out + weights + in) * width;
                break;
            case op_kind::max_pool: bytes += (in + out) * width + out + (out + in) * width + out; break;
            case op_kind::batch_norm: bytes += (in + out) * width + (in + out + in) * width; break;
            case op_kind::dropout: bytes += 2 * (in + out) * width; break;
            case op_kind::relu: bytes += strict ? 0 : (in + out) * width + (out + out + in) * width; break;
            default: break;
        }
    }
    bytes += static_cast<double>(whole_alexnet().view().parameter_count()) * (7 * 4 + (of == precision::bf16 ? 2 : 0));  // Adam
    return bytes;
}

// Peak rates: of memory from the clock in tests/devices, twice per cycle, and the bus width, which the file does not tell; of arithmetic
// from the clock, the multiprocessors, and operations per cycle of each (NVIDIA's data sheets, dense, f32 sums).
struct gpu {
    const char* file;
    double bus_bits, memory_khz, clock_khz, multiprocessors, fp32, tf32, bf16;
};
constexpr gpu gpus[] = {{"t4_sm75", 256, 5001000, 1590000, 40, 128, 0, 0},
                        {"a100_sm80", 5120, 1593000, 1410000, 108, 128, 1024, 2048},
                        {"rtx3090_sm86", 384, 9751000, 1695000, 82, 256, 256, 512},
                        {"rtx4090_sm89", 384, 10501000, 2520000, 128, 256, 256, 512},
                        {"h100_sm90", 5120, 2619000, 1980000, 132, 256, 2048, 4096},
                        {"b200_sm100", 8192, 3996000, 1965000, 148, 256, 4096, 8192},
                        {"rtx5090_sm120", 512, 14001000, 2407000, 170, 256, 256, 512}};

std::string text(const char* format, auto... values) {
    char buffer[200];
    std::snprintf(buffer, sizeof buffer, format, values...);
    return buffer;
}

double operations_of_step(double batch) {
    const program_view view = whole_alexnet().view();
    double sum = 0;
    for (const operation& op : view.operations) sum += static_cast<double>(multiply_adds(view, op)) * (op.src[0] == 0 ? 2 : 3);
    return 2 * sum * batch;
}

// Writes the table, and gives the ratio of what is moved to what is unavoidable, strictly.
double table_of(precision of, const vgpu::counts& one, const vgpu::counts& two) {
    constexpr double batch = 128;
    const auto lines = lines_at(batch, one, two);
    const double moved = sum_of(lines), least = unavoidable(of, batch, false), strict = unavoidable(of, batch, true);
    std::string table = text("alexnet_cifar, batch 128, %s, a step\n", name_of(of));
    std::uint64_t own = 0, dnn = 0, products = 0;
    for (const auto& [name, each] : lines) {
        (name.starts_with("cudnn") ? dnn : name.starts_with("cublasLt") ? products : own) += each.runs;
        table += text("  %-58s %3d x %9.1f MB\n", name.c_str(), static_cast<int>(each.runs), each.bytes / 1e6);
    }
    table += text("  graph launches %d, draining waits %d, copies and sets %d, allocations %d\n", static_cast<int>(two.graph_launches),
                  static_cast<int>(two.synchronisations), static_cast<int>(two.copies + two.sets), static_cast<int>(two.allocations));
    table += text("  own kernels %d, cuDNN %d, cuBLASLt %d\n", static_cast<int>(own), static_cast<int>(dnn), static_cast<int>(products));
    table += text("  moved %.1f MB, unavoidable %.1f MB, ratio %.3f; with all rectifiers in their neighbours %.1f MB, ratio %.3f\n",
                  moved / 1e6, least / 1e6, moved / least, strict / 1e6, moved / strict);
    for (const gpu& g : gpus) {
        const double peak = of == precision::fp32 ? g.fp32 : of == precision::tf32 ? g.tf32 : g.bf16;
        if (peak == 0) continue;
        const double memory = g.memory_khz * 1e3 * 2 * g.bus_bits / 8, flops = peak * g.clock_khz * 1e3 * g.multiprocessors;
        table += text("  %-14s %5.0f GB/s: %6.2f ms moved, %6.2f ms unavoidable; %6.1f TFLOP/s: %6.2f ms\n", g.file, memory / 1e9,
                      moved / memory * 1e3, least / memory * 1e3, flops / 1e12, operations_of_step(batch) / flops * 1e3);
    }
    MESSAGE(table);
    CHECK(own <= 10);  // dropout has no backward: it clears the mask of the rectifier before it
    CHECK(dnn > 20);
    CHECK(products == 9);  // three dense layers, each forward, by weights and by data
    CHECK(moved / least > 1);  // else what is unavoidable is counted wrongly
    return moved / strict;
}

void check(precision of, double most) {
    const vgpu::counts one = counts_of_step(of, 1), two = counts_of_step(of, 2);
    CHECK(two.graph_launches == 1);
    CHECK(two.launches == 0);
    CHECK(two.synchronisations == 0);
    CHECK(two.copies + two.sets == 0);
    CHECK(two.allocations == 0);
    const double ratio = table_of(of, one, two);
    CHECK(ratio < most);
    if (of != precision::bf16) return;
    const vgpu::counts three = counts_of_step(of, 3);
    const double line = sum_of(lines_at(3, one, two)), counted = static_cast<double>(three.bytes_read + three.bytes_written);
    CHECK(line == doctest::Approx(counted).epsilon(1e-3));
}

}  // namespace

TEST_CASE("a step of the AlexNet in fp32: counts and bytes") { check(precision::fp32, 1.35); }
TEST_CASE("a step of the AlexNet in tf32: counts and bytes") { check(precision::tf32, 1.3); }
TEST_CASE("a step of the AlexNet in bf16: counts and bytes") { check(precision::bf16, 1.3); }
