// SPDX-License-Identifier: MIT
// Capture and graphs: what is captured runs at each launch and not before, and each rule of capture that is broken is an error.
#include "testing.hpp"

#include <cmath>
#include <thread>

using namespace testing;

namespace {

cudaError_t begin(cudaStream_t s, cudaStreamCaptureMode mode = cudaStreamCaptureModeThreadLocal) { return cudaStreamBeginCapture(s, mode); }
cudaGraph_t end(cudaStream_t s, cudaError_t expected = cudaSuccess) {
    cudaGraph_t g = nullptr;
    CHECK(cudaStreamEndCapture(s, &g) == expected);
    CHECK((g == nullptr) == (expected != cudaSuccess));
    return g;
}
cudaGraphExec_t made(cudaGraph_t g) {
    cudaGraphExec_t x = nullptr;
    REQUIRE(cudaGraphInstantiate(&x, g, 0) == cudaSuccess);
    return x;
}

}  // namespace

TEST_CASE("captured work runs at each launch, and not at the capture") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* p = on_device(1);
    REQUIRE(put(s, p, 0.0f) == cudaSuccess);
    REQUIRE(begin(s) == cudaSuccess);
    REQUIRE(add(s, p, 1.0f) == cudaSuccess);
    REQUIRE(vgpu::enqueue(s, "double", {{p, 4}}, {{p, 4}}, [=] { *p *= 2; }) == cudaSuccess);
    const cudaGraph_t g = end(s);
    const cudaGraphExec_t x = made(g);
    REQUIRE(cudaGraphDestroy(g) == cudaSuccess);
    cudaStreamSynchronize(s);
    CHECK(peek(p) == 0.0f);
    for (int i = 0; i < 3; ++i) REQUIRE(cudaGraphLaunch(x, s) == cudaSuccess);
    cudaStreamSynchronize(s);
    CHECK(peek(p) == 14.0f);  // ((0+1)*2+1)*2...
    CHECK(vgpu::counters().graph_launches == 3);
    CHECK(vgpu::counters().library.at("double").runs == 3);
    REQUIRE(cudaGraphExecDestroy(x) == cudaSuccess);
    CHECK(vgpu::misuse().empty());
}

TEST_CASE("a graph may be destroyed with launches of it still queued") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* p = on_device(1);
    begin(s);
    REQUIRE(put(s, p, 5.0f) == cudaSuccess);
    const cudaGraphExec_t x = made(end(s));
    REQUIRE(cudaGraphLaunch(x, s) == cudaSuccess);
    REQUIRE(cudaGraphExecDestroy(x) == cudaSuccess);
    CHECK(cudaGraphLaunch(x, s) == cudaErrorInvalidValue);
    cudaStreamSynchronize(s);
    CHECK(peek(p) == 5.0f);
}

TEST_CASE("an empty capture is a graph without nodes") {
    const machine m;
    const cudaStream_t s = new_stream();
    begin(s);
    const cudaGraph_t g = end(s);
    std::size_t count = 9;
    REQUIRE(cudaGraphGetNodes(g, nullptr, &count) == cudaSuccess);
    CHECK(count == 0);
    CHECK(cudaGraphLaunch(made(g), s) == cudaSuccess);
    CHECK(cudaStreamSynchronize(s) == cudaSuccess);
}

TEST_CASE("nodes are told with their types") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* p = on_device(2);
    begin(s);
    REQUIRE(cudaMemsetAsync(p, 0, 8, s) == cudaSuccess);
    REQUIRE(cudaMemcpyAsync(p, p + 1, 4, cudaMemcpyDefault, s) == cudaSuccess);
    REQUIRE(put(s, p, 1.0f) == cudaSuccess);
    const cudaGraph_t g = end(s);
    std::size_t count = 0;
    REQUIRE(cudaGraphGetNodes(g, nullptr, &count) == cudaSuccess);
    REQUIRE(count == 3);
    cudaGraphNode_t nodes[3] = {};
    REQUIRE(cudaGraphGetNodes(g, nodes, &count) == cudaSuccess);
    const cudaGraphNodeType expected[] = {cudaGraphNodeTypeMemset, cudaGraphNodeTypeMemcpy, cudaGraphNodeTypeKernel};
    for (int i = 0; i < 3; ++i) {
        cudaGraphNodeType type{};
        REQUIRE(cudaGraphNodeGetType(nodes[i], &type) == cudaSuccess);
        CHECK(type == expected[i]);
    }
}

TEST_CASE("a second stream joins by events, and its work runs in the graph") {
    const machine m;
    const cudaStream_t s = new_stream(), t = new_stream();
    const cudaEvent_t fork = new_event(), join = new_event();
    float *p = on_device(1), *q = on_device(1), *r = on_device(1);
    begin(s);
    REQUIRE(put(s, p, 1.0f) == cudaSuccess);
    cudaEventRecord(fork, s);
    REQUIRE(cudaStreamWaitEvent(t, fork, 0) == cudaSuccess);
    CHECK(vgpu::capturing(t));
    REQUIRE(take(t, q, p) == cudaSuccess);
    REQUIRE(take(s, r, p) == cudaSuccess);
    cudaEventRecord(join, t);
    REQUIRE(cudaStreamWaitEvent(s, join, 0) == cudaSuccess);
    REQUIRE(vgpu::enqueue(s, "sum", {{p, 4}, {q, 4}}, {{r, 4}}, [=] { *r += *q; }) == cudaSuccess);
    const cudaGraph_t g = end(s);
    CHECK_FALSE(vgpu::capturing(t));
    REQUIRE(cudaGraphLaunch(made(g), s) == cudaSuccess);
    cudaStreamSynchronize(s);
    CHECK(peek(r) == 2.0f);
    CHECK(vgpu::misuse().empty());
}

TEST_CASE("a second stream that is not joined again is an error") {
    const machine m;
    const cudaStream_t s = new_stream(), t = new_stream();
    const cudaEvent_t fork = new_event();
    float* p = on_device(1);
    begin(s);
    REQUIRE(put(s, p, 1.0f) == cudaSuccess);
    cudaEventRecord(fork, s);
    cudaStreamWaitEvent(t, fork, 0);
    REQUIRE(add(t, p, 1.0f) == cudaSuccess);
    end(s, cudaErrorStreamCaptureUnjoined);
    CHECK_FALSE(vgpu::capturing(t));
}

TEST_CASE("nodes that nothing orders are a race") {
    const machine m;
    const cudaStream_t s = new_stream(), t = new_stream();
    const cudaEvent_t fork = new_event(), join = new_event();
    float* p = on_device(1);
    begin(s);
    cudaEventRecord(fork, s);
    cudaStreamWaitEvent(t, fork, 0);
    REQUIRE(put(t, p, 1.0f, "left") == cudaSuccess);
    REQUIRE(put(s, p, 2.0f, "right") == cudaSuccess);
    cudaEventRecord(join, t);
    cudaStreamWaitEvent(s, join, 0);
    end(s);
    CHECK(mentions(vgpu::misuse(), "'right' writes what 'left' writes"));
}

TEST_CASE("graphs on two streams that touch the same bytes are a race") {
    const machine m;
    const cudaStream_t s = new_stream(), t = new_stream();
    float* p = on_device(1);
    begin(s);
    REQUIRE(put(s, p, 1.0f) == cudaSuccess);
    const cudaGraph_t g = end(s);
    const cudaGraphExec_t x = made(g), y = made(g);
    REQUIRE(cudaGraphLaunch(x, s) == cudaSuccess);
    REQUIRE(cudaGraphLaunch(x, t) == cudaSuccess);  // launches of one graph follow each other
    CHECK(vgpu::misuse().empty());
    REQUIRE(cudaGraphLaunch(y, s) == cudaSuccess);
    CHECK(vgpu::misuse().size() == 1);
}

TEST_CASE("what synchronises or allocates breaks the capture of its own thread") {
    const machine m;
    const cudaStream_t s = new_stream(), other = new_stream();
    const cudaEvent_t e = new_event();
    float* p = on_device(1);
    float host = 0;
    void* out = nullptr;
    cudaEventRecord(e, other);
    const std::function<cudaError_t()> calls[] = {
        [&] { return cudaMalloc(&out, 16); },
        [&] { return cudaHostAlloc(&out, 16, 0); },
        [&] { return cudaFree(p); },
        [&] { return cudaStreamSynchronize(s); },
        [&] { return cudaStreamSynchronize(other); },
        [&] { return cudaStreamQuery(other); },
        [&] { return cudaEventSynchronize(e); },
        [&] { return cudaEventQuery(e); },
        [&] { return cudaDeviceSynchronize(); },
        [&] { return cudaMemcpy(&host, p, 4, cudaMemcpyDefault); },
        [&] { return cudaMemcpyAsync(&host, p, 4, cudaMemcpyDefault, s); },
        [&] { return cudaMemcpyAsync(p, &host, 4, cudaMemcpyDefault, s); },
        [&] { return vgpu::unsafe_call("cudnnCreate"); },
    };
    for (const auto& call : calls) {
        vgpu::clear_misuse();
        REQUIRE(begin(s) == cudaSuccess);
        CHECK(call() == cudaErrorStreamCaptureUnsupported);
        CHECK(vgpu::misuse().size() == 1);
        CHECK(put(s, p, 1.0f) == cudaErrorStreamCaptureInvalidated);
        end(s, cudaErrorStreamCaptureInvalidated);
    }
    CHECK(cudaStreamSynchronize(s) == cudaSuccess);
    CHECK(cudaFree(p) == cudaSuccess);
}

TEST_CASE("another thread may allocate during a thread-local capture, not during a global one, and synchronise the device in none") {
    const machine m;
    const cudaStream_t s = new_stream();
    const auto elsewhere = [](auto call) {
        cudaError_t status = cudaSuccess;
        std::thread([&] { status = call(); }).join();
        return status;
    };
    void* out = nullptr;
    const auto allocate = [&] { return cudaMalloc(&out, 16); };
    begin(s, cudaStreamCaptureModeThreadLocal);
    CHECK(elsewhere(allocate) == cudaSuccess);
    end(s);
    begin(s, cudaStreamCaptureModeGlobal);
    CHECK(elsewhere(allocate) == cudaErrorStreamCaptureUnsupported);
    end(s, cudaErrorStreamCaptureInvalidated);
    begin(s, cudaStreamCaptureModeRelaxed);
    CHECK(allocate() == cudaSuccess);
    end(s);
    begin(s, cudaStreamCaptureModeThreadLocal);
    CHECK(elsewhere([] { return cudaDeviceSynchronize(); }) == cudaErrorStreamCaptureUnsupported);
    end(s, cudaErrorStreamCaptureInvalidated);
}

TEST_CASE("a thread may allow itself what breaks captures") {
    const machine m;
    const cudaStream_t s = new_stream();
    cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
    begin(s);
    REQUIRE(cudaThreadExchangeStreamCaptureMode(&mode) == cudaSuccess);
    CHECK(mode == cudaStreamCaptureModeGlobal);
    void* out = nullptr;
    CHECK(cudaMalloc(&out, 16) == cudaSuccess);
    REQUIRE(cudaThreadExchangeStreamCaptureMode(&mode) == cudaSuccess);
    CHECK(mode == cudaStreamCaptureModeRelaxed);
    end(s);
}

TEST_CASE("a capture ends where and by whom it was begun") {
    const machine m;
    const cudaStream_t s = new_stream(), t = new_stream();
    const cudaEvent_t fork = new_event();
    cudaGraph_t g = nullptr;
    CHECK(cudaStreamEndCapture(s, &g) == cudaErrorIllegalState);
    begin(s);
    CHECK(begin(s) == cudaErrorIllegalState);
    cudaEventRecord(fork, s);
    cudaStreamWaitEvent(t, fork, 0);
    CHECK(cudaStreamEndCapture(t, &g) == cudaErrorStreamCaptureUnmatched);
    cudaError_t status = cudaSuccess;
    std::thread([&] { status = cudaStreamEndCapture(s, &g); }).join();
    CHECK(status == cudaErrorStreamCaptureWrongThread);
    end(s, cudaErrorStreamCaptureInvalidated);
    CHECK(begin(nullptr) == cudaErrorStreamCaptureUnsupported);
}

TEST_CASE("a captured stream neither waits for work outside nor is waited for by the host") {
    const machine m;
    const cudaStream_t s = new_stream(), other = new_stream();
    const cudaEvent_t outside = new_event(), inside = new_event();
    float* p = on_device(1);
    REQUIRE(put(other, p, 1.0f) == cudaSuccess);
    cudaEventRecord(outside, other);
    begin(s);
    CHECK(cudaStreamWaitEvent(s, outside, 0) == cudaErrorStreamCaptureIsolation);
    end(s, cudaErrorStreamCaptureInvalidated);
    begin(s);
    cudaEventRecord(inside, s);
    CHECK(cudaEventQuery(inside) == cudaErrorCapturedEvent);
    end(s, cudaErrorStreamCaptureInvalidated);
    begin(s);
    cudaEventRecord(inside, s);
    begin(other);
    CHECK(cudaStreamWaitEvent(other, inside, 0) == cudaErrorStreamCaptureMerge);
    end(s, cudaErrorStreamCaptureInvalidated);
    end(other, cudaErrorStreamCaptureInvalidated);
}

TEST_CASE("the default stream may not be used while a blocking stream is captured") {
    const machine m;
    const cudaStream_t blocking = new_stream(cudaStreamDefault), own = new_stream();
    float* p = on_device(1);
    begin(own);
    CHECK(put(nullptr, p, 1.0f) == cudaSuccess);
    end(own);
    begin(blocking);
    CHECK(put(nullptr, p, 1.0f) == cudaErrorStreamCaptureImplicit);
    end(blocking, cudaErrorStreamCaptureInvalidated);
}

TEST_CASE("a graph that uses memory freed since its capture is an illegal address when it runs") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* p = on_device(1);
    begin(s);
    REQUIRE(put(s, p, 1.0f, "writer") == cudaSuccess);
    const cudaGraphExec_t x = made(end(s));
    REQUIRE(cudaFree(p) == cudaSuccess);
    REQUIRE(cudaGraphLaunch(x, s) == cudaSuccess);
    CHECK(cudaStreamSynchronize(s) == cudaErrorIllegalAddress);
    CHECK(mentions(vgpu::misuse(), "'writer' writes 4 bytes of freed memory"));
    CHECK(cudaStreamSynchronize(s) == cudaErrorIllegalAddress);  // and for ever
    CHECK(cudaGetLastError() == cudaErrorIllegalAddress);
}
