// SPDX-License-Identifier: MIT
// The engines that cuDNN would train and run the AlexNet of models/alexnet_cifar with on a GPU that need not be here: one line per
// operation, from cuDNN's own heuristics; own kernels where it has no engine, and why. Products (cuBLASLt) are chosen on the device and
// only named. Exit code 1 when an operation has neither.
//   plans --gpu h100.json --precision bf16 --batch 128
#include <strata/backend/cuda/lowering.hpp>
#include <strata/backend/cuda/planned_program.hpp>
#include <strata/cuda.hpp>
#include <strata/network/fusion.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <variant>

namespace {

const std::map<std::string, strata::precision> precisions{
    {"fp32", strata::precision::fp32}, {"tf32", strata::precision::tf32}, {"bf16", strata::precision::bf16}};

struct settings {
    std::string gpu;
    strata::precision precision = strata::precision::fp32;
    int batch = 32;
    double width = 1;
    bool deterministic = false;
};

std::string indented(std::string text) {
    for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) text.insert(at + 1, "        ");
    return text;
}

void print(const std::string& what, const strata::cuda::planned_call& c) {
    std::printf("%s\n    %s\n", what.c_str(), c.describe().c_str());
    if (!c.refused.empty()) std::printf("    another way, since %s\n", indented(c.refused).c_str());
    if (!c.graph) return;
    std::string notes;
    for (const std::string& note : c.graph->notes()) notes += " " + note;
    std::printf("    engine %lld, workspace %lld bytes,%s\n", static_cast<long long>(c.graph->engine()),
                static_cast<long long>(c.workspace_bytes()), notes.empty() ? " no notes" : notes.c_str());
}

struct counts {
    int missing = 0;      // actions that have no way
    int own_kernels = 0;  // and those that go through own kernels, for want of an engine
};

counts print_all(const strata::program_view& program, strata::cuda::mode mode, const settings& s, const strata::cudnn::target& target) {
    const strata::cuda::planner how{.target = target,
                                    .filter = {.strict_fp32 = s.precision == strata::precision::fp32, .deterministic = s.deterministic}};
    counts n;
    const strata::cuda::lowering_options lowering{
        .batch = s.batch, .mode = mode, .precision = s.precision, .deterministic = s.deterministic};
    for (const strata::cuda::action& a : strata::cuda::lower(program, lowering).actions) {
        try {
            for (const strata::cuda::planned_call& c : strata::cuda::choose_way(a, how)) {
                print(a.what, c);
                if (!c.refused.empty() && std::holds_alternative<strata::cuda::kernel_call>(*c.of)) ++n.own_kernels;
            }
        } catch (const strata::cudnn::no_plan& e) {
            std::printf("%s\n    no engine: %s\n", a.what.c_str(), indented(e.what()).c_str());
            ++n.missing;
        }
    }
    return n;
}

int run(const settings& s) {
    std::ifstream file(s.gpu);
    const std::string json{std::istreambuf_iterator<char>(file), {}};
    if (json.empty())
        throw strata::invalid_input("--gpu " + s.gpu + ": no such file, or it is empty; give a described GPU (tests/devices)");
    const strata::cudnn::target target = strata::cudnn::target::described(json);
    const strata::program program = strata::alexnet_cifar_program(s.width);
    std::printf("training, batch %d, %s\n\n", s.batch, strata::name_of(s.precision));
    const counts training = print_all(strata::training_program(program).view(), strata::cuda::mode::training, s, target);
    std::printf("\nprediction, batch %d, %s\n\n", s.batch, strata::name_of(s.precision));
    const counts prediction = print_all(strata::fused(program).view(), strata::cuda::mode::prediction, s, target);
    const int missing = training.missing + prediction.missing, own = training.own_kernels + prediction.own_kernels;
    std::printf("\n%d operations have no engine, %d are computed by own kernels in the place of one\n", missing, own);
    return missing == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    settings s;
    CLI::App app{"The engines that cuDNN would use on a described GPU"};
    app.add_option("--gpu", s.gpu, "a GPU as cuDNN describes it, in JSON (tests/devices)")->required();
    app.add_option("--precision", s.precision, "fp32, tf32 or bf16")->transform(CLI::CheckedTransformer(precisions));
    app.add_option("--batch", s.batch, "rows of a batch")->check(CLI::Range(1, 1 << 20));
    app.add_option("--width", s.width, "a factor on all channels and units")->check(CLI::Range(0.01, 16.0));
    app.add_flag("--deterministic", s.deterministic, "engines that give the same bits at each run only");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) { return app.exit(e) == 0 ? 0 : 2; }
    try {
        return run(s);
    } catch (const strata::invalid_input& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 2;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
