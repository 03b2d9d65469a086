// SPDX-License-Identifier: MIT
// Own kernels on the virtual GPU: a name gives the host body, arguments are taken at the launch, addresses among them must be alive.
#include "testing.hpp"

using namespace testing;

namespace {

struct scale {
    float* data;
    float factor;
    std::uint64_t count;
};
void scale_body(void** arguments, dim3, dim3) {
    const auto& a = *static_cast<scale*>(arguments[0]);
    for (std::uint64_t i = 0; i < a.count; ++i) a.data[i] *= a.factor;
}
vgpu::traffic scale_traffic(void** arguments, dim3, dim3) {
    const auto bytes = static_cast<scale*>(arguments[0])->count * sizeof(float);
    return {bytes, bytes};
}

constexpr std::uint64_t image[4] = {0x00100001BA55ED50u, 0, 0, 0};  // the head of a fat binary with nothing in it

struct library {
    cudaLibrary_t handle = nullptr;
    cudaKernel_t kernel = nullptr;
    library() {
        vgpu::register_kernel("scale", scale_body, sizeof(scale), scale_traffic);
        REQUIRE(cudaLibraryLoadData(&handle, image, nullptr, nullptr, 0, nullptr, nullptr, 0) == cudaSuccess);
        REQUIRE(cudaLibraryGetKernel(&kernel, handle, "scale") == cudaSuccess);
    }
    cudaError_t launch(scale a, cudaStream_t s, dim3 grid = 1, dim3 block = 256) const {
        cudaLaunchConfig_t config = {};
        config.gridDim = grid;
        config.blockDim = block;
        config.stream = s;
        void* arguments[] = {&a};
        return cudaLaunchKernelExC(&config, kernel, arguments);
    }
};

}  // namespace

TEST_CASE("a kernel runs its host body with the arguments of the launch") {
    const machine m;
    const library l;
    const cudaStream_t s = new_stream();
    float* p = on_device(3);
    const float values[] = {1, 2, 3};
    REQUIRE(cudaMemcpyAsync(p, values, sizeof values, cudaMemcpyDefault, s) == cudaSuccess);
    REQUIRE(l.launch({p, 2.0f, 3}, s) == cudaSuccess);
    CHECK(vgpu::counters().kernels.empty());
    cudaStreamSynchronize(s);
    CHECK(peek(p + 2) == 6.0f);
    const vgpu::counts c = vgpu::counters();
    CHECK(c.launches == 1);
    CHECK(c.kernels.at("scale").runs == 1);
    CHECK(c.kernels.at("scale").read == 12);
    CHECK(c.bytes_written == 24);  // the copy's too
}

TEST_CASE("a captured kernel runs at each launch of the graph") {
    const machine m;
    const library l;
    const cudaStream_t s = new_stream();
    float* p = on_device(1);
    REQUIRE(put(s, p, 1.0f) == cudaSuccess);
    REQUIRE(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    REQUIRE(l.launch({p, 3.0f, 1}, s) == cudaSuccess);
    cudaGraph_t g = nullptr;
    cudaGraphExec_t x = nullptr;
    REQUIRE(cudaStreamEndCapture(s, &g) == cudaSuccess);
    REQUIRE(cudaGraphInstantiate(&x, g, 0) == cudaSuccess);
    for (int i = 0; i < 4; ++i) REQUIRE(cudaGraphLaunch(x, s) == cudaSuccess);
    cudaStreamSynchronize(s);
    CHECK(peek(p) == 81.0f);
    CHECK(vgpu::counters().kernels.at("scale").runs == 4);
    CHECK(vgpu::counters().launches == 1);
}

TEST_CASE("a kernel that nobody registered is not found") {
    const machine m;
    const library l;
    cudaKernel_t kernel = nullptr;
    CHECK(cudaLibraryGetKernel(&kernel, l.handle, "no such") == cudaErrorSymbolNotFound);
    CHECK(vgpu::misuse().empty());
}

TEST_CASE("bytes that are no fat binary are refused") {
    const machine m;
    cudaLibrary_t handle = nullptr;
    const char text[64] = "this is not a fat binary";
    CHECK(cudaLibraryLoadData(&handle, text, nullptr, nullptr, 0, nullptr, nullptr, 0) == cudaErrorInvalidKernelImage);
    CHECK(cudaLibraryLoadData(&handle, nullptr, nullptr, nullptr, 0, nullptr, nullptr, 0) == cudaErrorInvalidValue);
}

TEST_CASE("a fat binary without code for the device is refused") {
    const machine m;
    // one entry: ELF (2), head of 64 bytes, no data, architecture 80
    std::uint32_t made[4 + 16] = {0xBA55ED50, 0x00100001, 64, 0, 0x01010002, 64, 0, 0, 0, 0, 0, 80};
    cudaLibrary_t handle = nullptr;
    CHECK(cudaLibraryLoadData(&handle, made, nullptr, nullptr, 0, nullptr, nullptr, 0) == cudaErrorNoKernelImageForDevice);
    made[11] = 90;
    CHECK(cudaLibraryLoadData(&handle, made, nullptr, nullptr, 0, nullptr, nullptr, 0) == cudaSuccess);
}

TEST_CASE("a launch of too many threads, or of none, is refused") {
    const machine m;
    const library l;
    const cudaStream_t s = new_stream();
    float* p = on_device(1);
    CHECK(l.launch({p, 1.0f, 1}, s, 1, 1025) == cudaErrorInvalidConfiguration);
    CHECK(l.launch({p, 1.0f, 1}, s, 0, 256) == cudaErrorInvalidConfiguration);
    CHECK(l.launch({p, 1.0f, 1}, s, dim3(1, 65536), 256) == cudaErrorInvalidConfiguration);
    CHECK(vgpu::counters().launches == 0);
}

TEST_CASE("a kernel is not given freed memory, at the launch or since") {
    const machine m;
    const library l;
    const cudaStream_t s = new_stream();
    float *p = on_device(1), *q = on_device(1);
    REQUIRE(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    REQUIRE(l.launch({p, 3.0f, 1}, s) == cudaSuccess);
    cudaGraph_t g = nullptr;
    cudaGraphExec_t x = nullptr;
    REQUIRE(cudaStreamEndCapture(s, &g) == cudaSuccess);
    REQUIRE(cudaGraphInstantiate(&x, g, 0) == cudaSuccess);
    REQUIRE(cudaFree(q) == cudaSuccess);
    CHECK(l.launch({q, 3.0f, 1}, s) == cudaErrorInvalidValue);
    CHECK(mentions(vgpu::misuse(), "kernel 'scale' is given a pointer to freed memory"));
    REQUIRE(cudaFree(p) == cudaSuccess);
    REQUIRE(cudaGraphLaunch(x, s) == cudaSuccess);
    CHECK(cudaStreamSynchronize(s) == cudaErrorIllegalAddress);
    CHECK(mentions(vgpu::misuse(), "kernel 'scale' runs with a pointer to freed memory"));
}

TEST_CASE("kernels of a library that was unloaded are refused") {
    const machine m;
    const library l;
    const cudaStream_t s = new_stream();
    float* p = on_device(1);
    REQUIRE(put(s, p, 1.0f) == cudaSuccess);
    REQUIRE(l.launch({p, 2.0f, 1}, s) == cudaSuccess);
    REQUIRE(cudaLibraryUnload(l.handle) == cudaSuccess);
    CHECK(peek(p) == 2.0f);
    CHECK(l.launch({p, 2.0f, 1}, s) == cudaErrorInvalidResourceHandle);
    CHECK(cudaLibraryUnload(l.handle) == cudaErrorInvalidResourceHandle);
    cudaKernel_t kernel = nullptr;
    CHECK(cudaLibraryGetKernel(&kernel, l.handle, "scale") == cudaErrorInvalidResourceHandle);
}
