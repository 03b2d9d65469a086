// SPDX-License-Identifier: MIT
// The rules of the virtual cuDNN: attributes by name, type and count; what an execution checks; what a GPU lacks; plans as JSON.
#include "testing.hpp"

using namespace testing;

namespace {

struct relu_graph {
    descriptor x, y, how, operation, graph;
    explicit relu_graph(cudnnDataType_t type = CUDNN_DATA_FLOAT)
        : x(tensor(1, type, {2, 8, 4, 4})),
          y(tensor(2, type, {2, 8, 4, 4})),
          how(make_how()),
          operation(testing::operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, &how},
                                                                                      {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, &x},
                                                                                      {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, &y}})),
          graph(graph_of({&operation.finalize()})) {}
    static descriptor make_how() {
        descriptor made = pointwise(CUDNN_POINTWISE_RELU_FWD);
        made.finalize();
        return made;
    }
};
constexpr std::size_t count = 2 * 8 * 4 * 4;

}  // namespace

TEST_CASE("virtual cuDNN: an attribute of the wrong type, count or owner is refused, and so is one after finalizing") {
    const cudnn_machine machine;
    descriptor t(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    CHECK(t.try_set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_INT64, dims{0}) == CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE);
    CHECK(t.try_set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, std::vector{CUDNN_DATA_FLOAT, CUDNN_DATA_FLOAT}) ==
          CUDNN_STATUS_BAD_PARAM);
    CHECK(t.try_set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, std::vector{CUDNN_DATA_FLOAT}) == CUDNN_STATUS_BAD_PARAM);
    CHECK(last_error().find("no such attribute") != std::string::npos);
    CHECK(t.try_finalize() == CUDNN_STATUS_BAD_PARAM);
    CHECK(last_error().find("has not been set") != std::string::npos);
    descriptor whole = tensor(1, CUDNN_DATA_FLOAT, {1, 2, 3, 4});
    CHECK(whole.try_set(CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, dims{5}) == CUDNN_STATUS_BAD_PARAM);
    CHECK(whole.try_finalize() == CUDNN_STATUS_BAD_PARAM);
    descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR), unfinished(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    CHECK(graph.try_set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, std::vector<void*>{unfinished.raw}) ==
          CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED);
    CHECK(graph.try_set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, std::vector<void*>{whole.raw}) ==
          CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE);
}

TEST_CASE("virtual cuDNN: children may be destroyed when their parents are finalized") {
    const cudnn_machine machine;
    const descriptor graph = [] { return std::move(relu_graph().graph); }();
    const auto engines = offers(graph);
    REQUIRE(!engines.empty());
    const plan made(engines[0].config);
    const handle with;
    const auto xs = numbers(count, 1);
    const buffer x(xs), y(count);
    REQUIRE(made.run(with, {{1, x.data}, {2, y.data}}) == CUDNN_STATUS_SUCCESS);
    auto expected = xs;
    for (float& value : expected) value = std::max(value, 0.0F);
    CHECK(y.read() == expected);
}

TEST_CASE("virtual cuDNN: an execution checks its pointers") {
    const cudnn_machine machine;
    const relu_graph one;
    const auto engines = offers(one.graph);
    const plan made(engines.at(0).config);
    const handle with;
    const buffer x(count + 4), y(count), small(count - 1);
    std::vector<float> host(count);
    CHECK(made.run(with, {{1, x.data}, {2, host.data()}}) == CUDNN_STATUS_EXECUTION_FAILED);
    CHECK(made.run(with, {{1, x.data}, {2, small.data}}) == CUDNN_STATUS_EXECUTION_FAILED);
    CHECK(made.run(with, {{1, static_cast<float*>(x.data) + 1}, {2, y.data}}) == CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER);
    CHECK(made.run(with, {{1, x.data}}) == CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    CHECK(made.run(with, {{1, x.data}, {2, nullptr}}) == CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    CHECK(vgpu::misuse().size() == 5);
    CHECK(made.run(with, {{1, x.data}, {2, x.data}}) == CUDNN_STATUS_SUCCESS);  // a pointwise operation may be in place
}

TEST_CASE("virtual cuDNN: a plan needs its workspace, and uses it") {
    const cudnn_machine machine;
    const small_convolution of(8);
    descriptor forward = of.forward();
    const descriptor graph = graph_of({&forward.finalize()});
    const handle with;
    const buffer xm(numbers(512, 1)), wm(numbers(144, 2)), ym(512);
    int with_workspace = 0;
    for (const offer& engine : offers(graph)) {
        const plan made(engine.config);
        if (made.workspace() == 0) continue;
        ++with_workspace;
        CHECK(made.run(with, {{1, xm.data}, {2, wm.data}, {3, ym.data}}, nullptr) == CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
        const buffer less(static_cast<std::size_t>(made.workspace()) / 4 - 1);
        CHECK(made.run(with, {{1, xm.data}, {2, wm.data}, {3, ym.data}}, less.data) == CUDNN_STATUS_EXECUTION_FAILED);
        CHECK(made.run(with, {{1, xm.data}, {2, wm.data}, {3, ym.data}}, xm.data) != CUDNN_STATUS_SUCCESS);
        CHECK(made.run(with, {{1, xm.data}, {2, wm.data}, {3, ym.data}}) == CUDNN_STATUS_SUCCESS);
    }
    CHECK(with_workspace > 0);
}

TEST_CASE("virtual cuDNN: a plan's first execution may not be captured, its second may") {
    const cudnn_machine machine;
    const relu_graph one;
    const auto engines = offers(one.graph);
    const plan made(engines.at(0).config);
    const handle with;
    const buffer x(numbers(count, 1)), y(count);
    cudaStream_t const stream = new_stream();
    REQUIRE(cudnnSetStream(with.raw, stream) == CUDNN_STATUS_SUCCESS);
    descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, dims{1, 2})
        .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, std::vector<void*>{x.data, y.data})
        .finalize();
    cudaGraph_t graph = nullptr;
    REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    CHECK(cudnnBackendExecute(with.raw, made.self.raw, pack.raw) != CUDNN_STATUS_SUCCESS);
    static_cast<void>(cudaStreamEndCapture(stream, &graph));
    REQUIRE(cudnnBackendExecute(with.raw, made.self.raw, pack.raw) == CUDNN_STATUS_SUCCESS);
    REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
    REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    CHECK(cudnnBackendExecute(with.raw, made.self.raw, pack.raw) == CUDNN_STATUS_SUCCESS);
    REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
    cudaGraphDestroy(graph);
    cudnnSetStream(with.raw, nullptr);
    cudaStreamDestroy(stream);
}

TEST_CASE("virtual cuDNN: a plan comes back from its JSON form, but not on another GPU") {
    const cudnn_machine machine;
    const relu_graph one;
    const auto engines = offers(one.graph);
    const plan made(engines.at(0).config);
    std::int64_t length = 0;
    REQUIRE(cudnnBackendGetAttribute(made.self.raw, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, 0, &length, nullptr) ==
            CUDNN_STATUS_SUCCESS);
    std::vector<char> json(static_cast<std::size_t>(length));
    REQUIRE(cudnnBackendGetAttribute(made.self.raw, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, length, &length,
                                     json.data()) == CUDNN_STATUS_SUCCESS);
    plan loaded = [&] {
        plan again(engines.at(0).config);
        cudnnBackendDestroyDescriptor(again.self.raw);
        REQUIRE(cudnnBackendCreateDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, &again.self.raw) == CUDNN_STATUS_SUCCESS);
        again.self.set(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, json).finalize();
        return again;
    }();
    const handle with;
    const auto xs = numbers(count, 1);
    const buffer x(xs), y(count), z(count);
    REQUIRE(loaded.run(with, {{1, x.data}, {2, y.data}}) == CUDNN_STATUS_SUCCESS);
    REQUIRE(made.run(with, {{1, x.data}, {2, z.data}}) == CUDNN_STATUS_SUCCESS);
    CHECK(y.read() == z.read());

    std::string other(json.begin(), json.end());
    other.replace(other.find("\"computeCapability\":90"), 22, "\"computeCapability\":80");
    descriptor elsewhere(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    elsewhere.set(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, std::vector<char>(other.begin(), other.end()));
    CHECK(elsewhere.try_finalize() == CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH);
    descriptor torn(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    torn.set(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
             std::vector<char>(json.begin(), json.begin() + static_cast<std::ptrdiff_t>(json.size() / 2)));
    CHECK(torn.try_finalize() != CUDNN_STATUS_SUCCESS);
}

TEST_CASE("virtual cuDNN: a GPU of compute capability 7.5 has no bf16 and no batch norm") {
    const cudnn_machine machine;
    vgpu::properties old;
    old.major = 7, old.minor = 5;
    vgpu::set_device(old);
    CHECK(offers(relu_graph(CUDNN_DATA_BFLOAT16).graph).empty());
    CHECK(!offers(relu_graph(CUDNN_DATA_HALF).graph).empty());
    CHECK(!offers(relu_graph().graph).empty());
}

TEST_CASE("virtual cuDNN: faults come when they are asked for, and nothing leaks") {
    const cudnn_machine machine;
    vgpu::fail("cudnnBackendFinalize", 1, CUDNN_STATUS_INTERNAL_ERROR);
    {
        descriptor how = pointwise(CUDNN_POINTWISE_RELU_FWD);
        CHECK(how.try_finalize() == CUDNN_STATUS_INTERNAL_ERROR);
        CHECK(how.try_finalize() == CUDNN_STATUS_SUCCESS);
        CHECK(vgpu::live().size() == 1);
    }
    CHECK(vgpu::live().empty());
    vgpu::clear_faults();
}
