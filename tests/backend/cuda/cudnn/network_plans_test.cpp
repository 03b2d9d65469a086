// SPDX-License-Identifier: MIT
// Real cuDNN has an engine, or strata own kernels, for every operation of the AlexNet and of a network with every layer, trained and
// predicting, in each precision, on the described GPU of STRATA_TEST_GPU, for the batch sizes of STRATA_TEST_BATCHES. A program of its
// own, run once per GPU: each distinct graph is finalized once, since a second time in one process may fail in NVRTC.
#include <strata/backend/cuda/lowering.hpp>
#include <strata/models/alexnet_cifar.hpp>
#include <strata/network/fusion.hpp>

#include <doctest/doctest.h>

#include "gpus.hpp"
#include <support/every_layer.hpp>

#include <map>
#include <sstream>
#include <string>
#include <vector>

using namespace strata;

namespace {

std::string given(const char* name, const char* otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr ? text : otherwise;
}

// What cuDNN answered for each graph that it was asked about: nothing, or why it has no engine.
class answers {
public:
    explicit answers(const std::string& gpu) : target_(strata_tests::gpu(gpu)) {}

    std::string why_none(const cudnn::operation_graph& graph, bool strict, const std::string& what) {
        const cudnn::operation_kind first = graph.operations().front().kind;
        strict = strict && first <= cudnn::operation_kind::convolution_backward_filter;
        const std::string key = graph.key() + (strict ? " strict" : "");
        const auto known = known_.find(key);
        if (known != known_.end()) return known->second;
        std::string why;
        if (cudnn::try_plan(graph, target_, {.strict_fp32 = strict}, what, &why)) why.clear();
        return known_[key] = why;
    }
    // The first way that has all its engines, or why the last has not.
    std::string why_none(const cuda::action& a, bool strict) {
        std::string why;
        for (const auto& way : a.ways) {
            why.clear();
            for (const cuda::call& c : way)
                if (const auto* graph = std::get_if<cuda::graph_call>(&c); graph != nullptr && why.empty())
                    why = why_none(graph->graph, strict, a.what);
            if (why.empty()) return why;
        }
        return why;
    }
    std::size_t graphs() const { return known_.size(); }

private:
    cudnn::target target_;
    std::map<std::string, std::string> known_;
};

}  // namespace

TEST_CASE("every operation of the networks has an engine or own kernels") {
    const std::string gpu = given("STRATA_TEST_GPU", "h100_sm90");
    const bool turing = gpu == "t4_sm75";
    answers cudnn_says(gpu);
    const std::vector<precision> all{precision::fp32, precision::tf32, precision::bf16}, one{precision::fp32};
    std::istringstream batches(given("STRATA_TEST_BATCHES", "37"));
    for (int batch = 0; batches >> batch;)
        for (const precision how : turing ? one : all)
            for (const program& p : {alexnet_cifar_program(1.0), testing::every_layer()})
                for (const cuda::mode of : {cuda::mode::training, cuda::mode::prediction}) {
                    const program runs = of == cuda::mode::training ? training_program(p) : fused(p);
                    for (const cuda::action& a : cuda::lower(runs.view(), {.batch = batch, .mode = of, .precision = how}).actions) {
                        const std::string why = cudnn_says.why_none(a, how == precision::fp32);
                        INFO(gpu << ", batch " << batch << ", " << name_of(how) << ", " << a.what << ": " << why);
                        CHECK(why.empty());
                    }
                }
    CHECK(cudnn_says.graphs() > 20);
}
